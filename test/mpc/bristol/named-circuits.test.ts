/** Exported and imported again, as other engines see them: one input value for each number. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exportBristol } from '../../../mpc/bristol/export.ts';
import { adderCircuit, argBestCircuit, lessThanCircuit } from '../../../mpc/bristol/named-circuits.ts';
import { MpcError } from '../../../mpc/errors.ts';
import { evaluateGateByGate } from './gate-by-gate.ts';
import { runFile } from './run-file.ts';

const pairOf = fc
  .integer({ min: 1, max: 70 })
  .chain((bits) =>
    fc.tuple(
      fc.constant(bits),
      fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n }),
      fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n }),
    ),
  );

/** Few bits, so that ties are many. */
const auction = fc
  .integer({ min: 1, max: 5 })
  .chain((bits) =>
    fc.tuple(
      fc.constant(bits),
      fc.array(fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n }), { minLength: 2, maxLength: 12 }),
      fc.constantFrom(2, 3, 4, 12),
    ),
  );

function groupsFor(candidates: number, size: number): number[] {
  const groups: number[] = [];
  for (let run = 1; run < candidates; run *= size) groups.push(size);
  return groups;
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return error instanceof MpcError ? error.code : String(error);
  }
  return undefined;
}

describe('named circuits as files', () => {
  test('less-than and adder are arithmetic', async () => {
    await fc.assert(
      fc.asyncProperty(pairOf, async ([bits, left, right]) => {
        const less = await runFile(exportBristol(lessThanCircuit(bits)), [left, right]);
        expect(less.outputs).toEqual([left < right ? 1n : 0n]);
        const sum = await runFile(exportBristol(adderCircuit(bits)), [left, right]);
        expect(sum.outputs).toEqual([BigInt.asUintN(bits, left + right)]);
      }),
      { numRuns: 60 },
    );
  });

  test('arg-best and second-price pick by (value, index), walked gate by gate', () => {
    fc.assert(
      fc.property(auction, ([bits, values, size]) => {
        const shape = { candidates: values.length, bits, groups: groupsFor(values.length, size) };
        const order = [...values.keys()].sort((a, b) => Number(values[a]! - values[b]!) || a - b);
        const [winner, second] = [order[0]!, order[1]!];
        const best = evaluateGateByGate(exportBristol(argBestCircuit({ ...shape, price: 'best' })), values);
        expect(best.outputs).toEqual([BigInt(winner), values[winner]]);
        const next = evaluateGateByGate(exportBristol(argBestCircuit({ ...shape, price: 'second' })), values);
        expect(next.outputs).toEqual([BigInt(winner), values[second]]);
      }),
      { numRuns: 60 },
    );
  });

  test('bounds are refused before anything is built', () => {
    expect(codeOf(() => lessThanCircuit(0))).toBe('BRISTOL_OVER_BOUND');
    expect(codeOf(() => adderCircuit(4097))).toBe('BRISTOL_OVER_BOUND');
    const allPairs = { candidates: 65_536, bits: 64, price: 'best', groups: [65_536] } as const;
    expect(codeOf(() => argBestCircuit(allPairs))).toBe('BRISTOL_OVER_BOUND');
    const tooMany = { candidates: 65_537, bits: 1, price: 'best', groups: Array(17).fill(2) } as const;
    expect(codeOf(() => argBestCircuit(tooMany))).toBe('BRISTOL_OVER_BOUND');
    const unfinished = { candidates: 9, bits: 8, price: 'best', groups: [2, 2] } as const;
    expect(codeOf(() => argBestCircuit(unfinished))).toBe('CIRCUIT_INVALID');
  });
});
