/**
 * Sealing to one party: HPKE base mode (RFC 9180) with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and
 * ChaCha20-Poly1305, one fresh context for each message (section 6.1).
 *
 * `info` says to whom and for what a message is, `aad` what it belongs to; a message opens under exactly the
 * same two. Base mode does not authenticate the sender: a bid's envelopes are covered by the bidder's
 * signature, messages between parties by theirs. A party's sealing key that leaks opens the envelopes it
 * received; two of the three keys are needed to learn a bid.
 *
 * The KEM runs in WebCrypto, which also draws the ephemeral key; ChaCha20-Poly1305 is @noble/ciphers, since
 * browsers have none, and HKDF in the key schedule @noble/hashes, since its calls are too small to be worth a
 * WebCrypto job each. Parties open with the same suite by node:crypto (`party/hpke-node.ts`). Cost: two X25519
 * operations to seal, one to open.
 */

import { AEAD_ChaCha20Poly1305, KDF_HKDF_SHA256 } from '@panva/hpke-noble';
import { CipherSuite, KEM_DHKEM_X25519_HKDF_SHA256, type Key, type KeyPair } from 'hpke';
import { equalBytes, frame } from '../mpc/bytes.ts';
import type { PartyIndex } from '../mpc/party.ts';
import { fromBase64url, PROTOCOL, toBase64url } from './canonical.ts';
import { AuctionError } from './errors.ts';
import type { Envelope } from './submission.ts';

/** The suite above from any implementation of its primitives. */
export type EnvelopeSuite = CipherSuite<CryptoKey & Key>;

const suite: EnvelopeSuite = new CipherSuite(
  KEM_DHKEM_X25519_HKDF_SHA256,
  KDF_HKDF_SHA256,
  AEAD_ChaCha20Poly1305,
);

/** X25519 keys and HPKE encapsulations are 32 bytes (RFC 9180 section 7.1). */
const SEALING_KEY_BYTES = 32;

/** A party's sealing key, ready for use; the secret half cannot be read from it. */
export interface SealingKeyPair {
  /** X25519, base64url. */
  readonly publicKey: string;
  /** What loaded the key and opens with it. */
  readonly suite: EnvelopeSuite;
  readonly keyPair: KeyPair<CryptoKey & Key>;
}

/** A party's sealing key as it is written to a key file; both base64url, 32 bytes. */
export interface SealingKeyRecord {
  readonly publicKey: string;
  readonly secretKey: string;
}

export async function generateSealingKey(): Promise<SealingKeyRecord> {
  const { publicKey, privateKey } = await suite.GenerateKeyPair(true);
  return {
    publicKey: toBase64url(await suite.SerializePublicKey(publicKey)),
    secretKey: toBase64url(await suite.SerializePrivateKey(privateKey)),
  };
}

/**
 * @param opener opens with this key: parties have a faster one than the portable suite
 * @throws AuctionError KEY_MALFORMED where the two halves do not belong together or are no X25519 keys
 */
export async function loadSealingKey(
  record: SealingKeyRecord,
  opener: EnvelopeSuite = suite,
): Promise<SealingKeyPair> {
  const publicKey = await deserializePublicKey(record.publicKey);
  let privateKey: CryptoKey;
  try {
    privateKey = await opener.DeserializePrivateKey(keyBytes(record.secretKey), false);
  } catch (error) {
    throw new AuctionError(
      'KEY_MALFORMED',
      'the secret half of a sealing key is no X25519 key',
      {},
      { cause: error },
    );
  }
  const pair = { publicKey: record.publicKey, suite: opener, keyPair: { publicKey, privateKey } };
  await checkHalvesBelongTogether(pair);
  return pair;
}

/**
 * @param publicKey X25519, base64url
 * @throws AuctionError KEY_MALFORMED where the key is no X25519 key or one of small order
 */
export async function sealToParty(
  publicKey: string,
  info: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Promise<Envelope> {
  const key = await deserializePublicKey(publicKey);
  try {
    const { encapsulatedSecret, ciphertext } = await suite.Seal(key, plaintext, { info, aad });
    return { encapsulated: toBase64url(encapsulatedSecret), ciphertext: toBase64url(ciphertext) };
  } catch (error) {
    throw new AuctionError(
      'KEY_MALFORMED',
      'nothing can be sealed to this key',
      { publicKey },
      { cause: error },
    );
  }
}

/** @throws AuctionError ENVELOPE_UNREADABLE, the same for every cause */
export async function openAsParty(
  sealingKeyPair: SealingKeyPair,
  info: Uint8Array,
  aad: Uint8Array,
  envelope: Envelope,
): Promise<Uint8Array> {
  try {
    const encapsulated = fromBase64url(envelope.encapsulated);
    const ciphertext = fromBase64url(envelope.ciphertext);
    return await sealingKeyPair.suite.Open(sealingKeyPair.keyPair, encapsulated, ciphertext, { info, aad });
  } catch (error) {
    throw new AuctionError(
      'ENVELOPE_UNREADABLE',
      'the envelope does not open with this key here',
      {},
      { cause: error },
    );
  }
}

/** `info` of the envelope of a bid to one party. */
export function envelopeInfo(tender: string, party: PartyIndex): Uint8Array<ArrayBuffer> {
  return frame(PROTOCOL, 'envelope', tender, String(party));
}

async function deserializePublicKey(publicKey: string): Promise<CryptoKey> {
  try {
    return await suite.DeserializePublicKey(keyBytes(publicKey));
  } catch (error) {
    throw new AuctionError(
      'KEY_MALFORMED',
      'the sealing key is no X25519 key',
      { publicKey },
      { cause: error },
    );
  }
}

function keyBytes(text: string): Uint8Array {
  const bytes = fromBase64url(text);
  if (bytes.length !== SEALING_KEY_BYTES) {
    throw new AuctionError('KEY_MALFORMED', `a sealing key has ${SEALING_KEY_BYTES} bytes`);
  }
  return bytes;
}

/** A message sealed to the public half must open with the secret half. */
async function checkHalvesBelongTogether(pair: SealingKeyPair): Promise<void> {
  const probe = frame(PROTOCOL, 'key-check');
  const envelope = await sealToParty(pair.publicKey, probe, probe, probe);
  const opened = await openAsParty(pair, probe, probe, envelope).catch((error: unknown) => {
    throw new AuctionError(
      'KEY_MALFORMED',
      'the halves of a sealing key do not belong together',
      {},
      { cause: error },
    );
  });
  if (!equalBytes(opened, probe)) {
    throw new AuctionError('KEY_MALFORMED', 'the halves of a sealing key do not belong together');
  }
}
