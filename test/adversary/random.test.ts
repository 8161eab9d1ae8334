/**
 * Random circuits, random corrupt parties, random deviations.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteLength } from '../../mpc/bits/bit-vector.ts';
import type { Circuit } from '../../mpc/circuit/circuit.ts';
import { cost } from '../../mpc/circuit/cost.ts';
import { PARTIES } from '../../mpc/party.ts';
import { circuitArbitrary } from '../support/random-circuit.ts';
import { MUTATIONS } from './catalogue.ts';
import { dissectedVerified, flipLane, type Lies } from './dissected.ts';
import { endingsOf, expectSafe, runThree } from './kit.ts';
import { attackWith } from './mutation.ts';
import { dealInputs, plainOutputs, protocolProgram, verifiedRules } from './programs.ts';

test('any deviation at any message of any circuit: right or aborted', async () => {
  const attackArbitrary = fc.record({
    seed: fc.string(),
    corrupt: fc.constantFrom(...PARTIES),
    mutation: fc.constantFrom(...Object.values(MUTATIONS)),
    step: fc.nat(),
    to: fc.constantFrom('next', 'previous', undefined),
  });
  await fc.assert(
    fc.asyncProperty(circuitArbitrary, attackArbitrary, async ({ circuit: any, inputs: clear }, attack) => {
      const steps = ['hello', 'check/seed', 'check/proof', 'check/verdict', 'open'];
      steps.push(...cost(any).layers.map((_, index) => `and/${index + 1}`));
      const step = steps[attack.step % steps.length]!;
      const run = await runThree({
        seed: attack.seed,
        program: protocolProgram('verified', any, dealInputs(clear, attack.seed)),
        earlierAttempt: true,
        ...attackWith(
          attack.corrupt,
          attack.to === undefined ? { step } : { step, to: attack.to },
          attack.mutation(),
        ),
      });
      expectSafe(run, await plainOutputs(any, clear), verifiedRules(any));
    }),
    { numRuns: 60 },
  );
});

test('an error in any AND of any circuit is caught by both neighbours', async () => {
  const gateArbitrary = fc.record({ seed: fc.string(), corrupt: fc.constantFrom(...PARTIES), and: fc.nat() });
  await fc.assert(
    fc.asyncProperty(circuitArbitrary, gateArbitrary, async ({ circuit: any, inputs: clear }, attack) => {
      const gates = andLanesOf(any);
      fc.pre(gates.length > 0);
      const gate = gates[attack.and % gates.length]!;
      const shares = dealInputs(clear, attack.seed);
      const lies: Lies = {
        product: (layer, sent) => {
          if (layer === gate.layer) flipLane(sent, gate.lane);
        },
      };
      const run = await runThree({
        seed: attack.seed,
        program: protocolProgram('verified', any, shares),
        corruption: { party: attack.corrupt, program: dissectedVerified(any, shares, lies) },
      });
      expectSafe(run, await plainOutputs(any, clear), verifiedRules(any));
      expect(endingsOf(run)).toEqual(['CHECK_FAILED', 'CHECK_FAILED']);
    }),
    { numRuns: 60 },
  );
});

/** The bit position of every AND in its layer's message. */
function andLanesOf({ operations, lanes, layers }: Circuit): readonly { layer: number; lane: number }[] {
  const starts = new Map<number, number>();
  return operations.flatMap(({ kind }, position) => {
    if (kind !== 'and') return [];
    const layer = layers[position]!;
    const start = starts.get(layer) ?? 0;
    starts.set(layer, start + byteLength(lanes[position]!) * 8);
    return Array.from({ length: lanes[position]! }, (_, lane) => ({ layer, lane: start + lane }));
  });
}
