/**
 * What every protocol must do: compute what plain booleans give, and cost exactly what was predicted.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BitVector } from '../../mpc/bits/bit-vector.ts';
import { CircuitBuilder } from '../../mpc/circuit/builder.ts';
import type { Circuit } from '../../mpc/circuit/circuit.ts';
import { cost } from '../../mpc/circuit/cost.ts';
import { type ProtocolManifest, predictCost } from '../../mpc/protocols/protocol.ts';
import type { LinkCounters } from '../../mpc/session/links.ts';
import { circuitArbitrary } from '../support/random-circuit.ts';
import { bitsOf, evaluatePlainly } from '../support/reference/plain-evaluation.ts';

export interface ProtocolRun {
  readonly outputs: ReadonlyMap<string, BitVector>;
  /** One for each party that sends; none for a protocol of one party. */
  readonly counters: readonly LinkCounters[];
}

export interface ProtocolUnderTest {
  readonly manifest: ProtocolManifest;
  run(circuit: Circuit, inputs: ReadonlyMap<string, BitVector>): Promise<ProtocolRun>;
}

/** @param runs random circuits to try; fewer for slow channels */
export function describeProtocol(name: string, { manifest, run }: ProtocolUnderTest, runs: number): void {
  describe(`protocol ${name}`, () => {
    test('computes what plain booleans give, at exactly the predicted cost', async () => {
      await fc.assert(
        fc.asyncProperty(circuitArbitrary, async ({ circuit, inputs }) => {
          const { outputs, counters } = await run(circuit, inputs);
          const expected = evaluatePlainly(circuit, inputs);
          expect([...outputs.keys()]).toEqual([...expected.keys()]);
          for (const [output, bits] of outputs) expect(bitsOf(bits)).toEqual(expected.get(output));
          const predicted = predictCost(manifest, cost(circuit));
          expect(counters).toHaveLength(manifest.parties === 1 ? 0 : manifest.parties);
          for (const counted of counters) {
            expect(counted).toEqual({ rounds: predicted.rounds, bytesSent: predicted.bytes });
          }
        }),
        { numRuns: runs },
      );
    });

    test('refuses inputs that are missing, too many or of another width', async () => {
      const builder = new CircuitBuilder();
      const a = builder.input('a', 3);
      builder.output('out', builder.and(a, a));
      const circuit = builder.build();
      const three = BitVector.ones(3);
      for (const inputs of [
        new Map<string, BitVector>(),
        new Map([['a', BitVector.ones(4)]]),
        new Map([
          ['a', three],
          ['b', three],
        ]),
      ]) {
        await expect(run(circuit, inputs)).rejects.toMatchObject({ code: 'CIRCUIT_INPUT_MISMATCH' });
      }
    });
  });
}
