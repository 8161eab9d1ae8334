/**
 * The circuits published with the format, against answers that nobody here wrote: FIPS 197 and plain arithmetic.
 */

import { createCipheriv, createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluateBristol } from '../../../mpc/bristol/evaluate.ts';
import { exportBristol } from '../../../mpc/bristol/export.ts';
import { importBristol } from '../../../mpc/bristol/import.ts';
import { cost } from '../../../mpc/circuit/cost.ts';
import { evaluateGateByGate } from './gate-by-gate.ts';
import { evaluateClear, runFile } from './run-file.ts';
import { AES_ANSWERS, readStandard, standardFilesAbsent, WORD_FUNCTIONS } from './standard-files.ts';

const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe.skipIf(standardFilesAbsent)('standard circuits', () => {
  test.each(WORD_FUNCTIONS)('%s is arithmetic modulo 2^64', async (file, compute) => {
    const text = readStandard(file);
    await fc.assert(
      fc.asyncProperty(word, word, async (left, right) => {
        const { outputs } = await runFile(text, [left, right]);
        expect(outputs).toEqual([BigInt.asUintN(64, compute(left, right))]);
      }),
      {
        numRuns: 15,
        examples: [
          [0n, 0n],
          [2n ** 64n - 1n, 1n],
          [0n, 1n],
          [2n ** 64n - 1n, 2n ** 64n - 1n],
        ],
      },
    );
  });

  test.each(AES_ANSWERS)(
    'aes_128.txt gives the answer of FIPS 197 %s',
    async (_, key, plaintext, ciphertext) => {
      const result = await evaluateBristol(readStandard('aes_128.txt'), [key, plaintext], evaluateClear);
      expect(result).toEqual([ciphertext]);
    },
  );

  test('aes_128.txt agrees with another implementation on random blocks', async () => {
    const text = readStandard('aes_128.txt');
    const block = fc.uint8Array({ minLength: 16, maxLength: 16 });
    await fc.assert(
      fc.asyncProperty(block, block, async (key, plaintext) => {
        const cipher = createCipheriv('aes-128-ecb', createSecretKey(key), null);
        const expected = `0x${cipher.update(plaintext).toString('hex')}`;
        const inputs = [key, plaintext].map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`);
        expect(await evaluateBristol(text, inputs, evaluateClear)).toEqual([expected]);
      }),
      { numRuns: 5 },
    );
  });

  test.each([
    ['adder64.txt', { ands: 63, depth: 63 }],
    ['sub64.txt', { ands: 63, depth: 63 }],
    ['mult64.txt', { ands: 4033, depth: 63 }],
    ['aes_128.txt', { ands: 6400, depth: 60 }],
  ])('%s keeps its published ANDs and depth, imported and exported again', (file, published) => {
    const text = readStandard(file);
    const { circuit } = importBristol(text);
    const { ands, depth } = cost(circuit);
    expect({ ands, depth }).toEqual(published);
    const exported = exportBristol(circuit);
    const values = importBristol(text).inputs.map((_, index) => 0x0123456789abcdefn << BigInt(3 * index));
    expect(evaluateGateByGate(exported, values)).toEqual(evaluateGateByGate(text, values));
  });
});
