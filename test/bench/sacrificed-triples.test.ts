/**
 * The measured alternative must be a working protocol, or its figures say nothing: right results, exact costs, every
 * single lie found, and bad triples found where they meet no equally bad AND.
 */

import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { bucketsOf, type TripleSettings, tripleManifest } from '../../bench/sacrificed-triples/buckets.ts';
import { SacrificedTriplesProtocol } from '../../bench/sacrificed-triples/protocol.ts';
import { BitVector } from '../../mpc/bits/bit-vector.ts';
import { createMemoryNetwork } from '../../mpc/channels/memory.ts';
import { CircuitBuilder } from '../../mpc/circuit/builder.ts';
import type { Circuit } from '../../mpc/circuit/circuit.ts';
import { cost } from '../../mpc/circuit/cost.ts';
import { PARTIES, type PartyIndex, previousParty } from '../../mpc/party.ts';
import { ClearProtocol } from '../../mpc/protocols/clear.ts';
import { predictCost } from '../../mpc/protocols/protocol.ts';
import { openSession } from '../../mpc/session/session.ts';
import { type Alteration, corruptLinks } from '../support/corrupt-party.ts';
import { shareInputs, testParameters } from '../support/world.ts';

const WAYS: readonly TripleSettings[] = [
  { errorBits: 40, against: 'kept-triple', unit: 'triple' },
  { errorBits: 40, against: 'gate', unit: 'triple' },
  { errorBits: 40, against: 'gate', unit: 'word' },
];

/** Of the runs with a liar. */
const LANES = 500;

/** How much longer the others may go on once an honest party has refused; then their sessions are closed. */
const AFTER_REFUSAL_MS = 150;

/** Three layers; two operations in the first, neither of whole bytes. */
function testCircuit(lanes: number): Circuit {
  const builder = new CircuitBuilder();
  const x = builder.input('x', lanes);
  const y = builder.input('y', lanes);
  const left = builder.and(x, y);
  const right = builder.and(builder.not(x), y);
  const both = builder.concat([builder.and(left, builder.not(right)), y]);
  builder.output('z', builder.and(both, builder.not(builder.concat([right, left]))));
  return builder.build();
}

async function run(
  settings: TripleSettings,
  lanes: number,
  corruption?: { readonly party: PartyIndex; readonly alter: Alteration },
) {
  const circuit = testCircuit(lanes);
  const clear = new Map(
    ['x', 'y'].map((name) => {
      const bits = BitVector.fromBits(Array.from(randomBytes(lanes), (byte) => (byte & 1) === 1));
      return [name, bits] as const;
    }),
  );
  const reference = new ClearProtocol();
  const expected = await reference.open(await reference.evaluate(circuit, clear));
  const inputs = shareInputs(clear);
  const sessions = await Promise.all(
    createMemoryNetwork().map((channel) =>
      openSession(
        testParameters(channel, {
          messageTimeoutMs: 20_000,
        }),
      ),
    ),
  );
  const closeAll = () => {
    for (const session of sessions) session.close();
  };
  const results = await Promise.allSettled(
    PARTIES.map(async (party) => {
      const { links: honest, prss } = sessions[party]!;
      const links = corruption?.party === party ? corruptLinks(honest, corruption.alter) : honest;
      const protocol = new SacrificedTriplesProtocol({ links, prss, settings });
      try {
        return await protocol.open(await protocol.evaluate(circuit, inputs[party]));
      } catch (error) {
        if (party !== corruption?.party) setTimeout(closeAll, AFTER_REFUSAL_MS);
        throw error;
      }
    }),
  );
  closeAll();
  const predicted = predictCost(tripleManifest(settings), cost(circuit));
  return { circuit, expected, results, predicted, counters: sessions.map(({ links }) => links.counters()) };
}

/** @returns what every party ended with */
async function runWith(
  settings: TripleSettings,
  party: PartyIndex,
  target: string,
  change: (bytes: Uint8Array) => void,
): Promise<readonly string[]> {
  const alter: Alteration = (step, _to, bytes) => {
    if (step === target) change(bytes);
    return bytes;
  };
  const { results } = await run(settings, LANES, { party, alter });
  return codesOf(results);
}

