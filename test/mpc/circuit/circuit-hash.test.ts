import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import { circuitHash } from '../../../mpc/circuit/circuit-hash.ts';

type Recipe = (builder: CircuitBuilder) => void;

function hashOf(recipe: Recipe): string {
  const builder = new CircuitBuilder();
  recipe(builder);
  return Buffer.from(circuitHash(builder.build())).toString('hex');
}

const bits = (text: string): BitVector => BitVector.fromBits([...text].map((bit) => bit === '1'));

/** Circuits that differ in one respect each. */
const RECIPES: Readonly<Record<string, Recipe>> = {
  base: (b) => b.output('z', b.and(b.input('x', 4), b.input('y', 4))),
  'another operation': (b) => b.output('z', b.xor(b.input('x', 4), b.input('y', 4))),
  'operands swapped': (b) => {
    const x = b.input('x', 4);
    const y = b.input('y', 4);
    b.output('z', b.and(y, x));
  },
  'inputs renamed': (b) => b.output('z', b.and(b.input('y', 4), b.input('x', 4))),
  'other lanes': (b) => b.output('z', b.and(b.input('x', 5), b.input('y', 5))),
  'output renamed': (b) => b.output('zz', b.and(b.input('x', 4), b.input('y', 4))),
  'another output vector': (b) => {
    const x = b.input('x', 4);
    b.and(x, b.input('y', 4));
    b.output('z', x);
  },
  'one output more': (b) => {
    const z = b.and(b.input('x', 4), b.input('y', 4));
    b.output('z', z);
    b.output('again', z);
  },
  'an unused operation more': (b) => {
    const z = b.and(b.input('x', 4), b.input('y', 4));
    b.not(z);
    b.output('z', z);
  },
  'names that run together': (b) => b.output('yz', b.and(b.input('x', 4), b.input('y', 4))),
  'outputs in this order': (b) => {
    const x = b.input('x', 4);
    b.output('a', x);
    b.output('b', x);
  },
  'outputs in that order': (b) => {
    const x = b.input('x', 4);
    b.output('b', x);
    b.output('a', x);
  },
  'constant 0001': (b) => b.output('z', b.constant(bits('0001'))),
  'constant 0011': (b) => b.output('z', b.constant(bits('0011'))),
  'constant 00010': (b) => b.output('z', b.constant(bits('00010'))),
  'gather 0 1': (b) => b.output('z', b.gather(b.input('x', 4), 1, Uint32Array.of(0, 1))),
  'gather 1 0': (b) => b.output('z', b.gather(b.input('x', 4), 1, Uint32Array.of(1, 0))),
  'gather 0 1 0': (b) => b.output('z', b.gather(b.input('x', 4), 1, Uint32Array.of(0, 1, 0))),
  'gather blocks of 2': (b) => b.output('z', b.gather(b.input('x', 4), 2, Uint32Array.of(0, 1))),
  'concat x x y': (b) => {
    const x = b.input('x', 4);
    b.output('z', b.concat([x, x, b.input('y', 4)]));
  },
  'concat x y x': (b) => {
    const x = b.input('x', 4);
    b.output('z', b.concat([x, b.input('y', 4), x]));
  },
};

describe('circuitHash', () => {
  test('is equal for equal circuits, 32 bytes long', () => {
    for (const recipe of Object.values(RECIPES)) expect(hashOf(recipe)).toBe(hashOf(recipe));
    expect(hashOf((b) => b.output('x', b.input('x', 1)))).toMatch(/^[0-9a-f]{64}$/);
  });

  test('differs for circuits that differ in anything', () => {
    const names = new Map<string, string>();
    for (const [name, recipe] of Object.entries(RECIPES)) {
      const hash = hashOf(recipe);
      expect(names.get(hash), name).toBeUndefined();
      names.set(hash, name);
    }
  });

  test('reads index arrays that are views into a larger buffer', () => {
    const view = Uint32Array.of(7, 1, 0, 7).subarray(1, 3);
    expect(hashOf((b) => b.output('z', b.gather(b.input('x', 4), 1, view)))).toBe(
      hashOf(RECIPES['gather 1 0']!),
    );
  });

  test('is SHA-256 of the encoding that its header describes', () => {
    const word = (value: number): number[] => [value, 0, 0, 0];
    const text = (value: string): number[] => [...word(value.length), ...Buffer.from(value)];
    const encoding = [
      ...[...text('tacit/circuit/1'), ...word(5), ...word(1)],
      ...[...word(1), ...word(4), ...text('x')],
      ...[...word(2), ...word(3), 0b101],
      ...[...word(6), ...word(0), ...word(1), ...word(3), ...word(2), ...word(0), ...word(2)],
      ...[...word(5), ...word(1), ...word(2)],
      ...[...word(7), ...word(2), ...word(3), ...word(0)],
      ...[...text('out'), ...word(4)],
    ];
    const hash = hashOf((b) => {
      const x = b.input('x', 4);
      const constant = b.constant(bits('101'));
      const product = b.and(constant, b.gather(x, 1, Uint32Array.of(2, 0, 2)));
      b.output('out', b.concat([product, x]));
    });
    expect(hash).toBe(createHash('sha256').update(Uint8Array.from(encoding)).digest('hex'));
  });
});

test('a concat of a million sources and a constant of many bytes are hashed whole', () => {
  const words = (...values: readonly number[]) => Buffer.from(Uint32Array.from(values).buffer);
  const text = (value: string) => Buffer.concat([words(value.length), Buffer.from(value)]);
  const long = BitVector.ones(800_008);
  const sources = Array.from({ length: 1_000_000 }, (_, index) => index % 2);
  const encoding = [
    ...[text('tacit/circuit/1'), words(4, 1)],
    ...[words(1, 1), text('one')],
    ...[words(1, 1), text('other')],
    ...[words(2, long.lanes), long.toBytes()],
    ...[words(7, sources.length), Buffer.from(Uint32Array.from(sources).buffer)],
    ...[text('out'), words(3)],
  ];
  const hash = hashOf((b) => {
    const inputs = [b.input('one', 1), b.input('other', 1)] as const;
    b.constant(long);
    b.output('out', b.concat(sources.map((source) => inputs[source === 0 ? 0 : 1])));
  });
  expect(hash).toBe(createHash('sha256').update(Buffer.concat(encoding)).digest('hex'));
});
