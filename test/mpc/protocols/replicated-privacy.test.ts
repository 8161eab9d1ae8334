/**
 * What one party sees of an AND is distributed alike whatever the secrets are.
 *
 * View of party i in one lane: its four summands of x and y, the product summand it computes and the one it
 * receives: 6 bits. Hypothesis: for each of the four secrets (x, y) the 64 views are equally likely. Sample: 2^18
 * lanes a secret, 4096 expected in each cell. Statistic: chi-square with 63 degrees of freedom. Threshold: 180,
 * exceeded by chance with probability below 10^-12 a test; 12 tests. The same test with masks of zero must fail.
 */

import { expect, test } from 'vitest';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { createMemoryNetwork } from '../../../mpc/channels/memory.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import { nextParty, PARTIES, previousParty } from '../../../mpc/party.ts';
import { ReplicatedProtocol } from '../../../mpc/protocols/replicated/replicated.ts';
import type { Prss } from '../../../mpc/random/prss.ts';
import type { Links } from '../../../mpc/session/links.ts';
import { openSession } from '../../../mpc/session/session.ts';
import { shareInputs, testParameters } from '../../support/world.ts';

const LANES = 2 ** 18;
const CELLS = 64;
const THRESHOLD = 180;

/** The greatest chi-square over parties and secrets. */
async function worstStatistic(masked: boolean): Promise<number> {
  let worst = 0;
  for (const [x, y] of [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ] as const) {
    for (const statistic of await statisticsOf(constantBits(x), constantBits(y), masked)) {
      worst = Math.max(worst, statistic);
    }
  }
  return worst;
}

async function statisticsOf(x: BitVector, y: BitVector, masked: boolean): Promise<number[]> {
  const builder = new CircuitBuilder();
  builder.output('product', builder.and(builder.input('x', LANES), builder.input('y', LANES)));
  const circuit = builder.build();
  const inputs = shareInputs(
    new Map([
      ['x', x],
      ['y', y],
    ]),
  );
  const sessions = await Promise.all(
    createMemoryNetwork().map((channel) => openSession(testParameters(channel))),
  );
  return Promise.all(
    PARTIES.map(async (party) => {
      const { links, prss } = sessions[party]!;
      const seen = new Map<string, Uint8Array>();
      const recording: Links = {
        self: links.self,
        send: (step, parcels) => {
          seen.set(`${step} sent`, Uint8Array.from(parcels.get(previousParty(party))!));
          return links.send(step, parcels);
        },
        receive: async (step, from) => {
          const message = await links.receive(step, from);
          if (from === nextParty(party)) seen.set(`${step} received`, Uint8Array.from(message));
          return message;
        },
        counters: () => links.counters(),
      };
      const protocol = new ReplicatedProtocol({ links: recording, prss: masked ? prss : withoutMasks(prss) });
      await protocol.evaluate(circuit, inputs[party]);
      sessions[party]!.close();
      const own = ['x', 'y'].map((name) => inputs[party].get(name)!);
      const bits = [
        ...own.flatMap(({ first, second }) => [first, second]),
        ...['and/1 sent', 'and/1 received'].map((name) => BitVector.fromBytes(seen.get(name)!, LANES)),
      ];
      return chiSquare(bits);
    }),
  );
}

function chiSquare(bits: readonly BitVector[]): number {
  const counts = new Array<number>(CELLS).fill(0);
  for (let lane = 0; lane < LANES; lane++) {
    const cell = bits.reduce((sum, vector, position) => sum | (vector.get(lane) << position), 0);
    counts[cell]! += 1;
  }
  const expected = LANES / CELLS;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function constantBits(bit: 0 | 1): BitVector {
  return bit === 1 ? BitVector.ones(LANES) : BitVector.zeros(LANES);
}

/** The planted leak. */
function withoutMasks(prss: Prss): Prss {
  return { ...prss, zeroStream: () => ({ fill: (target) => void target.fill(0) }) };
}

test('the view of each party is uniform for all four pairs of secrets', async () => {
  expect(await worstStatistic(true)).toBeLessThan(THRESHOLD);
});

test('the same statistic catches a protocol without masks', async () => {
  expect(await worstStatistic(false)).toBeGreaterThan(100 * THRESHOLD);
});
