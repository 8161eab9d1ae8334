/** The published circuits among three parties: the same answers, and as many rounds as their AND depth and a constant. */

import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../functions/system-clock.ts';
import { prepareEvaluation } from '../../../mpc/bristol/evaluate.ts';
import { cost } from '../../../mpc/circuit/cost.ts';
import { runLocally } from '../../../mpc/protocols/local-run.ts';
import { predictCost } from '../../../mpc/protocols/protocol.ts';
import { THREE_PARTY_MANIFESTS, type ThreePartyName } from '../../../mpc/protocols/three-party.ts';
import { AES_ANSWERS, readStandard, standardFilesAbsent, WORD_FUNCTIONS } from './standard-files.ts';

/** Rounds beside the AND layers: opening, and three for the check. */
const EXTRA_ROUNDS = { replicated: 1, verified: 4 } as const;

async function expectAnswer(
  file: string,
  inputs: readonly string[],
  answer: string,
  depth: number,
  protocol: ThreePartyName,
): Promise<void> {
  const prepared = prepareEvaluation(readStandard(file), inputs);
  const { outputs, counters } = await runLocally(prepared.circuit, prepared.inputs, {
    protocol,
    clock: systemClock,
    random: randomBytes,
  });
  expect(prepared.hexOutputs(outputs)).toEqual([answer]);
  const { bytes } = predictCost(THREE_PARTY_MANIFESTS[protocol], cost(prepared.circuit));
  const counted = { rounds: depth + EXTRA_ROUNDS[protocol], bytesSent: bytes };
  expect(counters).toEqual([counted, counted, counted]);
}

const hex = (value: bigint) => `0x${BigInt.asUintN(64, value).toString(16).padStart(16, '0')}`;

describe.skipIf(standardFilesAbsent).each(['replicated', 'verified'] as const)('%s', (protocol) => {
  test.each(AES_ANSWERS)('aes_128.txt, FIPS 197 %s', async (_, key, plaintext, ciphertext) => {
    await expectAnswer('aes_128.txt', [key, plaintext], ciphertext, 60, protocol);
  });

  test.each(WORD_FUNCTIONS)('%s', async (file, compute) => {
    for (const [left, right] of [
      [2n ** 64n - 1n, 2n ** 64n - 1n],
      [0x0123456789abcdefn, 0xfedcba9876543210n],
    ] as const) {
      await expectAnswer(file, [hex(left), hex(right)], hex(compute(left, right)), 63, protocol);
    }
  });
});
