/**
 * A hello: the signed statement with which a party enters one attempt of a session.
 *
 * It binds everything the parties must agree on before they use a single share (rot256/mpc-pitfalls, "context
 * binding"): protocol version, session, attempt, protocol, circuit, inputs and the set of parties. A difference
 * stops the attempt with an error that names the field and the party. The ephemeral key in it makes keys, and
 * with them every mask, fresh for each attempt.
 *
 * Encoding: frame(statement, signature), where statement is a frame of nine fields and the Ed25519 signature is
 * over frame('tacit/1 hello', statement). A hello is public and is posted for everyone.
 */

import { hash } from 'node:crypto';
import { equalBytes, frame, utf8 } from '../bytes.ts';
import { MpcError } from '../errors.ts';
import type { PartyIndex } from '../party.ts';
import type { ProtocolName } from '../protocols/protocol.ts';
import { type PartyIdentity, type PartyPublic, verifyPartySignature } from './identity.ts';
import { RAW_KEY_BYTES } from './raw-keys.ts';

export const PROTOCOL_VERSION = 'tacit/1';

/** Nine short fields; the session identifier is the only one of free length. */
export const MAX_HELLO_BYTES = 1024;

export interface SessionBinding {
  readonly protocol: ProtocolName;
  readonly circuitHash: Uint8Array;
  readonly inputSetRoot: Uint8Array;
}

/** What all three hellos of an attempt must say alike. */
export interface BoundFacts {
  readonly sessionId: string;
  readonly attempt: number;
  readonly binding: SessionBinding;
  readonly parties: readonly [PartyPublic, PartyPublic, PartyPublic];
}

/** A hello whose signature and facts were checked; only `readHello` makes one. */
export interface VerifiedHello {
  /** As posted, signature included. */
  readonly bytes: Uint8Array;
  /** The sender's raw X25519 key. */
  readonly ephemeralKey: Uint8Array;
}

/** In the order of the statement; the last two differ from party to party. */
const FIELDS = [
  'version',
  'sessionId',
  'attempt',
  'protocol',
  'circuitHash',
  'inputSetRoot',
  'partySet',
  'sender',
  'ephemeralKey',
] as const;

/** @returns the bytes to post */
export function writeHello(
  facts: BoundFacts,
  identity: PartyIdentity,
  ephemeralKey: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const statement = frame(...boundFields(facts, identity.index), ephemeralKey);
  return frame(statement, identity.sign(signedPart(statement)));
}

/**
 * Checks a hello in the order signature, facts.
 * @param from in whose outbox it was found
 * @throws MpcError MESSAGE_MALFORMED, HANDSHAKE_SIGNATURE, HANDSHAKE_MISMATCH with facts {field, party}
 */
export function readHello(bytes: Uint8Array, from: PartyIndex, facts: BoundFacts): VerifiedHello {
  const [statement, signature] = readFrame(bytes, 2, from);
  if (
    statement === undefined ||
    signature === undefined ||
    !verifyPartySignature(facts.parties[from], signedPart(statement), signature)
  ) {
    throw new MpcError('HANDSHAKE_SIGNATURE', `the hello of party ${from} is not signed with its key`, {
      party: from,
    });
  }
  const fields = readFrame(statement, FIELDS.length, from);
  boundFields(facts, from).forEach((expected, index) => {
    const field = FIELDS[index] ?? 'field';
    if (!equalBytes(fields[index] ?? new Uint8Array(), expected)) {
      throw new MpcError('HANDSHAKE_MISMATCH', `party ${from} has another ${field}`, { field, party: from });
    }
  });
  const ephemeralKey = fields[FIELDS.length - 1];
  if (ephemeralKey?.length !== RAW_KEY_BYTES) throw malformed(from);
  return { bytes, ephemeralKey };
}

function boundFields(facts: BoundFacts, sender: PartyIndex): readonly Uint8Array[] {
  const { sessionId, attempt, binding, parties } = facts;
  return [
    utf8(PROTOCOL_VERSION),
    utf8(sessionId),
    utf8(String(attempt)),
    utf8(binding.protocol),
    binding.circuitHash,
    binding.inputSetRoot,
    hash('sha256', frame('tacit/1 parties', ...parties.map((party) => party.signingKey)), 'buffer'),
    utf8(String(sender)),
  ];
}

function signedPart(statement: Uint8Array): Uint8Array {
  return frame('tacit/1 hello', statement);
}

/** The inverse of `frame` for exactly `count` fields. */
function readFrame(bytes: Uint8Array, count: number, from: PartyIndex): readonly Uint8Array[] {
  if (bytes.length > MAX_HELLO_BYTES) throw malformed(from);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields: Uint8Array[] = [];
  let offset = 0;
  while (fields.length < count) {
    if (offset + 4 > bytes.length) throw malformed(from);
    const end = offset + 4 + view.getUint32(offset);
    if (end > bytes.length) throw malformed(from);
    fields.push(bytes.subarray(offset + 4, end));
    offset = end;
  }
  if (offset !== bytes.length) throw malformed(from);
  return fields;
}

function malformed(from: PartyIndex): MpcError {
  return new MpcError('MESSAGE_MALFORMED', `the hello of party ${from} is not encoded as one`, {
    party: from,
  });
}
