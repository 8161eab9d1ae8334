/**
 * Why the verified protocol exists: in the replicated one a single flipped AND bit makes honest parties accept a wrong output.
 * The same attack on the verified protocol is in lies.test.ts.
 */

import { expect, test } from 'vitest';
import { BitVector } from '../../mpc/bits/bit-vector.ts';
import { CircuitBuilder } from '../../mpc/circuit/builder.ts';
import { nextParty, PARTIES, type PartyIndex, previousParty } from '../../mpc/party.ts';
import { flipLane } from './dissected.ts';
import { endingsOf, expectSafe, outcomeOfParty, runThree } from './kit.ts';
import { interceptLinks } from './mutation.ts';
import { dealInputs, plainOutputs, protocolProgram, VERIFIED_ABORTS } from './programs.ts';

const builder = new CircuitBuilder();
const x = builder.input('x', 8);
builder.output('out', builder.xor(builder.and(x, builder.input('y', 8)), x));
const circuit = builder.build();
const clear = new Map(['x', 'y'].map((name) => [name, BitVector.ones(8)]));
const program = protocolProgram('replicated', circuit, dealInputs(clear, 'weakness'));
const right = await plainOutputs(circuit, clear);
const rules = { codes: VERIFIED_ABORTS };

/** Flips one bit in the messages of these steps; of the opening, in the share and not in the hash. */
function flipIn(steps: readonly string[], corrupt: PartyIndex) {
  return runThree({
    seed: `weakness ${steps.join()}`,
    program,
    corruption: {
      party: corrupt,
      links: (links) =>
        interceptLinks(links, ({ step, parcels, send }) => {
          for (const [to, bytes] of parcels) {
            if (steps.includes(step) && (step !== 'open' || to === nextParty(corrupt))) flipLane(bytes, 2);
          }
          return send(parcels);
        }),
    },
  });
}

test.each(PARTIES)(
  'party %i flips an AND bit, and its previous party accepts a wrong output',
  async (corrupt) => {
    const run = await flipIn(['and/1'], corrupt);
    expect(outcomeOfParty(run, previousParty(corrupt))).toBe('outputs');
    expect(outcomeOfParty(run, nextParty(corrupt))).toBe('REVEAL_MISMATCH');
    expect(() => expectSafe(run, right, rules)).toThrow('accepted a wrong output');
  },
);

test.each(PARTIES)('party %i flips it in the opening as well, and both accept it', async (corrupt) => {
  const run = await flipIn(['and/1', 'open'], corrupt);
  expect(endingsOf(run)).toEqual(['outputs', 'outputs']);
  expect(() => expectSafe(run, right, rules)).toThrow('accepted a wrong output');
});
