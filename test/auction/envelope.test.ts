import { describe, expect, it } from 'vitest';
import { toBase64url } from '../../auction/canonical.ts';
import { generateSealingKey, loadSealingKey, openAsParty, sealToParty } from '../../auction/envelope.ts';
import { utf8 } from '../../mpc/bytes.ts';
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

describe('HPKE', () => {
  it('opens the vector of RFC 9180 A.2.1 through openAsParty', async () => {
    const { info, aad, plaintext, encapsulated, ciphertext } = RFC9180_A21;
    const key = await loadSealingKey(RFC9180_A21);
    expect(await openAsParty(key, info, aad, { encapsulated, ciphertext })).toEqual(plaintext);
  });

  it('opens what it sealed, under the same info and associated data alone', async () => {
    const record = await generateSealingKey();
    const [key, other] = [await loadSealingKey(record), await loadSealingKey(await generateSealingKey())];
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

  it('never seals twice alike', async () => {
    const { publicKey } = await generateSealingKey();
    const seal = () => sealToParty(publicKey, utf8('i'), utf8('a'), utf8('same'));
    const [first, second] = [await seal(), await seal()];
    expect(first.ciphertext).not.toBe(second.ciphertext);
    expect(first.encapsulated).not.toBe(second.encapsulated);
  });

  it('refuses keys that are none, and halves that do not belong together', async () => {
    const [one, other] = [await generateSealingKey(), await generateSealingKey()];
    await refusedAsync(() => loadSealingKey({ ...one, publicKey: other.publicKey }), 'KEY_MALFORMED');
    await refusedAsync(() => loadSealingKey({ ...one, secretKey: 'AAAA' }), 'KEY_MALFORMED');
    await refusedAsync(() => loadSealingKey({ ...one, publicKey: 'AAAA' }), 'KEY_MALFORMED');
    const smallOrder = toBase64url(new Uint8Array(32));
    await refusedAsync(() => sealToParty(smallOrder, utf8('i'), utf8('a'), utf8('x')), 'KEY_MALFORMED');
  });
});
