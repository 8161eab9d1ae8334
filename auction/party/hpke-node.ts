/**
 * The HPKE suite of `envelope.ts` (RFC 9180: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305) by
 * node:crypto, for parties that open thousands of envelopes: the same messages in half the time.
 *
 * What RFC 9180 says stays with the library `hpke`: contexts, labels, key schedule, nonces. It takes its
 * primitives from here, called on the spot instead of as jobs of WebCrypto's thread pool, of which one envelope
 * needs six. Only opening is replaced; what seals, generates and exports keys is the portable suite's.
 *
 * X25519 refuses an encapsulated key of small order: OpenSSL fails where the shared secret would be zero
 * (RFC 7748 section 6.1), as RFC 9180 section 7.1.4 demands. A suite keeps the secret keys that it loaded for as
 * long as their CryptoKeys live.
 */

import { createDecipheriv, createHmac, createSecretKey, diffieHellman, type KeyObject } from 'node:crypto';
import { AEAD_ChaCha20Poly1305, KDF_HKDF_SHA256 } from '@panva/hpke-noble';
import {
  type AEAD,
  CipherSuite,
  encode,
  I2OSP,
  type KDF,
  type KEM,
  KEM_DHKEM_X25519_HKDF_SHA256,
  type Key,
  LabeledExpand,
  LabeledExtract,
} from 'hpke';
import { concatBytes } from '../../mpc/bytes.ts';
import { importPrivateKey, importPublicKey, rawPublicKey } from '../../mpc/session/raw-keys.ts';
import type { EnvelopeSuite } from '../envelope.ts';

/** Output of SHA-256, and so of one block of HKDF-Expand: the suite asks for no more at once. */
const HASH_BYTES = 32;
const TAG_BYTES = 16;
const EMPTY = new Uint8Array(0);
/** RFC 5869 section 2.2: no salt is a salt of zeros. */
const ZERO_SALT = new Uint8Array(HASH_BYTES);
/** RFC 5869 section 2.3: the number of the first block. */
const FIRST_BLOCK = Uint8Array.of(1);

/** X25519 secret key and raw public key, by the key that `hpke` hands around. */
interface RecipientKey {
  readonly privateKey: KeyObject;
  readonly publicKey: Uint8Array;
}

/** HKDF (RFC 5869) for outputs of one block. */
function nodeKdf(): KDF {
  return {
    ...KDF_HKDF_SHA256(),
    Extract: async (salt, ikm) => hmac(salt.length === 0 ? ZERO_SALT : salt, ikm),
    Expand: async (prk, info, length) => {
      if (length > HASH_BYTES) throw new RangeError(`one block of HKDF has ${HASH_BYTES} bytes`);
      return hmac(prk, info, FIRST_BLOCK).slice(0, length);
    },
  };
}

function nodeAead(): AEAD {
  return {
    ...AEAD_ChaCha20Poly1305(),
    Open: async (key, nonce, aad, ciphertext) => {
      const length = ciphertext.length - TAG_BYTES;
      if (length < 0) throw new RangeError('the ciphertext is shorter than its tag');
      const decipher = createDecipheriv('chacha20-poly1305', createSecretKey(key), nonce, {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(aad, { plaintextLength: length });
      decipher.setAuthTag(ciphertext.subarray(length));
      const plaintext = decipher.update(ciphertext.subarray(0, length));
      decipher.final();
      return new Uint8Array(plaintext);
    },
  };
}

/** DHKEM (RFC 9180 section 4.1): its keys are those of the portable one, with their node:crypto twins kept. */
function nodeKem(): KEM<CryptoKey & Key> {
  const portable = KEM_DHKEM_X25519_HKDF_SHA256();
  const kdf = nodeKdf();
  const suiteId = concatBytes([encode('KEM'), I2OSP(portable.id, 2)]);
  const loaded = new WeakMap<CryptoKey, RecipientKey>();
  return {
    ...portable,
    async DeserializePrivateKey(raw, extractable) {
      const key = await portable.DeserializePrivateKey(raw, extractable);
      const privateKey = importPrivateKey('x25519', raw);
      loaded.set(key, { privateKey, publicKey: rawPublicKey(privateKey) });
      return key;
    },
    async Decap(encapsulated, recipient, publicKey) {
      const key = loaded.get(recipient);
      if (key === undefined) return await portable.Decap(encapsulated, recipient, publicKey);
      const shared = diffieHellman({
        privateKey: key.privateKey,
        publicKey: importPublicKey('x25519', encapsulated),
      });
      const prk = await LabeledExtract(kdf, suiteId, EMPTY, encode('eae_prk'), shared);
      const context = concatBytes([encapsulated, key.publicKey]);
      return await LabeledExpand(kdf, suiteId, prk, encode('shared_secret'), context, portable.Nsecret);
    },
  };
}

function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const keyed = createHmac('sha256', createSecretKey(key));
  for (const part of parts) keyed.update(part);
  return new Uint8Array(keyed.digest());
}

export const nodeEnvelopeSuite: EnvelopeSuite = new CipherSuite(nodeKem, nodeKdf, nodeAead);
