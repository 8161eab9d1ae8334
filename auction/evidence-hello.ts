/**
 * A party's hello, as a third party reads it: the signed statement with which the party entered one attempt at
 * clearing a tender (`mpc/session/hello.ts` writes it; this runs without node: modules).
 *
 * Only hellos of protocol `tacit/1` for the clearing of this very tender are read: a later version may encode
 * otherwise, and a session of another kind obeys other rules, so neither is held against anyone.
 */

import { x25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes, frame } from '../mpc/bytes.ts';
import type { PartyIndex } from '../mpc/party.ts';
import { fromBase64url, PROTOCOL, toBase64url } from './canonical.ts';
import { AuctionError } from './errors.ts';
import { portableSignatures, type Signatures } from './signature.ts';
import type { PartyRecords, TenderId } from './tender.ts';

/** What the parties call the session that clears a tender. */
export function clearingSessionOf(tender: TenderId): string {
  return `${tender}/clearing`;
}

export interface SignedHello {
  /** What the signature covers; two hellos that differ only in their signatures say the same. */
  readonly statement: Uint8Array;
  readonly attempt: string;
  /** base64url: the closing root it computes on. */
  readonly root: string;
  readonly partySet: Uint8Array;
  readonly sender: string;
  readonly ephemeralKey: Uint8Array;
}

/** Nine short fields and a signature. */
const MAX_HELLO_BYTES = 1024;
/** version, session, attempt, protocol, circuit, inputs, party set, sender, ephemeral key. */
const STATEMENT_FIELDS = 9;
/** X25519. */
const EPHEMERAL_KEY_BYTES = 32;

/** Any scalar will do: clamping makes it a multiple of the cofactor. */
const PROBE_SCALAR = new Uint8Array(32).fill(1);

/**
 * @param hello as posted, base64url
 * @throws AuctionError EVIDENCE_MALFORMED, EVIDENCE_SIGNATURE, EVIDENCE_OTHER_TENDER
 */
export function readSignedHello(
  hello: string,
  party: PartyIndex,
  tender: TenderId,
  parties: PartyRecords,
  signatures: Signatures = portableSignatures,
): SignedHello {
  const [statement, signature] = unframe(fromBase64url(hello), 2);
  if (statement === undefined || signature === undefined) throw malformed();
  const key = fromBase64url(parties[party].signingKey);
  if (!signatures.verify(key, frame('tacit/1 hello', statement), signature)) {
    throw new AuctionError('EVIDENCE_SIGNATURE', `the hello is not signed by party ${party}`, { party });
  }
  const [version, session, attempt, , , root, partySet, sender, ephemeralKey] = unframe(
    statement,
    STATEMENT_FIELDS,
  );
  if (textOf(version) !== PROTOCOL || textOf(session) !== clearingSessionOf(tender)) {
    throw new AuctionError('EVIDENCE_OTHER_TENDER', 'the hello is not for clearing this tender', { party });
  }
  if (root === undefined || partySet === undefined || ephemeralKey === undefined) throw malformed();
  return {
    statement,
    attempt: textOf(attempt),
    root: toBase64url(root),
    partySet,
    sender: textOf(sender),
    ephemeralKey,
  };
}

/** What an honest party never signs, in a few words; undefined where the hello is sound. */
export function faultInHello(
  hello: SignedHello,
  party: PartyIndex,
  parties: PartyRecords,
): string | undefined {
  const keys = parties.map(({ signingKey }) => fromBase64url(signingKey));
  if (!equalBytes(hello.partySet, sha256(frame('tacit/1 parties', ...keys)))) {
    return "it names other parties than the tender's";
  }
  if (hello.sender !== String(party)) return 'it names another sender';
  return yieldsSecret(hello.ephemeralKey) ? undefined : 'its ephemeral key yields no secret with anybody';
}

/** False for a wrong length and for the points of small order, which no honest key generation gives. */
function yieldsSecret(ephemeralKey: Uint8Array): boolean {
  if (ephemeralKey.length !== EPHEMERAL_KEY_BYTES) return false;
  try {
    return x25519.scalarMult(PROBE_SCALAR, ephemeralKey).some((byte) => byte !== 0);
  } catch {
    return false;
  }
}

/** The inverse of `frame` for exactly `count` fields. */
function unframe(bytes: Uint8Array, count: number): readonly Uint8Array[] {
  if (bytes.length > MAX_HELLO_BYTES) throw malformed();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields: Uint8Array[] = [];
  let offset = 0;
  while (fields.length < count) {
    if (offset + 4 > bytes.length) throw malformed();
    const end = offset + 4 + view.getUint32(offset);
    if (end > bytes.length) throw malformed();
    fields.push(bytes.subarray(offset + 4, end));
    offset = end;
  }
  if (offset !== bytes.length) throw malformed();
  return fields;
}

function textOf(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes ?? new Uint8Array());
}

function malformed(): AuctionError {
  return new AuctionError('EVIDENCE_MALFORMED', 'the hello is not encoded as one');
}
