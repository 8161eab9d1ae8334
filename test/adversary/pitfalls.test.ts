/**
 * Faults that other MPC systems had, as titles of tests that show that this engine doesn't: from rot256/mpc-pitfalls
 * (mpcsec.pages.dev) and from the security fixes in MP-SPDZ's changelog. docs/adversary-kit.md lists those whose test is
 * elsewhere.
 */

import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BitVector } from '../../mpc/bits/bit-vector.ts';
import { equalBytes, frame } from '../../mpc/bytes.ts';
import { CircuitBuilder } from '../../mpc/circuit/builder.ts';
import { MpcError } from '../../mpc/errors.ts';
import { nextParty, PARTIES, peersOf, previousParty } from '../../mpc/party.ts';
import { createThreePartyProtocol } from '../../mpc/protocols/three-party.ts';
import { drawChallenges } from '../../mpc/protocols/verified/verifiers.ts';
import { MUTATIONS } from './catalogue.ts';
import { dissectedVerified, flipLane } from './dissected.ts';
import { EVALUATED, endingsOf, expectSafe, type PartyProgram, runThree } from './kit.ts';
import { layeredCase } from './layered-case.ts';
import { attackWith, type Mutation } from './mutation.ts';
import { dealInputs, plainOutputs, protocolProgram, verifiedRules } from './programs.ts';

const { circuit, expected, inputs, program } = await layeredCase('pitfalls');

describe('context binding', () => {
  test('missing session or party in a challenge: prover, batch, shape, seed, nonce and message all enter it', () => {
    const seed = new Uint8Array(16);
    const nonce = new Uint8Array(32);
    const message = new Uint8Array(64);
    const other = (bytes: Uint8Array) => bytes.map((byte, at) => (at === 7 ? byte ^ 1 : byte));
    const variants = [
      drawChallenges('prover 0 batch 0 columns 128', seed, nonce, message),
      drawChallenges('prover 1 batch 0 columns 128', seed, nonce, message),
      drawChallenges('prover 0 batch 1 columns 128', seed, nonce, message),
      drawChallenges('prover 0 batch 0 columns 256', seed, nonce, message),
      drawChallenges('prover 0 batch 0 columns 128', other(seed), nonce, message),
      drawChallenges('prover 0 batch 0 columns 128', seed, other(nonce), message),
      drawChallenges('prover 0 batch 0 columns 128', seed, nonce, other(message)),
    ];
    const distinct = new Set(variants.flat().map((challenge) => challenge.join()));
    expect(distinct.size).toBe(2 * variants.length);
  });

  test('late mismatch: a party of another circuit is noticed before anything but hellos was posted', async () => {
    for (const party of PARTIES) {
      const binding = {
        protocol: 'replicated' as const,
        circuitHash: new Uint8Array(32).fill(1),
        inputSetRoot: new Uint8Array(32).fill(8),
      };
      const run = await runThree({ seed: 'late', program, corruption: { party, session: { binding } } });
      expect(endingsOf(run)).toEqual(['HANDSHAKE_MISMATCH', 'HANDSHAKE_MISMATCH']);
      const posted = run.events.filter(({ kind }) => kind === 'posted').map(({ step }) => step);
      expect(new Set(posted)).toEqual(new Set(['hello']));
    }
  });

  test('ambiguous hash encoding: two lists of fields never encode alike', () => {
    const fieldsArbitrary = fc.array(fc.uint8Array({ maxLength: 6 }), { maxLength: 4 });
    fc.assert(
      fc.property(fieldsArbitrary, fieldsArbitrary, (left, right) => {
        const same = left.length === right.length && left.every((field, at) => equalBytes(field, right[at]!));
        expect(equalBytes(frame(...left), frame(...right))).toBe(same);
      }),
    );
    expect(equalBytes(frame('ab', 'c'), frame('a', 'bc'))).toBe(false);
  });
});

