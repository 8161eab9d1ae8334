/**
 * From three hellos to the keys of one attempt, in one round.
 *
 * Every pair of parties agrees on a secret by X25519 (RFC 7748) between ephemeral keys that their hellos sign.
 * HKDF-SHA256 (RFC 5869) with the hash of all three hellos as salt turns it into one sealing key for each
 * direction and the pair's key for pseudo-random zeros. This is SIGMA without identity protection: the
 * signatures cover session, attempt and all facts, and the salt binds both views of the whole party set. There
 * is no key confirmation of its own; a party to which other hellos were shown derives other keys, and the first
 * message from it fails as forged.
 *
 * Every derived key names its pair: k_i, of party i and the previous one, carries i. A party that signs a peer's ephemeral
 * key as its own cannot use it, but it makes two pairs agree on one secret; with one label for all pairs the third
 * party's two mask keys would be equal and its masks cancel to zero.
 *
 * Forward secrecy: the private key exists only in the offer, which lives for the attempt.
 */

import { diffieHellman, hash, type KeyObject } from 'node:crypto';
import { frame } from '../bytes.ts';
import { MpcError } from '../errors.ts';
import { nextParty, type PartyIndex, peersOf, previousParty } from '../party.ts';
import { expandKey, extractKey } from '../random/hkdf.ts';
import type { PairKeys } from '../random/prss.ts';
import { type BoundFacts, readHello, type VerifiedHello, writeHello } from './hello.ts';
import type { PartyIdentity } from './identity.ts';
import { importPrivateKey, importPublicKey, RAW_KEY_BYTES, rawPublicKey } from './raw-keys.ts';

const DERIVED_KEY_BYTES = 32;

/** What this party offers for one attempt: the hello to post, and the secret behind it. */
export interface Offer {
  readonly hello: VerifiedHello;
  readonly privateKey: KeyObject;
}

export interface DirectionKeys {
  readonly sending: KeyObject;
  readonly receiving: KeyObject;
}

export interface SessionKeys {
  readonly links: ReadonlyMap<PartyIndex, DirectionKeys>;
  readonly pairs: PairKeys;
}

/** @throws MpcError HANDSHAKE_SIGNATURE when the identity does not match the own place in the party set */
export function makeOffer(
  facts: BoundFacts,
  identity: PartyIdentity,
  random: (bytes: number) => Uint8Array,
): Offer {
  const privateKey = importPrivateKey('x25519', random(RAW_KEY_BYTES));
  const bytes = writeHello(facts, identity, rawPublicKey(privateKey));
  return { hello: readHello(bytes, identity.index, facts), privateKey };
}

/**
 * @param hellos of all three parties in party order, the own one included
 * @throws MpcError HANDSHAKE_KEY with facts {party}
 */
export function deriveKeys(
  self: PartyIndex,
  offer: Offer,
  hellos: readonly [VerifiedHello, VerifiedHello, VerifiedHello],
): SessionKeys {
  const salt = hash('sha256', frame('tacit/1 transcript', ...hellos.map(({ bytes }) => bytes)), 'buffer');
  const roots = new Map(
    peersOf(self).map((peer) => {
      const secret = agree(offer.privateKey, hellos[peer].ephemeralKey, peer);
      return [peer, extractKey(salt, secret)] as const;
    }),
  );
  const derive = (peer: PartyIndex, ...label: readonly string[]): KeyObject => {
    const root = roots.get(peer);
    if (root === undefined) throw new TypeError(`party ${peer} is no peer of party ${self}`);
    return expandKey(root, frame(...label), DERIVED_KEY_BYTES);
  };
  return {
    links: new Map(
      peersOf(self).map((peer) => [
        peer,
        {
          sending: derive(peer, 'tacit/1 link', String(self), String(peer)),
          receiving: derive(peer, 'tacit/1 link', String(peer), String(self)),
        },
      ]),
    ),
    pairs: {
      withPrevious: derive(previousParty(self), 'tacit/1 prss', String(self)),
      withNext: derive(nextParty(self), 'tacit/1 prss', String(nextParty(self))),
    },
  };
}

/** RFC 7748 section 6.1: an all-zero result comes from a point of small order and is refused. */
function agree(privateKey: KeyObject, peerKey: Uint8Array, peer: PartyIndex): Uint8Array {
  let secret: Uint8Array;
  try {
    secret = diffieHellman({ privateKey, publicKey: importPublicKey('x25519', peerKey) });
  } catch (cause) {
    throw weakKey(peer, cause);
  }
  if (secret.every((byte) => byte === 0)) throw weakKey(peer);
  return secret;
}

function weakKey(peer: PartyIndex, cause?: unknown): MpcError {
  return new MpcError(
    'HANDSHAKE_KEY',
    `the ephemeral key of party ${peer} yields no secret`,
    { party: peer },
    { cause },
  );
}
