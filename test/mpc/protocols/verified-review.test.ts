/**
 * What a reviewer of the verified protocol asked and found no test for: who draws which stream, batches of unlike sizes,
 * operands that are one vector, circuits without ANDs, kernels that sessions share, and what an abort does not promise.
 */

import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { createMemoryNetwork } from '../../../mpc/channels/memory.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import type { Circuit } from '../../../mpc/circuit/circuit.ts';
import { cost } from '../../../mpc/circuit/cost.ts';
import { FieldKernels } from '../../../mpc/kernels/field.ts';
import { nextParty, PARTIES, type PartyIndex, previousParty } from '../../../mpc/party.ts';
import { predictCost } from '../../../mpc/protocols/protocol.ts';
import { MAX_BATCH_COLUMNS, ROWS } from '../../../mpc/protocols/verified/and-log.ts';
import { VERIFIED_MANIFEST } from '../../../mpc/protocols/verified/manifest.ts';
import { DIGEST_BYTES, ELEMENT_BYTES } from '../../../mpc/protocols/verified/transcript.ts';
import { VerifiedProtocol } from '../../../mpc/protocols/verified/verified.ts';
import { createPrss, type Peer, type Prss } from '../../../mpc/random/prss.ts';
import { openSession, type Session } from '../../../mpc/session/session.ts';
import { dissectedVerified, flipLane } from '../../adversary/dissected.ts';
import { endingsOf, expectSafe, outcomeOfParty, runThree } from '../../adversary/kit.ts';
import { attackWith, type Mutation } from '../../adversary/mutation.ts';
import { dealInputs, plainOutputs, protocolProgram, verifiedRules } from '../../adversary/programs.ts';
import { outcomeOf } from '../../support/settle.ts';
import { runParties, shareInputs, testParameters } from '../../support/world.ts';

const BATCH = MAX_BATCH_COLUMNS * ROWS;

const flipFirstBit: Mutation = {
  where: 'message',
  change: (bytes) => {
    flipLane(bytes, 0);
    return bytes;
  },
};

function productOf(lanes: number): Circuit {
  const builder = new CircuitBuilder();
  builder.output('out', builder.and(builder.input('x', lanes), builder.input('y', lanes)));
  return builder.build();
}

function onesFor(lanes: number): ReadonlyMap<string, BitVector> {
  return new Map(['x', 'y'].map((name) => [name, BitVector.ones(lanes)]));
}

/** Outputs that are an input, its complement, a constant and an input twice: nothing to check. */
function withoutAnds(lanes: number): Circuit {
  const builder = new CircuitBuilder();
  const x = builder.input('x', lanes);
  builder.input('y', lanes);
  builder.output('same', x);
  builder.output('negated', builder.not(x));
  builder.output('constant', builder.constant(BitVector.ones(lanes)));
  builder.output('zero', builder.xor(x, x));
  return builder.build();
}

async function openThree(): Promise<readonly Session[]> {
  return Promise.all(
    createMemoryNetwork().map((channel) => openSession(testParameters(channel, { messageTimeoutMs: 2000 }))),
  );
}

function protocolOf({ links, prss }: Session, kernels = new FieldKernels()): VerifiedProtocol {
  return new VerifiedProtocol({ links, prss, kernels, random: randomBytes });
}

describe('streams', () => {
  test('each is drawn once by each of the two parties that know its key, and no key serves two purposes alike', async () => {
    const sessions = await openThree();
    const drawn: string[] = [];
    const watched = (party: PartyIndex, prss: Prss): Prss => {
      const note = (peer: Peer, step: string): void => {
        drawn.push(`k${peer === 'previous' ? party : nextParty(party)} ${step}`);
      };
      return {
        zeroShare: (step, lanes) => prss.zeroShare(step, lanes),
        zeroStream: (step) => prss.zeroStream(step),
        commonStream: (peer, step) => {
          note(peer, step);
          return prss.commonStream(peer, step);
        },
        common: (peer, step, bytes) => {
          note(peer, step);
          return prss.common(peer, step, bytes);
        },
      };
    };
    const shares = shareInputs(onesFor(70));
    await Promise.all(
      PARTIES.map((party) => {
        const session = sessions[party]!;
        const prss = watched(party, session.prss);
        return protocolOf({ ...session, links: session.links, prss }).evaluate(productOf(70), shares[party]);
      }),
    );
    for (const session of sessions) session.close();
    // k_i: parties i-1 and i. Prover i and its left verifier; prover i-1 and its right verifier; both verifiers of i+1.
    const expected = PARTIES.flatMap((key) => [
      `k${key} and`,
      `k${key} check/left/${key}`,
      `k${key} check/right/${previousParty(key)}`,
      `k${key} check/seed`,
    ]);
    expect([...drawn].sort()).toEqual([...expected, ...expected].sort());
  });

  test('the four of one key have nothing in common', () => {
    const key = createSecretKey(randomBytes(32));
    const prss = createPrss({ withPrevious: key, withNext: createSecretKey(randomBytes(32)) });
    const heads = ['and', 'check/left/0', 'check/right/2', 'check/seed'].map((step) =>
      Buffer.from(prss.common('previous', step, ELEMENT_BYTES)).toString('hex'),
    );
    expect(new Set(heads).size).toBe(heads.length);
  });
});

