import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes, fromBase64url, hashDocument, toBase64url } from '../../auction/canonical.ts';
import { refused } from './fixture.ts';

const text = (value: unknown): string => new TextDecoder().decode(canonicalBytes(value));

describe('canonical JSON', () => {
  it('is that of the example in RFC 8785 section 3.2.2 and 3.2.4', () => {
    const input = JSON.parse(
      String.raw`{
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
      }`,
    );
    expect(text(input)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it('sorts names by UTF-16 units as RFC 8785 section 3.2.3 does', () => {
    const sorted = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];
    const input = Object.fromEntries([...sorted].reverse().map((key) => [key, key]));
    expect(Object.keys(JSON.parse(text(input))).filter((key) => key !== '1')).toEqual(
      sorted.filter((key) => key !== '1'),
    );
    expect(text(input).indexOf('"1"')).toBeLessThan(text(input).indexOf('\u0080'));
  });

  it('refuses half of a surrogate pair, which an escape can spell', () => {
    for (const json of ['"\\ud800"', '{"a":["\\udc00"]}', '{"\\ud800":1}']) {
      refused(() => canonicalBytes(JSON.parse(json)), 'TEXT_MALFORMED');
    }
  });

  it('does not depend on the order of fields', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const reversed = Object.fromEntries(Object.entries(object).reverse());
        expect(text(reversed)).toBe(text(object));
        expect(JSON.parse(text(object))).toEqual(JSON.parse(JSON.stringify(object)));
      }),
    );
  });

  it('refuses what JSON cannot say', () => {
    expect(() => canonicalBytes(undefined)).toThrow(TypeError);
    expect(() => canonicalBytes({ x: Number.NaN })).toThrow();
    expect(() => canonicalBytes({ x: '\ud800' })).toThrow();
  });

  it('hashes one body of two kinds to two values', () => {
    expect(hashDocument('bid', {})).toHaveLength(32);
    expect(toBase64url(hashDocument('bid', {}))).not.toBe(toBase64url(hashDocument('withdrawal', {})));
  });
});

describe('base64url', () => {
  it('is that of Node for every byte string', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        const encoded = toBase64url(bytes);
        expect(encoded).toBe(Buffer.from(bytes).toString('base64url'));
        expect(fromBase64url(encoded)).toEqual(new Uint8Array(bytes));
      }),
    );
  });

  it('has one spelling for every byte string', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'AQZ09-_='), maxLength: 8 }), (candidate) => {
        let decoded: Uint8Array;
        try {
          decoded = fromBase64url(candidate);
        } catch {
          return;
        }
        expect(toBase64url(decoded)).toBe(candidate);
      }),
    );
  });

  it.each(['A', 'AAAAA', 'AB', 'AAB', 'AA==', 'A+', 'A/', 'A ', 'Ä', 'A\u{1f600}'])(
    'refuses %j',
    (candidate) => {
      refused(() => fromBase64url(candidate), 'ENCODING_MALFORMED');
    },
  );
});
