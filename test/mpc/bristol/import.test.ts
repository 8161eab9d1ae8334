import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importBristol } from '../../../mpc/bristol/import.ts';
import { evaluateGateByGate } from './gate-by-gate.ts';
import { fileArbitrary } from './random-gates.ts';
import { runFile } from './run-file.ts';

describe('importBristol', () => {
  test('computes what the gates compute, with their ANDs, in their AND depth', async () => {
    await fc.assert(
      fc.asyncProperty(fileArbitrary, async ({ text, inputs }) => {
        expect(await runFile(text, inputs)).toEqual(evaluateGateByGate(text, inputs));
      }),
      { numRuns: 400 },
    );
  });

  test('makes one AND operation of all ANDs of a depth', () => {
    fc.assert(
      fc.property(fileArbitrary, ({ text }) => {
        const { circuit } = importBristol(text);
        const layers = circuit.layers.filter((_, index) => circuit.operations[index]!.kind === 'and');
        expect(layers).toEqual(Array.from({ length: circuit.depth }, (_, index) => index + 1));
      }),
    );
  });

  test('names the values after their place', () => {
    const { circuit, inputs, outputs } = importBristol('1 4\n2 1 2\n2 1 1\n2 1 0 2 3 AND\n');
    expect(inputs).toEqual([
      { name: 'input/0', bits: 1 },
      { name: 'input/1', bits: 2 },
    ]);
    expect(outputs).toEqual([
      { name: 'output/0', bits: 1 },
      { name: 'output/1', bits: 1 },
    ]);
    expect(circuit.outputs.map(({ name }) => name)).toEqual(['output/0', 'output/1']);
  });

  test('does not delay a shallow gate behind a deep one that is written first', async () => {
    const text = '4 8\n1 4\n1 1\n2 1 0 1 4 AND\n2 1 4 2 5 AND\n2 1 2 3 6 AND\n2 1 5 6 7 AND\n';
    expect(await runFile(text, [15n])).toEqual({ outputs: [1n], ands: 4, depth: 3 });
  });

  test('imports a circuit without gates: outputs that are inputs', async () => {
    expect(await runFile('0 5\n2 2 3\n2 1 3\n', [2n, 5n])).toMatchObject({ outputs: [1n, 5n], ands: 0 });
  });

  test('refuses a serial chain of too many levels', () => {
    const gates = 2 ** 17;
    const chain = Array.from({ length: gates }, (_, gate) => `2 1 0 ${gate + 1} ${gate + 2} XOR`);
    const text = [`${gates} ${gates + 2}`, '1 2', '1 1', ...chain].join('\n');
    expect(() => importBristol(text)).toThrowError(expect.objectContaining({ code: 'BRISTOL_OVER_BOUND' }));
  });
});