describe('reuse', () => {
  test('reused coins, masks or triples: no message of an attempt is that of an earlier one', async () => {
    for (const party of PARTIES) {
      const repeated: string[] = [];
      let compared = 0;
      const attack = attackWith(
        party,
        { step: /./ },
        {
          where: 'message',
          change: (bytes, { transcript, step, to }) => {
            const before =
              to === 'everyone'
                ? transcript.sealed('earlier', step, party, to)
                : transcript.plain('earlier', step, party, to);
            compared += before === undefined ? 0 : 1;
            if (before !== undefined && equalBytes(before, bytes)) repeated.push(step);
            return bytes;
          },
        },
      );
      const run = await runThree({ seed: 'reuse', program, earlierAttempt: true, ...attack });
      expectSafe(run, expected, verifiedRules(circuit));
      // The opened shares are random too: they depend on the masks of the attempt.
      expect(repeated).toEqual([]);
      expect(compared).toBeGreaterThan(6);
    }
  });

  test('two evaluations at once on one instance: one is refused, and none yields a wrong output', async () => {
    const twice: PartyProgram = async ({ party, links, prss, random, mark }) => {
      const protocol = createThreePartyProtocol('verified', { links, prss }, random);
      const [first, second] = await Promise.allSettled([
        protocol.evaluate(circuit, inputs[party]),
        protocol.evaluate(circuit, inputs[party]),
      ]);
      expect(second).toMatchObject({ status: 'rejected', reason: { code: 'ADDRESS_REUSED' } });
      if (first.status === 'rejected') throw first.reason;
      mark(EVALUATED);
      return protocol.open(first.value);
    };
    const run = await runThree({ seed: 'twice', program: twice });
    expectSafe(run, expected, verifiedRules(circuit));
  });
});

describe('checks that come too late, or not at all', () => {
  test('opening before the check (MAC check missing or racing): the kit sees it where it happens', async () => {
    const hasty = dissectedVerified(circuit, inputs, { skipCheck: true });
    const run = await runThree({ seed: 'hasty', program: hasty });
    expect(() => expectSafe(run, expected, verifiedRules(circuit))).toThrow(
      'opened before it had check/proof',
    );
  });

  test('rushing: the coefficient seed is sent only by who has the last AND message it will be used on', async () => {
    for (const party of PARTIES) {
      const last = attackWith(party, { step: /^and/ }, MUTATIONS['late, within the wait']());
      const run = await runThree({ seed: 'rushing', program, ...last });
      expectSafe(run, expected, verifiedRules(circuit));
      for (const verifier of PARTIES) {
        const own = run.events.filter((event) => event.party === verifier);
        const seedAt = own.findIndex(({ kind, step }) => kind === 'posted' && step === 'check/seed');
        const lastAt = own.findIndex(
          ({ kind, step, from }) =>
            kind === 'collected' && step === `and/${circuit.depth}` && from === nextParty(verifier),
        );
        expect(lastAt).toBeGreaterThan(-1);
        expect(seedAt).toBeGreaterThan(lastAt);
      }
    }
  });

  test('rushing: nobody but the next party is sent a seed', async () => {
    const recipients: (readonly unknown[])[] = [];
    for (const party of PARTIES) {
      const observe: Mutation = {
        where: 'sending',
        send: async (sending) => {
          recipients.push([...sending.parcels.keys()], [nextParty(party)]);
          await sending.send(sending.parcels);
        },
      };
      await runThree({ seed: 'seeds', program, ...attackWith(party, { step: 'check/seed' }, observe) });
    }
    expect(recipients).toHaveLength(2 * PARTIES.length);
    for (let at = 0; at < recipients.length; at += 2) expect(recipients[at]).toEqual(recipients[at + 1]);
  });

  test('a verifier that gives the prover other coefficients is sent no verdict about it', async () => {
    for (const party of PARTIES) {
      const run = await runThree({
        seed: 'seed',
        program,
        ...attackWith(
          party,
          { step: 'check/seed' },
          { where: 'message', change: (bytes, { random }) => random(bytes.length) },
        ),
      });
      const other = previousParty(party);
      expect(run.results[other]).toMatchObject({ error: { code: 'CHECK_SEED_DIFFERS' } });
      expect(
        run.events.filter(
          ({ party: who, kind, step }) => who === other && kind === 'posted' && step === 'check/verdict',
        ),
      ).toEqual([]);
    }
  });

  test('selective failure: whether a lie is caught does not depend on the secrets', async () => {
    const builder = new CircuitBuilder();
    const product = builder.and(builder.input('x', 8), builder.input('y', 8));
    builder.output('out', builder.and(product, builder.not(product)));
    const small = builder.build();
    for (const corrupt of PARTIES) {
      const endings = new Set<string>();
      for (const [x, y] of [
        [false, false],
        [false, true],
        [true, false],
        [true, true],
      ] as const) {
        const clear = new Map([
          ['x', x ? BitVector.ones(8) : BitVector.zeros(8)],
          ['y', y ? BitVector.ones(8) : BitVector.zeros(8)],
        ]);
        const shares = dealInputs(clear, `selective ${x} ${y}`);
        const run = await runThree({
          seed: 'selective',
          program: protocolProgram('verified', small, shares),
          corruption: {
            party: corrupt,
            program: dissectedVerified(small, shares, { product: (_, sent) => flipLane(sent, 0) }),
          },
        });
        expectSafe(run, await plainOutputs(small, clear), verifiedRules(small));
        endings.add(endingsOf(run).join());
      }
      expect([...endings]).toEqual(['CHECK_FAILED,CHECK_FAILED']);
    }
  });
});

