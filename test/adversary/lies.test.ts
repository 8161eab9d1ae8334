/**
 * A party that lies in what it computes, for each party and each kind of lie: the honest ones have the right outputs or a
 * named abort.
 */

import { describe, expect, test } from 'vitest';
import { type BitVector, notVector } from '../../mpc/bits/bit-vector.ts';
import { cost } from '../../mpc/circuit/cost.ts';
import { nextParty, PARTIES, type PartyIndex, previousParty } from '../../mpc/party.ts';
import { ReplicatedVector } from '../../mpc/protocols/replicated/shares.ts';
import type { AndLog } from '../../mpc/protocols/verified/and-log.ts';
import type { Prss } from '../../mpc/random/prss.ts';
import { forEachParty } from '../support/world.ts';
import { dissectedVerified, flipLane, type Lies } from './dissected.ts';
import { endingsOf, expectSafe, outcomeOfParty, type PartyProgram, type Run, runThree } from './kit.ts';
import { layeredCase, layeredCircuit } from './layered-case.ts';
import { interceptLinks } from './mutation.ts';
import { protocolProgram, type SharedInputs, verifiedRules } from './programs.ts';

const subject = await layeredCase('lies');
const { circuit, inputs, expected } = subject;
const rules = verifiedRules(circuit);

async function runLiar(corrupt: PartyIndex, title: string, program: PartyProgram): Promise<Run> {
  const run = await runThree({
    seed: `${title}, party ${corrupt}`,
    program: subject.program,
    corruption: { party: corrupt, program },
  });
  expectSafe(run, expected, rules);
  return run;
}

const flipFirst = ({ first, second }: ReplicatedVector) => new ReplicatedVector(notVector(first), second);
const flipSecond = ({ first, second }: ReplicatedVector) => new ReplicatedVector(first, notVector(second));

function withInput(name: string, change: (share: ReplicatedVector) => ReplicatedVector) {
  return forEachParty((party): SharedInputs => {
    const share = inputs[party].get(name)!;
    return new Map([...inputs[party], [name, change(share)]]);
  });
}

function flipInLog(vector: 'firstX' | 'secondX' | 'leftTerms' | 'rightTerms', lane: number) {
  return (log: AndLog): void => {
    const words = log.batches()[0]![vector];
    words[lane >> 5]! ^= 1 << (lane & 31);
  };
}

test.each(PARTIES)('party %i taken apart, without a lie, is a party like the others', async (corrupt) => {
  const run = await runLiar(corrupt, 'no lie', dissectedVerified(circuit, inputs));
  expect(run.results.map(({ ended }) => ended)).toEqual(['outputs', 'outputs', 'outputs']);
});

