/**
 * What a party tells the systems around it: that a tender has an outcome, or that an attempt to clear it was aborted.
 *
 * An event says nothing that `GET /tenders/{tenderId}/outcome` or the log of an abort does not say: no bid, share, mask
 * or key. It may arrive more than once and in any order, so its id is a hash of what it is about, whatever run of
 * whatever process tells it: a receiver that remembers ids takes in each event once. Aborts of one kind are one event,
 * however often they repeat.
 *
 * Whoever acts on an outcome checks the signatures in it (`checkOutcome`), and believes no single party.
 */

import * as z from 'zod/mini';
import type { EpochMs } from '../mpc/clock.ts';
import type { PartyIndex } from '../mpc/party.ts';
import { hashDocument, PROTOCOL, toBase64url } from './canonical.ts';
import { hashField, parseDocument, partyField, publicKeyField, timeField } from './fields.ts';
import { outcomeHash, type SignedOutcome, signedOutcomeSchema } from './outcome.ts';
import type { PartyRecord, TenderId } from './tender.ts';

/** Longer than any code there is. */
const MAX_CODE_LENGTH = 64;

const codeField = z.string().check(z.maxLength(MAX_CODE_LENGTH), z.regex(/^[A-Z][A-Z_]*$/));

const common = {
  protocol: z.literal(PROTOCOL),
  /** The same for every telling of the same event by this party. */
  id: hashField,
  party: partyField,
  /** Of the party. */
  signingKey: publicKeyField,
  tender: hashField,
  /** When the party took note of it, by its clock. */
  at: timeField,
};

export const partyEventSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('tender.cleared'),
    ...common,
    /** With the signatures that the party knew then; those that came later are at its API. */
    outcome: signedOutcomeSchema,
  }),
  z.strictObject({
    kind: z.literal('tender.aborted'),
    ...common,
    /** Of the error that ended the run; the next run may clear the tender. */
    code: codeField,
    /** How sure the party is who caused it. */
    blame: z.exactOptional(z.enum(['proven', 'suspected', 'nobody'])),
    blamed: z.array(partyField).check(z.maxLength(3)),
  }),
]);

interface EventCommon {
  readonly protocol: typeof PROTOCOL;
  readonly id: string;
  readonly party: PartyIndex;
  readonly signingKey: string;
  readonly tender: string;
  readonly at: number;
}

export interface ClearedEvent extends EventCommon {
  readonly kind: 'tender.cleared';
  readonly outcome: SignedOutcome;
}

export interface AbortFacts {
  readonly code: string;
  readonly blame?: 'proven' | 'suspected' | 'nobody';
  readonly blamed: readonly PartyIndex[];
}

export interface AbortedEvent extends EventCommon, AbortFacts {
  readonly kind: 'tender.aborted';
}

export type PartyEvent = ClearedEvent | AbortedEvent;

export interface EventSource {
  readonly record: Pick<PartyRecord, 'index' | 'signingKey'>;
  readonly tender: TenderId;
  readonly at: EpochMs;
}

/** Whatever signatures the outcome has, the id is the same. */
export function clearedEvent(source: EventSource, outcome: SignedOutcome): ClearedEvent {
  const kind = 'tender.cleared';
  const id = idOf(kind, source, { outcome: outcomeHash(outcome.statement) });
  return { kind, ...commonOf(source, id), outcome };
}

export function abortedEvent(source: EventSource, facts: AbortFacts): AbortedEvent {
  const kind = 'tender.aborted';
  return { kind, ...commonOf(source, idOf(kind, source, facts)), ...facts };
}

/** @throws AuctionError EVENT_MALFORMED */
export function parsePartyEvent(json: unknown): PartyEvent {
  return parseDocument(partyEventSchema, json, 'EVENT_MALFORMED', 'event');
}

function commonOf({ record, tender, at }: EventSource, id: string) {
  return { protocol: PROTOCOL, id, party: record.index, signingKey: record.signingKey, tender, at } as const;
}

function idOf(kind: PartyEvent['kind'], { record, tender }: EventSource, about: object): string {
  return toBase64url(hashDocument('event', { kind, signingKey: record.signingKey, tender, ...about }));
}