describe('what travels', () => {
  test('overlong messages (remotely caused buffer overflow): any message of a megabyte is refused', async () => {
    const steps = ['hello', 'and/1', 'check/seed', 'check/proof', 'check/verdict', 'open'];
    for (const step of steps) {
      const long = randomBytes(2 ** 20);
      const attack = attackWith(0, { step }, { where: 'message', change: () => long.slice() });
      const run = await runThree({ seed: `long ${step}`, program, ...attack });
      expectSafe(run, expected, verifiedRules(circuit));
      expect(endingsOf(run)).toContain('MESSAGE_MALFORMED');
    }
  });

  test('unencrypted channels: no message lies in an outbox as it was before it was sealed', async () => {
    const plain: Buffer[] = [];
    const posted: Buffer[] = [];
    const run = await runThree({
      seed: 'sealed',
      program,
      network: ({ bytes }) => {
        posted.push(Buffer.from(bytes));
        return bytes;
      },
      ...attackWith(
        1,
        { step: /^(?!hello$)/ },
        {
          where: 'message',
          change: (bytes) => {
            plain.push(Buffer.from(bytes));
            return bytes;
          },
        },
      ),
    });
    expectSafe(run, expected, verifiedRules(circuit));
    expect(plain.length).toBeGreaterThan(6);
    for (const message of plain) expect(posted.some((item) => item.includes(message))).toBe(false);
  });

  test('errors that tell secrets: an abort carries a code, a sentence and short public facts', async () => {
    for (const step of ['and/1', 'check/proof', 'check/verdict', 'open']) {
      const attack = attackWith(
        2,
        { step },
        { where: 'message', change: (bytes, { random }) => random(bytes.length) },
      );
      const run = await runThree({ seed: `facts ${step}`, program, ...attack });
      for (const peer of peersOf(2)) {
        const result = run.results[peer];
        if (result.ended !== 'abort') continue;
        expect(result.error).toBeInstanceOf(MpcError);
        for (const fact of Object.values(result.error.facts))
          expect(String(fact)).toMatch(/^[a-z0-9/]{1,20}$/);
      }
    }
  });
});
