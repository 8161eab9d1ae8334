import { describe, expect, test } from 'vitest';
import { toBase64url } from '../../../auction/canonical.ts';
import { generatePartyKeys, loadPartyKeys, partyRecordOf } from '../../../auction/party/keys.ts';
import { nodeSignatures } from '../../../auction/party/signatures-node.ts';
import { portableSignatures } from '../../../auction/signature.ts';
import { utf8 } from '../../../mpc/bytes.ts';
import { random } from '../../support/auction-world.ts';

describe('party keys', () => {
  test('load from the form they are written in, and sign under the key of the record', async () => {
    const file = await generatePartyKeys(2, random);
    const keys = await loadPartyKeys(JSON.parse(JSON.stringify(file)));
    const record = partyRecordOf(keys);
    expect(record).toEqual({
      index: 2,
      signingKey: file.signing.publicKey,
      sealingKey: file.sealing.publicKey,
    });
    const message = utf8('message');
    const publicKey = Buffer.from(record.signingKey, 'base64url');
    expect(portableSignatures.verify(publicKey, message, keys.signing.sign(message))).toBe(true);
  });

  test('are refused where a field is missing or odd, or halves do not belong together', async () => {
    const [file, other] = [await generatePartyKeys(0, random), await generatePartyKeys(0, random)];
    const { sealing: _, ...incomplete } = file;
    const malformed: readonly unknown[] = [
      undefined,
      incomplete,
      { ...file, party: 3 },
      { ...file, surplus: 1 },
      { ...file, signing: { ...file.signing, publicKey: other.signing.publicKey } },
      { ...file, sealing: { ...file.sealing, publicKey: other.sealing.publicKey } },
    ];
    for (const json of malformed) {
      const error = await loadPartyKeys(json).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'KEY_MALFORMED' });
      expect(String(error)).not.toContain(file.signing.secretKey);
    }
  });
});

describe('signatures of node:crypto', () => {
  test('are those of the portable implementation', () => {
    for (let round = 0; round < 20; round++) {
      const [seed, message] = [random(32), random(round * 7)];
      const publicKey = portableSignatures.publicKeyOf(seed);
      expect(nodeSignatures.publicKeyOf(seed)).toEqual(publicKey);
      const signature = nodeSignatures.sign(seed, message);
      expect(signature).toEqual(portableSignatures.sign(seed, message));
      expect(nodeSignatures.verify(publicKey, message, signature)).toBe(true);
      const other = Uint8Array.from(signature, (byte, index) => (index === round ? byte ^ 1 : byte));
      expect(nodeSignatures.verify(publicKey, message, other)).toBe(false);
      expect(nodeSignatures.verify(publicKey, utf8('other'), signature)).toBe(false);
    }
  });

  test('pass the first test of RFC 8032 section 7.1', () => {
    const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
    const expected =
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b';
    expect(Buffer.from(nodeSignatures.sign(seed, new Uint8Array())).toString('hex')).toBe(expected);
  });

  test('refuse keys and signatures of wrong length, of small order, and in another encoding', () => {
    const message = utf8('message');
    const anyOf = (length: number) => new Uint8Array(length);
    expect(nodeSignatures.verify(anyOf(31), message, anyOf(64))).toBe(false);
    expect(nodeSignatures.verify(anyOf(32), message, anyOf(63))).toBe(false);
    const prime = 2n ** 255n - 19n;
    const encoded = (y: bigint, sign: 0 | 1) => {
      const hex = (y | (BigInt(sign) << 255n)).toString(16).padStart(64, '0');
      return new Uint8Array(Buffer.from(hex, 'hex').reverse());
    };
    // With the neutral element as key and R = the base point times s, every message verifies without the check.
    const smallOrder = [0n, 1n, prime - 1n, prime, prime + 1n];
    for (const y of smallOrder) {
      for (const sign of [0, 1] as const) {
        const key = encoded(y, sign);
        const signature = new Uint8Array(64);
        signature.set(encoded(1n, 0));
        expect(nodeSignatures.verify(key, message, signature)).toBe(false);
        expect(portableSignatures.verify(key, message, signature)).toBe(false);
      }
    }
  });

  test('are given as base64url in records', async () => {
    const { signing } = await generatePartyKeys(1, random);
    const seed = Buffer.from(signing.secretKey, 'base64url');
    expect(toBase64url(nodeSignatures.publicKeyOf(seed))).toBe(signing.publicKey);
  });
});
