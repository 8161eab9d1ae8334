/**
 * The circuits published with the format, against answers that nobody here wrote: FIPS 197 and plain arithmetic.
 *
 * The files are third-party data that the project carries no copy of. They are looked for in the folder that
 * TACIT_CIRCUITS names, else in ../shared/circuits beside the checkout.
 */

import { createCipheriv, createSecretKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluateBristol } from '../../../mpc/bristol/evaluate.ts';
import { exportBristol } from '../../../mpc/bristol/export.ts';
import { importBristol } from '../../../mpc/bristol/import.ts';
import { cost } from '../../../mpc/circuit/cost.ts';
import { evaluateGateByGate } from './gate-by-gate.ts';
import { evaluateClear, runFile } from './run-file.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = resolve(root, process.env['TACIT_CIRCUITS'] ?? '../shared/circuits');
const absent = !existsSync(folder);
if (absent) {
  console.warn('skipped: no standard circuits; set TACIT_CIRCUITS to a folder with aes_128.txt and others');
}

function readCircuit(file: string): string {
  return readFileSync(join(folder, file), 'utf8');
}

const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe.skipIf(absent)('standard circuits', () => {
  test.each([
    ['adder64.txt', (left: bigint, right: bigint) => left + right],
    ['sub64.txt', (left: bigint, right: bigint) => left - right],
    ['mult64.txt', (left: bigint, right: bigint) => left * right],
  ])('%s is arithmetic modulo 2^64', async (file, compute) => {
    const text = readCircuit(file);
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

  test.each([
    [
      'appendix B',
      '0x2b7e151628aed2a6abf7158809cf4f3c',
      '0x3243f6a8885a308d313198a2e0370734',
      '0x3925841d02dc09fbdc118597196a0b32',
    ],
    [
      'appendix C.1',
      '0x000102030405060708090a0b0c0d0e0f',
      '0x00112233445566778899aabbccddeeff',
      '0x69c4e0d86a7b0430d8cdb78070b4c55a',
    ],
  ])('aes_128.txt gives the answer of FIPS 197 %s', async (_, key, plaintext, ciphertext) => {
    const result = await evaluateBristol(readCircuit('aes_128.txt'), [key, plaintext], evaluateClear);
    expect(result).toEqual([ciphertext]);
  });

  test('aes_128.txt agrees with another implementation on random blocks', async () => {
    const text = readCircuit('aes_128.txt');
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
    const text = readCircuit(file);
    const { circuit } = importBristol(text);
    const { ands, depth } = cost(circuit);
    expect({ ands, depth }).toEqual(published);
    const exported = exportBristol(circuit);
    const values = importBristol(text).inputs.map((_, index) => 0x0123456789abcdefn << BigInt(3 * index));
    expect(evaluateGateByGate(exported, values)).toEqual(evaluateGateByGate(text, values));
  });
});