describe('batches of unlike sizes', () => {
  const lanes = BATCH + 1;
  const circuit = productOf(lanes);
  const clear = onesFor(lanes);
  const inputs = dealInputs(clear, 'unlike');
  const program = protocolProgram('verified', circuit, inputs);

  test.each([
    [0, BATCH - 1],
    [1, BATCH],
  ])('an error in batch %i, AND %i, is found there', async (batch, lane) => {
    const run = await runThree({
      seed: `unlike ${lane}`,
      program,
      corruption: {
        party: 2,
        program: dissectedVerified(circuit, inputs, { product: (_, sent) => flipLane(sent, lane) }),
      },
    });
    expectSafe(run, await plainOutputs(circuit, clear), verifiedRules(circuit));
    for (const party of [0, 1] as const) {
      expect(run.results[party]).toMatchObject({
        error: { code: 'CHECK_FAILED', facts: { batch, prover: 2 } },
      });
    }
  });

  test('the verdict on one batch does not do for the other', async () => {
    const exchanged: Mutation = {
      where: 'message',
      change: (bytes) => {
        const verdictBytes = (bytes.length - DIGEST_BYTES) / 2;
        const first = bytes.slice(0, verdictBytes);
        bytes.copyWithin(0, verdictBytes, 2 * verdictBytes);
        bytes.set(first, verdictBytes);
        return bytes;
      },
    };
    const run = await runThree({
      seed: 'verdicts exchanged',
      program,
      ...attackWith(0, { step: 'check/verdict' }, exchanged),
    });
    expectSafe(run, await plainOutputs(circuit, clear), verifiedRules(circuit));
    expect(endingsOf(run)).toEqual(['CHECK_FAILED', 'CHECK_FAILED']);
  });
});

describe('odd shapes', () => {
  test.each(PARTIES)(
    'one vector as both operands: an error of party %i in x AND x is caught',
    async (corrupt) => {
      const builder = new CircuitBuilder();
      const x = builder.input('x', 33);
      builder.output('out', builder.and(x, x));
      const circuit = builder.build();
      const clear = new Map([
        ['x', BitVector.fromBits(Array.from({ length: 33 }, (_, lane) => lane % 3 === 0))],
      ]);
      const inputs = dealInputs(clear, 'square');
      const expected = await plainOutputs(circuit, clear);
      expect(expected.get('out')?.equals(clear.get('x')!)).toBe(true);
      for (const lane of [0, 1, 32]) {
        const run = await runThree({
          seed: `square ${lane}`,
          program: protocolProgram('verified', circuit, inputs),
          corruption: {
            party: corrupt,
            program: dissectedVerified(circuit, inputs, { product: (_, sent) => flipLane(sent, lane) }),
          },
        });
        expectSafe(run, expected, verifiedRules(circuit));
        expect(endingsOf(run)).toEqual(['CHECK_FAILED', 'CHECK_FAILED']);
      }
    },
  );

  test.each([1, 3, 7, 33, 65])('without ANDs, %i lanes: right, in one round, as predicted', async (lanes) => {
    const circuit = withoutAnds(lanes);
    const clear = onesFor(lanes);
    const { outputs, counters } = await runParties(circuit, clear, { protocol: 'verified' });
    for (const [name, bits] of await plainOutputs(circuit, clear)) {
      expect(outputs.get(name)?.equals(bits)).toBe(true);
    }
    const { rounds, bytes } = predictCost(VERIFIED_MANIFEST, cost(circuit));
    expect(rounds).toBe(1);
    for (const counted of counters) expect(counted).toEqual({ rounds, bytesSent: bytes });
  });

  test.each(PARTIES)('without ANDs: party %i opens another share or hash, and is caught', async (corrupt) => {
    const circuit = withoutAnds(8);
    const clear = onesFor(8);
    const program = protocolProgram('verified', circuit, dealInputs(clear, 'no ANDs'));
    for (const [to, victim] of [
      ['next', nextParty(corrupt)],
      ['previous', previousParty(corrupt)],
    ] as const) {
      const run = await runThree({
        seed: `no ANDs ${to}`,
        program,
        ...attackWith(corrupt, { step: 'open', to }, flipFirstBit),
      });
      expectSafe(run, await plainOutputs(circuit, clear), verifiedRules(circuit));
      expect(outcomeOfParty(run, victim)).toBe('REVEAL_MISMATCH');
    }
  });
});

