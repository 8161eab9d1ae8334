import { describe, expect, it } from 'vitest';
import { portableSignatures, signDocument, signerOf, verifyDocument } from '../../auction/signature.ts';
import { refused, seedOf } from './fixture.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

/** RFC 8032 section 7.1, tests 1, 2 and 3. */
const VECTORS = [
  {
    secretKey: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    secretKey: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    secretKey: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
].map(({ secretKey, publicKey, message, signature }) => ({
  secretKey: bytes(secretKey),
  publicKey: bytes(publicKey),
  message: bytes(message),
  signature: bytes(signature),
}));

/** The order of the group, little-endian. */
const GROUP_ORDER = bytes('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');

describe('portable Ed25519', () => {
  it.each(VECTORS)('gives the vectors of RFC 8032', ({ secretKey, publicKey, message, signature }) => {
    expect(portableSignatures.publicKeyOf(secretKey)).toEqual(publicKey);
    expect(portableSignatures.sign(secretKey, message)).toEqual(signature);
    expect(portableSignatures.verify(publicKey, message, signature)).toBe(true);
  });

  it('refuses a signature with any bit flipped, and another message', () => {
    const { publicKey, message, signature } = VECTORS[2]!;
    for (let bit = 0; bit < 512; bit += 5) {
      const flipped = signature.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(portableSignatures.verify(publicKey, message, flipped)).toBe(false);
    }
    expect(portableSignatures.verify(publicKey, bytes('af83'), signature)).toBe(false);
    expect(portableSignatures.verify(VECTORS[1]!.publicKey, message, signature)).toBe(false);
  });

  it('refuses S increased by the group order, so a signature has one spelling', () => {
    const { publicKey, message, signature } = VECTORS[1]!;
    const malleated = signature.slice();
    let carry = 0;
    for (let index = 0; index < 32; index++) {
      const sum = malleated[32 + index]! + GROUP_ORDER[index]! + carry;
      malleated[32 + index] = sum & 255;
      carry = sum >> 8;
    }
    expect(carry).toBe(0);
    expect(portableSignatures.verify(publicKey, message, malleated)).toBe(false);
  });

  it.each([
    ['the identity', `01${'00'.repeat(31)}`],
    ['the point of order 2', `ec${'ff'.repeat(30)}7f`],
    ['a point of order 4', '00'.repeat(32)],
    ['a point of order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['the identity, not canonical', `ee${'ff'.repeat(30)}7f`],
  ])('refuses %s as a key, under which R = identity and S = 0 would sign everything', (_, key) => {
    const signature = bytes(`01${'00'.repeat(63)}`);
    for (const message of ['', '00', '01', '02', '03', '04', '05', '06']) {
      expect(portableSignatures.verify(bytes(key), bytes(message), signature)).toBe(false);
    }
  });

  it('is false, and does not throw, for keys and signatures of wrong length or off the curve', () => {
    const { publicKey, message, signature } = VECTORS[0]!;
    expect(portableSignatures.verify(publicKey.slice(1), message, signature)).toBe(false);
    expect(portableSignatures.verify(publicKey, message, signature.slice(1))).toBe(false);
    expect(portableSignatures.verify(bytes(`02${'00'.repeat(31)}`), message, signature)).toBe(false);
    expect(portableSignatures.verify(bytes('ff'.repeat(32)), message, signature)).toBe(false);
  });
});

describe('signed documents', () => {
  it('are bound to their kind, body and key', () => {
    const [signer, other] = [signerOf(seedOf('one')), signerOf(seedOf('other'))];
    const signature = signDocument('bid', { a: 1, b: 2 }, signer);
    expect(verifyDocument('bid', { b: 2, a: 1 }, signer.publicKey, signature)).toBe(true);
    expect(verifyDocument('withdrawal', { a: 1, b: 2 }, signer.publicKey, signature)).toBe(false);
    expect(verifyDocument('bid', { a: 1, b: 3 }, signer.publicKey, signature)).toBe(false);
    expect(verifyDocument('bid', { a: 1, b: 2 }, other.publicKey, signature)).toBe(false);
  });

  it('need a key of 32 bytes', () => {
    refused(() => signerOf(new Uint8Array(31)), 'KEY_MALFORMED');
    refused(() => portableSignatures.sign(new Uint8Array(64), new Uint8Array(0)), 'KEY_MALFORMED');
  });
});
