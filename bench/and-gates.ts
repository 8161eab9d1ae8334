/**
 * AND gates a second of the replicated protocol's local work on one core: products and masks, no network.
 *
 * Measured is one call of `AndLayers.multiply` on one operation, just as the protocol makes for a layer, and giving up
 * the product, just as the walk of the circuit does. Masks and the product's memory are included; the key derivation of
 * the stream is not: it happens once an attempt. The operands lie where the protocol's XOR, NOT, gather and concat put
 * their results, in slots of the share memory. Times are by the wall clock, and in one more column by the CPU time of
 * the thread, which other work on the machine disturbs less. The ceiling is the same kernel on fixed offsets, with masks
 * drawn 64 KB at a time and nothing else. Run alone: `node bench/and-gates.ts`.
 */

import { execFileSync } from 'node:child_process';
import { createSecretKey, randomBytes } from 'node:crypto';
import { cpus } from 'node:os';
import { BitVector } from '../mpc/bits/bit-vector.ts';
import { FieldKernels } from '../mpc/kernels/field.ts';
import { AndLayers } from '../mpc/protocols/replicated/and-layers.ts';
import { type ReplicatedVector, shareVector } from '../mpc/protocols/replicated/shares.ts';
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

export interface AndsRow extends AndGatesRow {
  /** Median of the bare kernel with masks, measured right after. */
  readonly ceiling: number;
}

export interface AndGatesReport {
  readonly machine: string;
  readonly node: string;
  readonly commit: string;
  readonly trials: number;
  /** The masks alone, drawn 64 KB at a time: what no AND can be faster than. */
  readonly masks: AndGatesRow;
  readonly rows: readonly AndsRow[];
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

/** Room for the operands and the product. */
const SLOT_BYTES = 2 ** 21;

/** Reading the clock takes as long as a thousand ANDs, so it is read once for a million: every 50 to 150 us. */
const LANES_A_READING = 2 ** 20;

/** @param trialMs the least duration of one trial; several calls are timed together until it has passed */
export function benchAndGates({ trials = 15, trialMs = 20, lanes = LANES } = {}): AndGatesReport {
  return {
    machine: cpus()[0]?.model ?? 'unknown',
    node: process.version,
    commit: commitOf(),
    trials,
    masks: measureMasks(trials, trialMs),
    rows: lanes.map((count) => ({
      ...measureAnds(count, trials, trialMs),
      ceiling: measureCeiling(count, trials, trialMs).median,
    })),
  };
}

export function printAndGates({ machine, node, commit, trials, masks, rows }: AndGatesReport): void {
  console.log(`Local AND gates of the replicated protocol, masks included, one core, 10^9 a second`);
  console.log(`${machine}; Node ${node}; commit ${commit}; ${trials} trials\n`);
  console.log('|   lanes | median |   min |   max | median by CPU time | ceiling |');
  console.log('| ------: | -----: | ----: | ----: | -----------------: | ------: |');
  const print = (name: string, { median, min, max, cpuMedian }: AndGatesRow, ceiling: string) => {
    const cells = [name.padStart(7), cell(median, 6), cell(min, 5), cell(max, 5), cell(cpuMedian, 18)];
    console.log(`| ${[...cells, ceiling].join(' | ')} |`);
  };
  for (const row of rows) print(String(row.lanes), row, cell(row.ceiling, 7));
  print('masks', masks, ' '.repeat(7));
}

function measureAnds(lanes: number, trials: number, trialMs: number): AndGatesRow {
  const ands = new AndLayers(() => newPrss().zeroStream('and'), SLOT_BYTES);
  const { memory } = ands;
  const operand = (): ReplicatedVector => {
    const [{ first, second }] = shareVector(BitVector.ones(lanes), (bytes) => randomBytes(bytes));
    const vector = memory.take(lanes);
    vector.first.words.set(first.words);
    vector.second.words.set(second.words);
    return vector;
  };
  const operands = [{ left: operand(), right: operand() }];
  return measure(lanes, trials, trialMs, () => {
    for (const product of ands.multiply(operands)) {
      if (!(product instanceof BitVector)) memory.release(product);
    }
  });
}

function measureCeiling(lanes: number, trials: number, trialMs: number): AndGatesRow {
  const kernels = new FieldKernels();
  const { memory } = kernels;
  const bytes = Math.ceil(lanes / 128) * 16;
  const [x0, x1, y0, y1, out, pool] = [bytes, bytes, bytes, bytes, bytes, STREAM_CHUNK_BYTES].map((size) =>
    memory.allocate(size),
  );
  const stream = newPrss().zeroStream('and');
  const masks = memory.bytes(pool!, STREAM_CHUNK_BYTES);
  let used = STREAM_CHUNK_BYTES;
  return measure(lanes, trials, trialMs, () => {
    for (let at = 0; at < bytes; ) {
      if (used === STREAM_CHUNK_BYTES) {
        stream.fill(masks);
        used = 0;
      }
      const piece = Math.min(bytes - at, STREAM_CHUNK_BYTES - used);
      kernels.andShares(x0! + at, x1! + at, y0! + at, y1! + at, pool! + used, out! + at, piece / 4);
      used += piece;
      at += piece;
    }
  });
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
  const callsAReading = Math.ceil(LANES_A_READING / lanes);
  const trial = () => {
    const cpuStart = process.threadCpuUsage();
    const start = process.hrtime.bigint();
    let calls = 0;
    let elapsedNs = 0;
    while (elapsedNs < trialMs * 1e6) {
      for (let repeat = 0; repeat < callsAReading; repeat++) call();
      calls += callsAReading;
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
