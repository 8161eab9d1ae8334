/**
 * That the check really binds: with one part of it missing, the very attacks that are caught elsewhere get a wrong output
 * accepted, and the kit sees it.
 *
 * Five planted weaknesses: coefficients of zero, a coefficient seed that the prover knows before its last AND message,
 * challenges that it can foresee, a log that omits one AND, verifiers that do not verify.
 */

import { afterEach, describe, expect, test, vi } from 'vitest';
import { BitVector } from '../../mpc/bits/bit-vector.ts';
import { CircuitBuilder } from '../../mpc/circuit/builder.ts';
import { FieldKernels, WEIGHT_BYTES } from '../../mpc/kernels/field.ts';
import { PARTIES, type PartyIndex } from '../../mpc/party.ts';
import { type AndLog, ROWS } from '../../mpc/protocols/verified/and-log.ts';
import { expandCoefficients } from '../../mpc/protocols/verified/coefficients.ts';
import { ELEMENT_BYTES } from '../../mpc/protocols/verified/transcript.ts';
import type { Prss } from '../../mpc/random/prss.ts';
import { COLUMNS, errorThatCancels, mendedProof } from './cheating-prover.ts';
import { dissectedVerified, flipLane, type Lies } from './dissected.ts';
import { endingsOf, expectSafe, type PartyProgram, type Run, runThree } from './kit.ts';
import { dealInputs, plainOutputs, protocolProgram, verifiedRules } from './programs.ts';

interface Weakness {
  zeroCoefficients: boolean;
  /** What every challenge is. */
  challenge: Uint8Array | undefined;
}

const weakness = vi.hoisted((): Weakness => ({ zeroCoefficients: false, challenge: undefined }));

vi.mock('../../mpc/protocols/verified/transcript.ts', async (importOriginal) => {
  const real = await importOriginal<typeof import('../../mpc/protocols/verified/transcript.ts')>();
  class Transcript extends real.Transcript {
    override challenge(message: Uint8Array): Uint8Array {
      const drawn = super.challenge(message);
      return weakness.challenge?.slice() ?? drawn;
    }
  }
  return { ...real, Transcript };
});

vi.mock('../../mpc/protocols/verified/coefficients.ts', async (importOriginal) => {
  const real = await importOriginal<typeof import('../../mpc/protocols/verified/coefficients.ts')>();
  const expand: typeof real.expandCoefficients = (kernels, seed, index, columns) => {
    const coefficients = real.expandCoefficients(kernels, seed, index, columns);
    if (weakness.zeroCoefficients) kernels.memory.bytes(coefficients.weights, columns * 8).fill(0);
    return coefficients;
  };
  return { ...real, expandCoefficients: expand };
});

afterEach(() => {
  weakness.zeroCoefficients = false;
  weakness.challenge = undefined;
});

/** One batch whose first row is the first 128 ANDs. */
const LANES = COLUMNS * ROWS;
const builder = new CircuitBuilder();
const xy = builder.and(builder.input('x', LANES / 2), builder.input('y', LANES / 2));
builder.output('out', builder.and(xy, builder.not(xy)));
builder.output('xy', xy);
const circuit = builder.build();
const clear = new Map(['x', 'y'].map((name) => [name, BitVector.ones(LANES / 2)]));
const inputs = dealInputs(clear, 'binding');
const right = await plainOutputs(circuit, clear);
const honest = protocolProgram('verified', circuit, inputs);

function errorIn(lanes: readonly number[]): Lies {
  return {
    product: (layer, sent) => {
      if (layer === 1) for (const lane of lanes) flipLane(sent, lane);
    },
  };
}

/** All run `program`; the corrupt one with an error in these ANDs of the first layer. */
function runWithError(
  corrupt: PartyIndex,
  lanes: readonly number[],
  program: PartyProgram = honest,
  around: (program: PartyProgram) => PartyProgram = (inner) => inner,
  more: Lies = {},
): Promise<Run> {
  return runThree({
    seed: `binding ${corrupt} ${lanes.join()}`,
    program: around(program),
    corruption: {
      party: corrupt,
      program: around(dissectedVerified(circuit, inputs, { ...more, ...errorIn(lanes) })),
    },
  });
}

function expectCaught(run: Run): void {
  expectSafe(run, right, verifiedRules(circuit));
  expect(endingsOf(run)).toEqual(['CHECK_FAILED', 'CHECK_FAILED']);
}

