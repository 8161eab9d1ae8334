/**
 * What a party answers over HTTP besides the signed documents: one set of schemas for the handlers' contract
 * (`functions/route-contracts.ts`), for the OpenAPI document made from it, and for clients.
 *
 * Unlike signed documents these objects are open: a client ignores fields that a later version adds. Nothing in them
 * is to be believed without checking the documents they carry. Runs in a browser.
 */

import * as z from 'zod/mini';
import { PROTOCOL } from './canonical.ts';
import { hashField, integerField, partyField, timeField } from './fields.ts';
import { tenderStateSchema } from './state.ts';
import { partyRecordSchema, signedTenderSchema } from './tender.ts';

const MAX_CODE_LENGTH = 64;

/** A page of ids is 4.5 KB; reading it reads the tenders, some 2 KB each and 256 KB at most. */
export const MAX_TENDERS_IN_PAGE = 100;

export const partyInfoSchema = z.object({ protocol: z.literal(PROTOCOL), ...partyRecordSchema.shape });

export const publishedTenderSchema = z.object({ id: hashField, record: partyRecordSchema });

/** Ids in their own order. `next` is there while there may be more: pass it on as `after`. */
export const tenderPageSchema = z.object({
  tenders: z.array(hashField).check(z.maxLength(MAX_TENDERS_IN_PAGE)),
  next: z.exactOptional(hashField),
});

export const shownTenderSchema = z.object({
  id: hashField,
  signed: signedTenderSchema,
  state: tenderStateSchema,
});

export const closedTenderSchema = z.object({ id: hashField, state: tenderStateSchema });

/** An outbox as a party's engine found it. */
const outboxStateSchema = z.object({
  /** When it last answered, in milliseconds since 1970; absent where it never did. */
  answeredAt: z.exactOptional(timeField),
  /** Looks in a row that failed: 0 where it answered the last. */
  failures: integerField(0, Number.MAX_SAFE_INTEGER),
  /** Of the last failure; absent where it answered the last look. */
  code: z.exactOptional(z.string().check(z.maxLength(MAX_CODE_LENGTH))),
});

/** What a party's engine found when it last looked at the outboxes of parties 0, 1 and 2, its own among them. */
export const outboxLookSchema = z.object({
  lookedAt: timeField,
  parties: z.tuple([outboxStateSchema, outboxStateSchema, outboxStateSchema]),
});

export type OutboxLook = z.infer<typeof outboxLookSchema>;

/** What a party says of its own health; no secret, no tender, no bid. */
export const partyStatusSchema = z.object({
  protocol: z.literal(PROTOCOL),
  index: partyField,
  /** Milliseconds since 1970 by the party's clock, when it answered. */
  now: timeField,
  /** Whether its own table of tenders, bids and outcomes answers. */
  stateAnswers: z.boolean(),
  /** Absent before its engine first looked at them. */
  outboxes: z.exactOptional(outboxLookSchema),
  /** How far its clock is from its database's, in milliseconds, as far as that can be told. */
  clockSkewMs: z.exactOptional(integerField(0, Number.MAX_SAFE_INTEGER)),
});

export type PartyStatus = z.infer<typeof partyStatusSchema>;

const MAX_SENTENCE_LENGTH = 1_000;

/** RFC 9457, with the extension members `code` and `facts`. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: integerField(400, 599),
  detail: z.string().check(z.maxLength(MAX_SENTENCE_LENGTH)),
  instance: z.string(),
  code: z.string().check(z.maxLength(MAX_CODE_LENGTH)),
  facts: z.exactOptional(z.record(z.string(), z.unknown())),
});
