import { diffieHellman, generateKeyPairSync } from 'node:crypto';
import { AEAD_ChaCha20Poly1305, KDF_HKDF_SHA256 } from '@panva/hpke-noble';
import { CipherSuite, KEM_DHKEM_X25519_HKDF_SHA256, LabeledExpand, LabeledExtract } from 'hpke';
import { describe, expect, it } from 'vitest';
import { toBase64url } from '../../auction/canonical.ts';
import {
  generateSealingKey,
  loadSealingKey,
  openAsParty,
  type SealingKeyRecord,
  sealToParty,
} from '../../auction/envelope.ts';
import { nodeEnvelopeSuite } from '../../auction/party/hpke-node.ts';
import { utf8 } from '../../mpc/bytes.ts';
import { importPublicKey } from '../../mpc/session/raw-keys.ts';
import { refusedAsync } from './fixture.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const fromHex = (hex: string): string => toBase64url(bytes(hex));

/** RFC 9180 appendix A.2.1: base mode, X25519, HKDF-SHA256, ChaCha20-Poly1305; first encryption. */
const RFC9180_A21 = {
  info: bytes('4f6465206f6e2061204772656369616e2055726e'),
  secretKey: fromHex('8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb'),
  publicKey: fromHex('4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a'),
  encapsulated: fromHex('1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a'),
  aad: bytes('436f756e742d30'),
  plaintext: bytes('4265617574792069732074727574682c20747275746820626561757479'),
  ciphertext: fromHex(
    '1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28',
  ),
};

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'));

/** u of the points of small order (RFC 7748 section 6.1), little-endian: 0, 1, p - 1, p, p + 1 and two of order 8. */
const SMALL_ORDER_POINTS = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
].map(bytes);

/** A sender that sends `encapsulated` and takes `secret` for the result of X25519, whatever it is. */
function forgingSuite(encapsulated: Uint8Array, recipient: Uint8Array, secret = new Uint8Array(32)) {
  const kem = () => ({
    ...KEM_DHKEM_X25519_HKDF_SHA256(),
    Encap: async () => {
      const kdf = KDF_HKDF_SHA256();
      const suiteId = Uint8Array.of(...utf8('KEM'), 0, 0x20);
      const prk = await LabeledExtract(kdf, suiteId, new Uint8Array(0), utf8('eae_prk'), secret);
      const context = Uint8Array.of(...encapsulated, ...recipient);
      const shared = await LabeledExpand(kdf, suiteId, prk, utf8('shared_secret'), context, 32);
      return { shared_secret: shared, enc: encapsulated };
    },
  });
  return new CipherSuite(kem, KDF_HKDF_SHA256, AEAD_ChaCha20Poly1305);
}

async function forgedHonestly(recipient: string, info: Uint8Array, aad: Uint8Array, plaintext: Uint8Array) {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const secret = diffieHellman({ privateKey, publicKey: importPublicKey('x25519', bytesOf(recipient)) });
  const encapsulated = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
  const suite = forgingSuite(encapsulated, bytesOf(recipient), new Uint8Array(secret));
  const to = await suite.DeserializePublicKey(bytesOf(recipient));
  const { encapsulatedSecret, ciphertext } = await suite.Seal(to, plaintext, { info, aad });
  return { encapsulated: toBase64url(encapsulatedSecret), ciphertext: toBase64url(ciphertext) };
}

const implementations = [
  { name: 'of the browser', load: (record: SealingKeyRecord) => loadSealingKey(record) },
  { name: 'of a party', load: (record: SealingKeyRecord) => loadSealingKey(record, nodeEnvelopeSuite) },
];

describe.each(implementations)('HPKE $name', ({ load }) => {
  it('opens the vector of RFC 9180 A.2.1 through openAsParty', async () => {
    const { info, aad, plaintext, encapsulated, ciphertext } = RFC9180_A21;
    const key = await load(RFC9180_A21);
    expect(await openAsParty(key, info, aad, { encapsulated, ciphertext })).toEqual(plaintext);
  });

  it('opens what it sealed, under the same info and associated data alone', async () => {
    const record = await generateSealingKey();
    const [key, other] = [await load(record), await load(await generateSealingKey())];
    const [info, aad, plaintext] = [utf8('info'), utf8('aad'), utf8('plaintext')];
    const envelope = await sealToParty(record.publicKey, info, aad, plaintext);
    expect(await openAsParty(key, info, aad, envelope)).toEqual(plaintext);
    await refusedAsync(() => openAsParty(other, info, aad, envelope), 'ENVELOPE_UNREADABLE');
    await refusedAsync(() => openAsParty(key, utf8('inf'), aad, envelope), 'ENVELOPE_UNREADABLE');
    await refusedAsync(() => openAsParty(key, info, utf8('ad'), envelope), 'ENVELOPE_UNREADABLE');
    const shorter = { ...envelope, ciphertext: envelope.ciphertext.slice(0, -4) };
    await refusedAsync(() => openAsParty(key, info, aad, shorter), 'ENVELOPE_UNREADABLE');
    const zero = { ...envelope, encapsulated: toBase64url(new Uint8Array(32)) };
    await refusedAsync(() => openAsParty(key, info, aad, zero), 'ENVELOPE_UNREADABLE');
    await refusedAsync(
      () => openAsParty(key, info, aad, { ...envelope, ciphertext: '' }),
      'ENVELOPE_UNREADABLE',
    );
  });

  it('opens nothing under a shared secret that the sender forced to zero', async () => {
    const record = await generateSealingKey();
    const key = await load(record);
    const [info, aad, plaintext] = [utf8('info'), utf8('aad'), utf8('plaintext')];
    for (const point of SMALL_ORDER_POINTS) {
      const forging = forgingSuite(point, bytesOf(record.publicKey));
      const { encapsulatedSecret, ciphertext } = await forging.Seal(key.keyPair.publicKey, plaintext, {
        info,
        aad,
      });
      expect(toBase64url(encapsulatedSecret)).toBe(toBase64url(point));
      const envelope = {
        encapsulated: toBase64url(encapsulatedSecret),
        ciphertext: toBase64url(ciphertext),
      };
      await refusedAsync(() => openAsParty(key, info, aad, envelope), 'ENVELOPE_UNREADABLE');
    }
    // The same forger with an honest key and its true secret is read: so the forgery is one but for its point.
    const honest = await forgedHonestly(record.publicKey, info, aad, plaintext);
    expect(await openAsParty(key, info, aad, honest)).toEqual(plaintext);
  });

  it('never seals twice alike', async () => {
    const { publicKey } = await generateSealingKey();
    const seal = () => sealToParty(publicKey, utf8('i'), utf8('a'), utf8('same'));
    const [first, second] = [await seal(), await seal()];
    expect(first.ciphertext).not.toBe(second.ciphertext);
    expect(first.encapsulated).not.toBe(second.encapsulated);
  });

  it('refuses keys that are none, and halves that do not belong together', async () => {
    const [one, other] = [await generateSealingKey(), await generateSealingKey()];
    await refusedAsync(() => load({ ...one, publicKey: other.publicKey }), 'KEY_MALFORMED');
    await refusedAsync(() => load({ ...one, secretKey: 'AAAA' }), 'KEY_MALFORMED');
    await refusedAsync(() => load({ ...one, publicKey: 'AAAA' }), 'KEY_MALFORMED');
    const smallOrder = toBase64url(new Uint8Array(32));
    await refusedAsync(() => sealToParty(smallOrder, utf8('i'), utf8('a'), utf8('x')), 'KEY_MALFORMED');
  });
});
