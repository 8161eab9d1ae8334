/**
 * AND gates a second of the replicated protocol's local work on one core: products and masks, no network.
 *
 * Measured is one call of `AndLayers.multiply` on one operation, just as the protocol makes for a layer; masks and
 * allocation of results are included, and the key derivation of the stream is not: it happens once an attempt. Times are by the wall clock, and in one more column by the
 * CPU time of the thread, which other work on the machine disturbs less. Run alone: `node bench/and-gates.ts`.
 */

import { execFileSync } from 'node:child_process';
import { createSecretKey, randomBytes } from 'node:crypto';
import { cpus } from 'node:os';
import { BitVector } from '../mpc/bits/bit-vector.ts';
import { AndLayers } from '../mpc/protocols/replicated/and-layers.ts';
import { shareVector } from '../mpc/protocols/replicated/shares.ts';
import { createPrss, type Prss, STREAM_CHUNK_BYTES } from '../mpc/random/prss.ts';

export interface AndGatesRow {
  readonly lanes: number;
  /** AND gates a second, in units of 10^9. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Median by the thread's own CPU time instead of the wall clock. */
  readonly cpuMedian: number;
}

export interface AndGatesReport {
  readonly machine: string;
  readonly node: string;
  readonly commit: string;
  readonly trials: number;
  /** The masks alone, drawn 64 KB at a time: what no AND can be faster than. */
  readonly masks: AndGatesRow;
  readonly rows: readonly AndGatesRow[];
}

const LANES: readonly number[] = [
  2 ** 10,
  2 ** 11,
  2 ** 12,
  2 ** 13,
  2 ** 14,
  2 ** 15,
  2 ** 16,
  2 ** 17,
  2 ** 18,
  2 ** 19,
  1_000_000,
  2 ** 20,
];

/** @param trialMs the least duration of one trial; several calls are timed together until it has passed */
export function benchAndGates({ trials = 15, trialMs = 20, lanes = LANES } = {}): AndGatesReport {
  return {
    machine: cpus()[0]?.model ?? 'unknown',
    node: process.version,
    commit: commitOf(),
    trials,
    masks: measureMasks(trials, trialMs),
    rows: lanes.map((count) => measureAnds(count, trials, trialMs)),
  };
}

export function printAndGates({ machine, node, commit, trials, masks, rows }: AndGatesReport): void {
  console.log(`Local AND gates of the replicated protocol, masks included, one core, 10^9 a second`);
  console.log(`${machine}; Node ${node}; commit ${commit}; ${trials} trials\n`);
  console.log('|   lanes | median |   min |   max | median by CPU time |');
  console.log('| ------: | -----: | ----: | ----: | -----------------: |');
  for (const [name, { median, min, max, cpuMedian }] of [
    ...rows.map((row) => [String(row.lanes), row] as const),
    ['masks', masks] as const,
  ]) {
    const cells = [name.padStart(7), cell(median, 6), cell(min, 5), cell(max, 5), cell(cpuMedian, 18)];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

function measureAnds(lanes: number, trials: number, trialMs: number): AndGatesRow {
  const random = (bytes: number): Uint8Array => randomBytes(bytes);
  const [left] = shareVector(BitVector.ones(lanes), random);
  const [right] = shareVector(BitVector.ones(lanes), random);
  const ands = new AndLayers(newPrss().zeroStream('and'));
  const operands = [{ left, right }];
  return measure(lanes, trials, trialMs, () => ands.multiply(operands));
}

function measureMasks(trials: number, trialMs: number): AndGatesRow {
  const stream = newPrss().zeroStream('and');
  const target = new Uint8Array(STREAM_CHUNK_BYTES);
  return measure(8 * STREAM_CHUNK_BYTES, trials, trialMs, () => stream.fill(target));
}

function newPrss(): Prss {
  return createPrss({
    withPrevious: createSecretKey(randomBytes(32)),
    withNext: createSecretKey(randomBytes(32)),
  });
}

function measure(lanes: number, trials: number, trialMs: number, call: () => void): AndGatesRow {
  const trial = () => {
    const cpuStart = process.threadCpuUsage();
    const start = process.hrtime.bigint();
    let calls = 0;
    let elapsedNs = 0;
    while (elapsedNs < trialMs * 1e6) {
      for (let repeat = 0; repeat < 8; repeat++) call();
      calls += 8;
      elapsedNs = Number(process.hrtime.bigint() - start);
    }
    const { user, system } = process.threadCpuUsage(cpuStart);
    return { wall: (calls * lanes) / elapsedNs, cpu: (calls * lanes) / ((user + system) * 1000) };
  };
  for (let warmUp = 0; warmUp < 3; warmUp++) trial();
  const results = Array.from({ length: trials }, trial);
  const wall = results.map((result) => result.wall).sort((a, b) => a - b);
  const cpu = results.map((result) => result.cpu).sort((a, b) => a - b);
  const middle = Math.floor(trials / 2);
  return { lanes, median: wall[middle]!, min: wall[0]!, max: wall[trials - 1]!, cpuMedian: cpu[middle]! };
}

function commitOf(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

function cell(value: number, width: number): string {
  return value.toFixed(2).padStart(width);
}

if (import.meta.main) printAndGates(benchAndGates());
