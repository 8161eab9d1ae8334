/**
 * The kit on a protocol of one's own: three parties that hold a replicated sharing of x and open it without asking anybody
 * whether the share they were sent is the right one.
 */

import { expect, test } from 'vitest';
import { BitVector, xorVectors } from '../../mpc/bits/bit-vector.ts';
import { nextParty, PARTIES, previousParty } from '../../mpc/party.ts';
import { openShares } from '../../mpc/protocols/replicated/opening.ts';
import { EVALUATED, expectSafe, outcomeOfParty, type PartyProgram, runThree } from './kit.ts';
import { attackWith, type Mutation } from './mutation.ts';
import { dealInputs } from './programs.ts';

const secret = new Map([['x', BitVector.fromBits([1, 0, 1, 1, 0, 0, 1, 0])]]);
const shares = dealInputs(secret, 'example');

/** What is under test: a function of a party's links, masks and randomness. */
const trusting: PartyProgram = async ({ party, links }) => {
  const { first, second } = shares[party].get('x')!;
  await links.send('share', new Map([[nextParty(party), first.toBytes()]]));
  const third = BitVector.fromBytes(await links.receive('share', previousParty(party)), 8);
  return new Map([['x', xorVectors(xorVectors(first, second), third)]]);
};

const flipFirstBit: Mutation = {
  where: 'message',
  change: (bytes) => bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte)),
};

test.each(PARTIES)('party %i makes its next party accept a wrong x', async (corrupt) => {
  const run = await runThree({
    seed: 'example',
    program: trusting,
    ...attackWith(corrupt, { step: 'share', to: 'next' }, flipFirstBit),
  });
  expect(outcomeOfParty(run, nextParty(corrupt))).toBe('outputs');
  expect(() => expectSafe(run, secret, { codes: ['CHANNEL_TIMEOUT'] })).toThrow('accepted a wrong output');
});

test.each(PARTIES)('with a hash from the other neighbour party %i is caught', async (corrupt) => {
  const run = await runThree({
    seed: 'example',
    program: async ({ party, links, mark }) => {
      mark(EVALUATED);
      return openShares(links, shares[party]);
    },
    ...attackWith(corrupt, { step: 'open', to: 'next' }, flipFirstBit),
  });
  expectSafe(run, secret, { codes: ['REVEAL_MISMATCH'], opening: { step: 'open', after: [] } });
  expect(outcomeOfParty(run, nextParty(corrupt))).toBe('REVEAL_MISMATCH');
});