describe('several evaluations', () => {
  test('of circuits without ANDs in one session: each yields a token, one is opened', async () => {
    const sessions = await openThree();
    const shares = shareInputs(onesFor(9));
    const protocols = sessions.map((session) => protocolOf(session));
    const tokens = await Promise.all(
      PARTIES.map(async (party) => {
        const evaluate = () => protocols[party]!.evaluate(withoutAnds(9), shares[party]);
        return [await evaluate(), await evaluate()] as const;
      }),
    );
    const opened = await Promise.all(protocols.map((protocol, party) => protocol.open(tokens[party]![1])));
    for (const outputs of opened) expect(outputs.get('same')?.equals(BitVector.ones(9))).toBe(true);
    expect(await outcomeOf(protocols[0]!.open(tokens[0]![0]))).toBe('ADDRESS_REUSED');
    for (const session of sessions) session.close();
  });

  test('at once, in sessions that share one instance of the kernels: none disturbs another', async () => {
    const kernels = new FieldKernels();
    const sizes = [33, 5000, 100_001];
    const runs = await Promise.all(
      sizes.map(async (lanes) => {
        const sessions = await openThree();
        const shares = shareInputs(onesFor(lanes));
        const outputs = await Promise.all(
          PARTIES.map(async (party) => {
            const protocol = protocolOf(sessions[party]!, kernels);
            return protocol.open(await protocol.evaluate(productOf(lanes), shares[party]));
          }),
        );
        for (const session of sessions) session.close();
        return outputs;
      }),
    );
    runs.forEach((outputs, index) => {
      for (const each of outputs) expect(each.get('out')?.equals(BitVector.ones(sizes[index]!))).toBe(true);
    });
  });

  test('leave nothing in the memory of the kernels, whether the check held or not', async () => {
    const lanes = 4096;
    const circuit = productOf(lanes);
    for (const broken of [false, true]) {
      const sessions = await openThree();
      const shares = shareInputs(onesFor(lanes));
      const all = sessions.map(() => new FieldKernels());
      const runs = PARTIES.map((party) => {
        const links = sessions[party]!.links;
        const lying =
          broken && party === 1
            ? {
                self: links.self,
                counters: () => links.counters(),
                receive: (step: string, from: PartyIndex) => links.receive(step, from),
                send: (step: string, parcels: ReadonlyMap<PartyIndex, Uint8Array>) =>
                  links.send(
                    step,
                    step === 'and/1'
                      ? new Map([...parcels].map(([to, bytes]) => [to, bytes.map((byte) => byte ^ 1)]))
                      : parcels,
                  ),
              }
            : links;
        return outcomeOf(
          protocolOf({ ...sessions[party]!, links: lying, prss: sessions[party]!.prss }, all[party]).evaluate(
            circuit,
            shares[party],
          ),
        );
      });
      const outcomes = await Promise.all(runs);
      expect(outcomes[0]).toBe(broken ? 'CHECK_FAILED' : 'done');
      for (const { memory } of all) {
        const bytes = 64 * lanes;
        expect(memory.bytes(memory.allocate(bytes), bytes).every((byte) => byte === 0)).toBe(true);
      }
      for (const session of sessions) session.close();
    }
  });
});

describe('what an abort does not promise', () => {
  // Security with abort: who accuses an honest party keeps its accuser's neighbour from the outputs and may learn them.
  test.each(PARTIES)(
    'party %i accuses an honest party to the other: that one aborts, and the accused opens the right outputs',
    async (corrupt) => {
      const lanes = 40;
      const circuit = productOf(lanes);
      const clear = onesFor(lanes);
      const run = await runThree({
        seed: 'false accusation',
        program: protocolProgram('verified', circuit, dealInputs(clear, 'accused')),
        ...attackWith(corrupt, { step: 'check/verdict', to: 'next' }, flipFirstBit),
      });
      expectSafe(run, await plainOutputs(circuit, clear), verifiedRules(circuit));
      const accused = previousParty(corrupt);
      expect(run.results[nextParty(corrupt)]).toMatchObject({
        error: { code: 'CHECK_FAILED', facts: { prover: accused } },
      });
      expect(outcomeOfParty(run, accused)).toBe('CHANNEL_TIMEOUT');
      const opened = run.events.filter(({ kind, step }) => kind === 'posted' && step === 'open');
      expect(opened.map(({ party }) => party)).toContain(accused);
      expect(opened.map(({ party }) => party)).not.toContain(nextParty(corrupt));
    },
  );
});
