/**
 * What the parties say to each other at closing after their lists: canonical JSON, signed by the party, for
 * everyone to read.
 *
 * | step           | says                                                                             |
 * | -------------- | -------------------------------------------------------------------------------- |
 * | passing        | the three lists as this party saw them (a hash), its coin, the bids that a peer   |
 * |                | lacks, and those of its own bids whose envelope it cannot open any more           |
 * | repair-request | the passed bids whose own envelope it cannot open                                |
 * | repair         | for each party that asked, committed shares sealed to it (HPKE)                  |
 *
 * Every message names tender, party and closing root under the signature, and each kind is signed in a domain
 * of its own, so none can be shown for another, in another tender or as another party's.
 */

import * as z from 'zod/mini';
import { frame } from '../../mpc/bytes.ts';
import type { PartyIndex } from '../../mpc/party.ts';
import { canonicalBytes, fromBase64url, PROTOCOL, toBase64url } from '../canonical.ts';
import { AuctionError } from '../errors.ts';
import { hashField, parseDocument, partyField, publicKeyField, signatureField } from '../fields.ts';
import type { Signer } from '../signature.ts';
import type { PartyRecords, TenderTerms } from '../tender.ts';
import { nodeSignatures } from './signatures-node.ts';

/** About 1.5 KB each: so many fit into one message of the channel, and more than a clearing takes. */
export const MAX_PASSED_BIDS = 20_000;

/** Two shares' worth of JSON for each of the most bids that can be asked for. */
const MAX_CIPHERTEXT_LENGTH = 16 * 1024 * 1024;

const context = { tender: hashField, party: partyField, root: hashField };
const hashes = z
  .array(hashField)
  .check(z.maxLength(MAX_PASSED_BIDS, `must name at most ${MAX_PASSED_BIDS} bids`));

const passingSchema = z.strictObject({
  kind: z.literal('closing-passing'),
  ...context,
  view: hashField,
  /** Opens the commitment of the party's list. */
  coin: hashField,
  /** Checked one by one as submissions. */
  bids: z.array(z.unknown()).check(z.maxLength(MAX_PASSED_BIDS, `must pass at most ${MAX_PASSED_BIDS} bids`)),
  unreadable: hashes,
  signature: signatureField,
});

const repairRequestSchema = z.strictObject({
  kind: z.literal('closing-repair-request'),
  ...context,
  unreadable: hashes,
  signature: signatureField,
});

const parcelSchema = z.strictObject({
  to: partyField,
  encapsulated: publicKeyField,
  ciphertext: z
    .string()
    .check(
      z.maxLength(MAX_CIPHERTEXT_LENGTH, 'must be shorter'),
      z.regex(/^[A-Za-z0-9_-]+$/, 'must be base64url without padding'),
    ),
});

const repairSchema = z.strictObject({
  kind: z.literal('closing-repair'),
  ...context,
  parcels: z.array(parcelSchema).check(z.maxLength(2, 'must hold at most one parcel for each peer')),
  signature: signatureField,
});

export type Passing = z.output<typeof passingSchema>;
export type RepairRequest = z.output<typeof repairRequestSchema>;
export type Repair = z.output<typeof repairSchema>;

type ClosingMessage = Passing | RepairRequest | Repair;
type Unsigned<Message> = Message extends unknown ? Omit<Message, 'signature'> : never;

/** The bytes to post. */
export function writeMessage(body: Unsigned<ClosingMessage>, signer: Signer): Uint8Array {
  return canonicalBytes({ ...body, signature: toBase64url(signer.sign(signedBytes(body))) });
}

export interface MessageContext {
  readonly terms: TenderTerms;
  readonly parties: PartyRecords;
  /** Whose outbox the message came from. */
  readonly from: PartyIndex;
}

/** @throws AuctionError CLOSING_MESSAGE_MALFORMED, CLOSING_MESSAGE_SIGNATURE */
export function readPassing(bytes: Uint8Array, expected: MessageContext): Passing {
  return checkMessage(parseMessage(passingSchema, bytes), expected);
}

/** @throws AuctionError as `readPassing` */
export function readRepairRequest(bytes: Uint8Array, expected: MessageContext): RepairRequest {
  return checkMessage(parseMessage(repairRequestSchema, bytes), expected);
}

/** @throws AuctionError as `readPassing` */
export function readRepair(bytes: Uint8Array, expected: MessageContext): Repair {
  return checkMessage(parseMessage(repairSchema, bytes), expected);
}

/**
 * The value of JSON text from a peer. The parser's own error quotes the text, which may hold a share, so it is
 * not passed on.
 * @throws AuctionError CLOSING_MESSAGE_MALFORMED
 */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new AuctionError('CLOSING_MESSAGE_MALFORMED', 'a message of a party is not JSON');
  }
}

function parseMessage<Schema extends z.ZodMiniType>(schema: Schema, bytes: Uint8Array): z.output<Schema> {
  return parseDocument(schema, parseJson(bytes), 'CLOSING_MESSAGE_MALFORMED', 'closing message');
}

function checkMessage<Message extends ClosingMessage>(message: Message, expected: MessageContext): Message {
  const { terms, parties, from } = expected;
  const { signature, ...body } = message;
  const signed = nodeSignatures.verify(
    fromBase64url(parties[from].signingKey),
    signedBytes(body),
    fromBase64url(signature),
  );
  if (!signed || message.party !== from || message.tender !== terms.id) {
    throw new AuctionError(
      'CLOSING_MESSAGE_SIGNATURE',
      `a message from party ${from} is not signed by it for this tender`,
      { party: from, kind: message.kind },
    );
  }
  return message;
}

/**
 * Views are compared before roots, so different roots from equal lists mean different programs.
 * @throws AuctionError CLOSING_ROOTS_DIFFER
 */
export function requireRoot<Message extends ClosingMessage>(message: Message, root: string): Message {
  if (message.root === root) return message;
  const { party } = message;
  throw new AuctionError('CLOSING_ROOTS_DIFFER', `party ${party} computed another closing set`, { party });
}

function signedBytes(body: { readonly kind: ClosingMessage['kind'] }): Uint8Array {
  return frame(PROTOCOL, body.kind, canonicalBytes(body));
}
