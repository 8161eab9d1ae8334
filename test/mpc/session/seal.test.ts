import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { SEAL_BYTES, seal, unseal } from '../../../mpc/session/seal.ts';

const key = createSecretKey(randomBytes(32));
const address = { sessionId: 'test', attempt: 3, step: 'and/1', from: 0, to: 1 } as const;

describe('seal', () => {
  test('opens under its own address only, even where two addresses share a direction key', () => {
    const message = randomBytes(100);
    const sealed = seal(key, address, message);
    expect(sealed).toHaveLength(100 + SEAL_BYTES);
    expect(message.equals(unseal(key, address, sealed) ?? Buffer.of())).toBe(true);
    for (const other of [
      { ...address, sessionId: 'tes' },
      { ...address, attempt: 4 },
      { ...address, step: 'and/2' },
      { ...address, from: 2 },
      { ...address, to: 2 },
      { ...address, from: 1, to: 0 },
    ] as const) {
      expect(unseal(key, other, sealed)).toBeUndefined();
    }
    expect(unseal(createSecretKey(randomBytes(32)), address, sealed)).toBeUndefined();
  });

  test('two addresses seal the same message to unrelated bytes', () => {
    const message = new Uint8Array(64);
    const one = seal(key, address, message);
    const two = seal(key, { ...address, step: 'and/2' }, message);
    const same = one.filter((byte, index) => byte === two[index]).length;
    expect(same).toBeLessThan(10);
  });

  test('anything shorter than a tag is no message', () => {
    for (const length of [0, 1, SEAL_BYTES - 1]) {
      expect(unseal(key, address, new Uint8Array(length))).toBeUndefined();
    }
    expect(unseal(key, address, seal(key, address, new Uint8Array()))).toHaveLength(0);
  });
});