function expectUnsound(run: Run): void {
  expect(endingsOf(run)).toEqual(['outputs', 'outputs']);
  expect(() => expectSafe(run, right, { codes: [] })).toThrow('accepted a wrong output');
}

describe.each(PARTIES)('party %i corrupt', (corrupt) => {
  test('coefficients of zero would let every error pass', async () => {
    expectCaught(await runWithError(corrupt, [40]));
    weakness.zeroCoefficients = true;
    expectUnsound(await runWithError(corrupt, [40]));
  });

  test('a seed known before the last AND message would let a fitted error pass', async () => {
    const known = new Uint8Array(16).fill(corrupt + 1);
    const cancelling = errorThatCancels(known);
    expect(cancelling.length).toBeGreaterThan(0);
    const withKnownSeed =
      (program: PartyProgram): PartyProgram =>
      (context) =>
        program({ ...context, prss: withSeed(context.prss, known) });
    expectUnsound(await runWithError(corrupt, cancelling, honest, withKnownSeed));
    expectCaught(await runWithError(corrupt, cancelling.slice(1), honest, withKnownSeed));
    expectCaught(await runWithError(corrupt, cancelling));
  });

  test('challenges foreseen would let a prover mend its last message', async () => {
    const error = [3, 40];
    const foreseen = new Uint8Array(16).fill(0x5a);
    const mending =
      (program: PartyProgram): PartyProgram =>
      (context) =>
        program(
          context.party === corrupt
            ? { ...context, links: mendedProof(context.links, error, foreseen) }
            : context,
        );
    expectCaught(await runWithError(corrupt, error, honest, mending));
    weakness.challenge = foreseen;
    expectUnsound(await runWithError(corrupt, error, honest, mending));
    expectCaught(await runWithError(corrupt, error, honest));
  });

  test('errors in several ANDs do not cancel, in one column, in one row, or at the corners of a rectangle', async () => {
    for (const lanes of [
      [9, 9 + COLUMNS],
      [9, 50],
      [9, 50, 9 + 3 * COLUMNS, 50 + 3 * COLUMNS],
    ]) {
      expectCaught(await runWithError(corrupt, lanes));
    }
  });

  test('a log that omits one AND would let an error in it pass, and no other', async () => {
    const omitting: Lies = { log: (log) => omit(log, 77) };
    const program = dissectedVerified(circuit, inputs, omitting);
    expectUnsound(await runWithError(corrupt, [77], program, undefined, omitting));
    expectCaught(await runWithError(corrupt, [78], program, undefined, omitting));
  });

  test('verifiers that do not verify would let every error pass', async () => {
    const careless: Lies = { skipCheck: true };
    const program = dissectedVerified(circuit, inputs, careless);
    const run = await runWithError(corrupt, [5], program, undefined, careless);
    expectUnsound(run);
    expect(() =>
      expectSafe(
        run,
        run.results[0].ended === 'outputs' ? run.results[0].outputs : right,
        verifiedRules(circuit),
      ),
    ).toThrow(/opened before it had check\/proof of party \d/);
  });
});

test('each batch and each seed has coefficients of its own', () => {
  const kernels = new FieldKernels();
  const coefficientsOf = (seed: number, batch: number) => {
    const bytes = new Uint8Array(ELEMENT_BYTES).fill(seed);
    const { rowFactors, weights } = expandCoefficients(kernels, bytes, batch, COLUMNS);
    const weightBytes = kernels.memory.bytes(weights, COLUMNS * WEIGHT_BYTES);
    return [...rowFactors.map((factor) => factor.join()), weightBytes.join()];
  };
  const all = [coefficientsOf(1, 0), coefficientsOf(1, 1), coefficientsOf(2, 0)].flat();
  expect(new Set(all).size).toBe(all.length);
});

/** Zeros in all six vectors: 0 = 0, as for padding. */
function omit(log: AndLog, lane: number): void {
  const { columns: _, ...vectors } = log.batches()[0]!;
  for (const words of Object.values(vectors)) words[lane >> 5]! &= ~(1 << (lane & 31));
}

function withSeed(prss: Prss, seed: Uint8Array): Prss {
  return {
    zeroShare: (step, lanes) => prss.zeroShare(step, lanes),
    zeroStream: (step) => prss.zeroStream(step),
    commonStream: (peer, step) => prss.commonStream(peer, step),
    common: (peer, step, bytes) => {
      const drawn = prss.common(peer, step, bytes);
      if (step === 'check/seed') drawn.set(seed);
      return drawn;
    },
  };
}
