import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromBase64url } from '../../auction/canonical.ts';
import { contentDigest, signatureBase, signatureInput, toBase64 } from '../../auction/http-signature.ts';
import { portableSignatures } from '../../auction/signature.ts';

/** RFC 9421, B.1.4 and B.2.6. */
const KEY = {
  publicKey: 'JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs',
  secretKey: 'n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU',
};
const COMPONENTS = [
  ['date', 'Tue, 20 Apr 2021 02:07:55 GMT'],
  ['@method', 'POST'],
  ['@path', '/foo'],
  ['@authority', 'example.com'],
  ['content-type', 'application/json'],
  ['content-length', '18'],
] as const;
const PARAMETERS = { created: 1618884473, keyId: 'test-key-ed25519' };
const SIGNATURE = 'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==';

describe('a message signature', () => {
  test("is that of RFC 9421's own example", () => {
    const base = signatureBase(COMPONENTS, PARAMETERS);
    expect(toBase64(portableSignatures.sign(fromBase64url(KEY.secretKey), base))).toBe(SIGNATURE);
    expect(toBase64(portableSignatures.publicKeyOf(fromBase64url(KEY.secretKey)))).toBe(
      toBase64(fromBase64url(KEY.publicKey)),
    );
    expect(
      signatureInput(
        COMPONENTS.map(([name]) => name),
        PARAMETERS,
      ),
    ).toBe(
      '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
    );
  });

  test('says algorithm and tag where they are given', () => {
    expect(signatureInput(['a'], { created: 1, keyId: 'k', algorithm: 'ed25519', tag: 't' })).toBe(
      '("a");created=1;keyid="k";alg="ed25519";tag="t"',
    );
  });

  test.each(['a\nb', 'a\r', '\n'])('takes no value with a line end: %j', (value) => {
    expect(() => signatureBase([['a', value]], PARAMETERS)).toThrow(RangeError);
  });
});

test("a digest is that of RFC 9530's example", () => {
  expect(contentDigest(new TextEncoder().encode('{"hello": "world"}\n'))).toBe(
    'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:',
  );
});

test("base64 is Node's", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
    }),
  );
});
