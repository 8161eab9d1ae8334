import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../../mpc/bytes.ts';
import { DirectionSeal, SEAL_BYTES } from '../../../mpc/session/seal.ts';

const key = createSecretKey(randomBytes(32));
const direction = { sessionId: 'test', attempt: 3, from: 0, to: 1 } as const;
const step = 'and/1';

describe('seal', () => {
  test('opens under its own address only, even where two directions share a key', () => {
    const message = randomBytes(100);
    const sealed = new DirectionSeal(key, direction).seal(step, message);
    expect(sealed).toHaveLength(100 + SEAL_BYTES);
    expect(message.equals(new DirectionSeal(key, direction).unseal(step, sealed) ?? Buffer.of())).toBe(true);
    for (const other of [
      { ...direction, sessionId: 'tes' },
      { ...direction, attempt: 4 },
      { ...direction, from: 2 },
      { ...direction, to: 2 },
      { ...direction, from: 1, to: 0 },
    ] as const) {
      expect(new DirectionSeal(key, other).unseal(step, sealed)).toBeUndefined();
    }
    expect(new DirectionSeal(key, direction).unseal('and/2', sealed)).toBeUndefined();
    const otherKey = createSecretKey(randomBytes(32));
    expect(new DirectionSeal(otherKey, direction).unseal(step, sealed)).toBeUndefined();
  });

  test('two addresses seal the same message to unrelated bytes', () => {
    const message = new Uint8Array(64);
    const seal = new DirectionSeal(key, direction);
    const one = seal.seal(step, message);
    const two = seal.seal('and/2', message);
    const same = one.filter((byte, index) => byte === two[index]).length;
    expect(same).toBeLessThan(10);
  });

  test('no nonce is used twice: the same address a second time throws', () => {
    const seal = new DirectionSeal(key, direction);
    seal.seal(step, Uint8Array.of(1));
    expect(() => seal.seal(step, Uint8Array.of(2))).toThrow(
      expect.objectContaining({ code: 'ADDRESS_REUSED' }),
    );
  });

  test('steps of any length and character have nonces of their own', () => {
    const sender = new DirectionSeal(key, direction);
    const receiver = new DirectionSeal(key, direction);
    const steps = ['', 'a', 'a\0', 'a\0\0', '\0', 'é', 'and/12345678', 'and/123456789', 'x'.repeat(512)];
    for (const step of [...steps, ...Array.from({ length: 2000 }, (_, layer) => `and/${layer}`)]) {
      const sealed = sender.seal(step, utf8(step));
      expect(receiver.unseal(step, sealed)).toEqual(Buffer.from(utf8(step)));
    }
  });

  test('a message of several pieces opens, and with any bit changed it does not', () => {
    const message = randomBytes(200_001);
    const sealed = new DirectionSeal(key, direction).seal(step, message);
    expect(message.equals(new DirectionSeal(key, direction).unseal(step, sealed) ?? Buffer.of())).toBe(true);
    for (const position of [0, 65_536, 200_000, 200_001, 200_016]) {
      const changed = Buffer.from(sealed);
      changed[position]! ^= 1;
      expect(new DirectionSeal(key, direction).unseal(step, changed)).toBeUndefined();
    }
  });

  test('anything shorter than a tag is no message', () => {
    const seal = new DirectionSeal(key, direction);
    for (const length of [0, 1, SEAL_BYTES - 1]) {
      expect(seal.unseal(step, new Uint8Array(length))).toBeUndefined();
    }
    expect(seal.unseal(step, seal.seal(step, new Uint8Array()))).toHaveLength(0);
  });
});
