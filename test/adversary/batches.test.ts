/**
 * The edges of what is checked: the last AND of a batch, the first of the next, padding between operations; and proofs of
 * one batch in the place of another.
 */

import { describe, expect, test } from 'vitest';
import { BitVector } from '../../mpc/bits/bit-vector.ts';
import { concatBytes } from '../../mpc/bytes.ts';
import { CircuitBuilder } from '../../mpc/circuit/builder.ts';
import { nextParty, PARTIES, peersOf, previousParty } from '../../mpc/party.ts';
import { MAX_BATCH_COLUMNS, ROWS } from '../../mpc/protocols/verified/and-log.ts';
import { checkRoundsOf, ROUND_BYTES } from '../../mpc/protocols/verified/shape.ts';
import { ELEMENT_BYTES, NONCE_BYTES } from '../../mpc/protocols/verified/transcript.ts';
import { dissectedVerified, flipLane } from './dissected.ts';
import { endingsOf, expectSafe, outcomeOfParty, runThree } from './kit.ts';
import { attackWith, type Mutation } from './mutation.ts';
import { dealInputs, plainOutputs, protocolProgram, verifiedRules } from './programs.ts';

const BATCH = MAX_BATCH_COLUMNS * ROWS;

describe('two full batches', () => {
  const builder = new CircuitBuilder();
  builder.output('out', builder.and(builder.input('x', 2 * BATCH), builder.input('y', 2 * BATCH)));
  const circuit = builder.build();
  const clear = new Map(['x', 'y'].map((name) => [name, BitVector.ones(2 * BATCH)]));
  const inputs = dealInputs(clear, 'batches');
  const program = protocolProgram('verified', circuit, inputs);

  test.each([
    [0, BATCH - 1],
    [1, BATCH],
    [1, 2 * BATCH - 1],
  ])('an error in batch %i, AND %i, is found there', async (batch, lane) => {
    const run = await runThree({
      seed: `batch ${lane}`,
      program,
      corruption: {
        party: 1,
        program: dissectedVerified(circuit, inputs, { product: (_, sent) => flipLane(sent, lane) }),
      },
    });
    expectSafe(run, await plainOutputs(circuit, clear), verifiedRules(circuit));
    for (const peer of peersOf(1)) {
      expect(run.results[peer]).toMatchObject({
        error: { code: 'CHECK_FAILED', facts: { batch, prover: 1 } },
      });
    }
  });

  test('the proofs of two batches exchanged, to one verifier or to both', async () => {
    const rounds = checkRoundsOf(MAX_BATCH_COLUMNS);
    const toRight = NONCE_BYTES + rounds * ROUND_BYTES;
    const toLeft = rounds * ELEMENT_BYTES;
    const exchanged: Mutation = {
      where: 'message',
      change: (bytes, { party, to }) => {
        const start = to === nextParty(party) ? ELEMENT_BYTES : 0;
        const length = to === nextParty(party) ? toRight : toLeft;
        return concatBytes([
          bytes.subarray(0, start),
          bytes.subarray(start + length),
          bytes.subarray(start, start + length),
        ]);
      },
    };
    for (const target of [
      { step: 'check/proof' },
      { step: 'check/proof', to: 'next' } as const,
      { step: 'check/proof', to: 'previous' } as const,
    ]) {
      const run = await runThree({ seed: 'exchanged', program, ...attackWith(0, target, exchanged) });
      expect(endingsOf(run)).toEqual(['CHECK_CHALLENGES_DIFFER', 'CHECK_CHALLENGES_DIFFER']);
    }
  });
});

test.each(PARTIES)(
  'party %i sets a bit where no AND is: refused before anything is computed with it',
  async (corrupt) => {
    const builder = new CircuitBuilder();
    const x = builder.input('x', 13);
    builder.output('first', builder.and(x, builder.input('y', 13)));
    builder.output('second', builder.and(builder.slice(x, 0, 3), builder.slice(x, 4, 3)));
    const circuit = builder.build();
    const clear = new Map(['x', 'y'].map((name) => [name, BitVector.ones(13)]));
    const program = protocolProgram('verified', circuit, dealInputs(clear, 'padding'));
    for (const position of [13, 15, 19, 23]) {
      const padded: Mutation = {
        where: 'message',
        change: (bytes) => {
          flipLane(bytes, position);
          return bytes;
        },
      };
      const run = await runThree({
        seed: `padding ${position}`,
        program,
        ...attackWith(corrupt, { step: 'and/1' }, padded),
      });
      expectSafe(run, await plainOutputs(circuit, clear), verifiedRules(circuit));
      expect(outcomeOfParty(run, previousParty(corrupt))).toBe('MESSAGE_MALFORMED');
    }
  },
);