function flipFirstBit(bytes: Uint8Array): void {
  bytes[0]! ^= 1;
}

function codesOf(results: readonly PromiseSettledResult<unknown>[]): readonly string[] {
  return results.map((result) => (result.status === 'rejected' ? result.reason.code : 'OPENED'));
}

describe.each(WAYS)('against $against, by the $unit', (settings) => {
  test.each([1, 7, 33, 500, 3000])('%i lanes: right results, predicted rounds and bytes', async (lanes) => {
    const { expected, results, predicted, counters } = await run(settings, lanes);
    expect(codesOf(results)).toEqual(['OPENED', 'OPENED', 'OPENED']);
    for (const result of results) {
      if (result.status === 'fulfilled') expect(result.value.get('z')?.equals(expected.get('z')!)).toBe(true);
    }
    for (const { rounds, bytesSent } of counters) {
      expect({ rounds, bytes: bytesSent }).toEqual({ rounds: predicted.rounds, bytes: predicted.bytes });
    }
  });

  describe.concurrent.each(PARTIES)('party %i lies', (party) => {
    const previous = previousParty(party);

    test('one bit in any step: no honest party accepts, and a lie before the end opens nothing to the liar', async () => {
      const steps = ['and/1', 'and/2', 'and/3', 'check/coin', 'check/open', 'check/compare', 'open'];
      const outcomes = await Promise.all(steps.map((step) => runWith(settings, party, step, flipFirstBit)));
      outcomes.forEach((codes, index) => {
        for (const honest of PARTIES) {
          if (honest !== party)
            expect({ step: steps[index], code: codes[honest] }).not.toMatchObject({ code: 'OPENED' });
        }
        // The party before the liar holds what the liar lacks; the last two lies come too late for it to refuse.
        if (index < 5)
          expect({ step: steps[index], code: codes[party] }).not.toMatchObject({ code: 'OPENED' });
      });
      for (const codes of outcomes.slice(0, 3)) expect(codes[previous]).toBe('CHECK_DIFFERS');
    });

    test('one wrong triple', async () => {
      const codes = await runWith(settings, party, 'and/1', (bytes) => {
        bytes[bytes.length - 9]! ^= 16;
      });
      expect(['CHECK_DIFFERS', 'TRIPLE_OPENED_WRONG']).toContain(codes[previous]);
    });

    test('a wrong AND and a wrong triple in the same place of every array', async () => {
      const { words, triples } = bucketsOf(cost(testCircuit(LANES)), settings);
      const arrayBytes = 4 * (words + 1);
      const codes = await runWith(settings, party, 'and/1', (bytes) => {
        flipFirstBit(bytes);
        const start = bytes.length - triples * arrayBytes;
        for (let array = 0; array < triples; array++) bytes[start + array * arrayBytes]! ^= 1;
      });
      expect(['CHECK_DIFFERS', 'TRIPLE_OPENED_WRONG']).toContain(codes[previous]);
    });
  });
});

test('sizes of buckets: the ten bits of Furukawa et al. and the seven of Araki et al. at 2^20 ANDs and 2^-40', () => {
  const layers = [{ ands: 2 ** 20, bytes: 2 ** 17 }];
  const circuit = { depth: 1, ands: 2 ** 20, layers, outputLanes: [] };
  expect(bucketsOf(circuit, { errorBits: 40, against: 'kept-triple', unit: 'triple' }).triples).toBe(3);
  expect(bucketsOf(circuit, { errorBits: 40, against: 'gate', unit: 'triple' }).triples).toBe(2);
  expect(bucketsOf(circuit, { errorBits: 40, against: 'gate', unit: 'word' }).triples).toBe(3);
  expect(bucketsOf(circuit, { errorBits: 60, against: 'gate', unit: 'triple' }).triples).toBe(3);
});
