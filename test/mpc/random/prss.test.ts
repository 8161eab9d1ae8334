import { createSecretKey, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BitVector, xorVectors } from '../../../mpc/bits/bit-vector.ts';
import { expandBytes, extractKey } from '../../../mpc/random/hkdf.ts';
import { createPrss, STREAM_CHUNK_BYTES } from '../../../mpc/random/prss.ts';
import { zeroShareBytes } from '../../support/reference/zero-share.ts';
import { forEachParty } from '../../support/world.ts';

function threeParties(keys = forEachParty(() => randomBytes(32))) {
  return forEachParty((party) =>
    createPrss({
      withPrevious: createSecretKey(keys[party]),
      withNext: createSecretKey(keys[((party + 1) % 3) as 0 | 1 | 2]),
    }),
  );
}

describe('pseudo-random zeros', () => {
  test('the three shares of any draw cancel out, and no share is zero', () => {
    fc.assert(
      fc.property(fc.integer({ min: 64, max: 3000 }), fc.string({ maxLength: 20 }), (lanes, step) => {
        const [zero, one, two] = threeParties().map((prss) => prss.zeroShare(step, lanes));
        expect(xorVectors(xorVectors(zero!, one!), two!).equals(BitVector.zeros(lanes))).toBe(true);
        for (const share of [zero!, one!, two!]) expect(share.equals(BitVector.zeros(lanes))).toBe(false);
      }),
    );
  });

  test('a share equals its block-by-block twin, across chunks too', () => {
    const keys = forEachParty(() => randomBytes(32));
    const lanes = STREAM_CHUNK_BYTES * 8 + 77;
    const share = threeParties(keys)[1].zeroShare('and/1', lanes);
    const expected = zeroShareBytes(keys[1], keys[2], 'and/1', Math.ceil(lanes / 8));
    expected[expected.length - 1]! &= (1 << (lanes % 8)) - 1;
    expect(Buffer.from(share.toBytes()).equals(expected)).toBe(true);
  });

  test('however a stream is cut into pieces, it is the same stream', () => {
    const keys = forEachParty(() => randomBytes(32));
    const whole = threeParties(keys)[0].zeroShare('s', 32 * 100);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 5 }), (pieces) => {
        const stream = threeParties(keys)[0].zeroStream('s');
        const bytes = pieces.flatMap((count) => {
          const piece = new Uint8Array(count);
          stream.fill(piece);
          return [...piece];
        });
        expect(bytes).toEqual([...whole.toBytes().subarray(0, bytes.length)]);
      }),
    );
  });

  test('a peer draws the same bytes from its side, at once or piece by piece, and its share is their XOR', () => {
    const keys = forEachParty(() => randomBytes(32));
    const [zero, one, two] = [threeParties(keys)[0], threeParties(keys)[1], threeParties(keys)[2]];
    const bytes = STREAM_CHUNK_BYTES + 1000;
    const withOne = zero.common('next', 's', bytes);
    const pieces = new Uint8Array(bytes);
    const stream = one.commonStream('previous', 's');
    for (let start = 0; start < bytes; start += 7000) stream.fill(pieces.subarray(start, start + 7000));
    expect(Buffer.from(withOne).equals(pieces)).toBe(true);
    const withTwo = two.common('next', 's', bytes);
    const share = threeParties(keys)[0]
      .zeroShare('s', bytes * 8)
      .toBytes();
    expect(share.every((byte, index) => byte === (withOne[index]! ^ withTwo[index]!))).toBe(true);
  });

  test('other addresses give other streams; the same address a second time throws', () => {
    const prss = threeParties()[0];
    const first = prss.zeroShare('and/1', 256);
    expect(prss.zeroShare('and/2', 256).equals(first)).toBe(false);
    expect(() => prss.zeroShare('and/1', 256)).toThrow(expect.objectContaining({ code: 'ADDRESS_REUSED' }));
    expect(() => prss.zeroStream('and/2')).toThrow(expect.objectContaining({ code: 'ADDRESS_REUSED' }));
    expect(() => prss.commonStream('next', 'and/2')).toThrow(
      expect.objectContaining({ code: 'ADDRESS_REUSED' }),
    );
  });
});

test('HKDF answers RFC 5869, appendix A.1', () => {
  const secret = Buffer.from('0b'.repeat(22), 'hex');
  const key = extractKey(Buffer.from('000102030405060708090a0b0c', 'hex'), secret);
  expect(key.export().toString('hex')).toBe(
    '077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5',
  );
  const okm = expandBytes(key, Buffer.from('f0f1f2f3f4f5f6f7f8f9', 'hex'), 32);
  expect(Buffer.from(okm).toString('hex')).toBe(
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf',
  );
  expect(() => expandBytes(key, Buffer.of(), 33)).toThrow(RangeError);
});