describe.each(PARTIES)('party %i', (corrupt) => {
  const previous = previousParty(corrupt);
  const next = nextParty(corrupt);

  test.each(['x', 'y', 'z'])('uses other input shares of %s', async (name) => {
    for (const change of [flipFirst, flipSecond]) {
      const program = protocolProgram('verified', circuit, withInput(name, change));
      const run = await runLiar(corrupt, `input ${name} ${change.name}`, program);
      expect(endingsOf(run)).not.toEqual(['outputs', 'outputs']);
    }
  });

  test('leaves a NOT out, or takes another constant', async () => {
    for (const lie of [{ skipNot: true }, { otherConstant: true }]) {
      const program = protocolProgram('verified', layeredCircuit(lie), inputs);
      const run = await runLiar(corrupt, JSON.stringify(lie), program);
      // Party 1 holds no part of the summand that constants touch, so its lie is none.
      if (corrupt === 1) expect(endingsOf(run)).toEqual(['outputs', 'outputs']);
      else expect(endingsOf(run)).not.toEqual(['outputs', 'outputs']);
    }
  });

  test('adds an error to any one AND, in its message and in all it does later', async () => {
    for (const { bytes, layer } of cost(circuit).layers.map((each, index) => ({
      ...each,
      layer: index + 1,
    }))) {
      for (const lane of [0, 1, 17, bytes * 8 - 1]) {
        const lies: Lies = {
          product: (at, sent) => {
            if (at === layer) flipLane(sent, lane);
          },
        };
        const program = dissectedVerified(circuit, inputs, lies);
        const run = await runLiar(corrupt, `AND ${lane} of layer ${layer}`, program);
        expect(endingsOf(run)).toEqual(['CHECK_FAILED', 'CHECK_FAILED']);
      }
    }
  });

  test('proves other values than it computed with', async () => {
    const program = dissectedVerified(circuit, inputs, { log: flipInLog('firstX', 3) });
    expect(endingsOf(await runLiar(corrupt, 'proof', program))).toEqual(['CHECK_FAILED', 'CHECK_FAILED']);
  });

  test('sends a wrong AND and proves values for which it would have been right', async () => {
    const lane = onesOf(inputs[corrupt].get('y')!.second)[0]!;
    const program = dissectedVerified(circuit, inputs, {
      // z_P contains x_P (y_P ^ y_{P+1}): with y_{P+1} = 1, the equation's left side changes with x_P alone.
      product: (layer, sent) => {
        if (layer === 1) flipLane(sent, lane);
      },
      log: flipInLog('firstX', lane),
    });
    const run = await runLiar(corrupt, 'consistent proof', program);
    expect(endingsOf(run)).toEqual(['CHECK_FAILED', 'CHECK_FAILED']);
  });

  test('verifies its neighbours against other values, so that honest ones are accused', async () => {
    for (const [vector, victim] of [
      ['leftTerms', previous],
      ['rightTerms', next],
    ] as const) {
      const program = dissectedVerified(circuit, inputs, { log: flipInLog(vector, 5) });
      const run = await runLiar(corrupt, `verdict ${vector}`, program);
      expect(outcomeOfParty(run, victim)).toBe('CHECK_FAILED');
    }
  });

  test('opens other output shares, with a hash that fits', async () => {
    const share = dissectedVerified(circuit, inputs, { outputs: flipFirst });
    expect(outcomeOfParty(await runLiar(corrupt, 'share', share), next)).toBe('REVEAL_MISMATCH');
    const hash = dissectedVerified(circuit, inputs, { outputs: flipSecond });
    expect(outcomeOfParty(await runLiar(corrupt, 'hash', hash), previous)).toBe('REVEAL_MISMATCH');
  });

  test('opens without a check, or without having computed anything', async () => {
    const unchecked = dissectedVerified(circuit, inputs, { skipCheck: true });
    const early: PartyProgram = async (context) => {
      await context.links.send(
        'open',
        new Map([
          [next, new Uint8Array(12)],
          [previous, new Uint8Array(32)],
        ]),
      );
      return subject.program(context);
    };
    expect(endingsOf(await runLiar(corrupt, 'no check', unchecked))).toEqual([
      'CHANNEL_TIMEOUT',
      'CHANNEL_TIMEOUT',
    ]);
    await runLiar(corrupt, 'nothing', early);
  });

  test('sends the seed of its coefficients before the ANDs: it gives nobody but itself away', async () => {
    const program: PartyProgram = async (context) => {
      const prss = rememberingDraws(context.prss);
      const seed = prss.common('previous', 'check/seed', 16);
      await context.links.send('check/seed', new Map([[next, seed]]));
      const links = interceptLinks(context.links, async (sending) => {
        if (sending.step !== 'check/seed') await sending.send(sending.parcels);
      });
      return subject.program({ ...context, links, prss });
    };
    const run = await runLiar(corrupt, 'early seed', program);
    expect(endingsOf(run)).toEqual(['outputs', 'outputs']);
  });
});

function onesOf(vector: BitVector): readonly number[] {
  return Array.from({ length: vector.lanes }, (_, lane) => lane).filter((lane) => vector.get(lane) === 1);
}

function rememberingDraws(prss: Prss): Prss {
  const draws = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    zeroShare: (step, lanes) => prss.zeroShare(step, lanes),
    zeroStream: (step) => prss.zeroStream(step),
    commonStream: (peer, step) => prss.commonStream(peer, step),
    common: (peer, step, bytes) => {
      const key = `${peer} ${step}`;
      const drawn = draws.get(key) ?? prss.common(peer, step, bytes);
      draws.set(key, drawn);
      return drawn.slice();
    },
  };
}
