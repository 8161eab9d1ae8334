/**
 * What each kernel costs, in nanoseconds an element, at several lengths: `node bench/kernels.ts [name] [lengths]`.
 *
 * One thread, operands random, code warm. Each figure is the median of several samples of processor time (not wall
 * time, so that other programs on the machine count less); a sample lasts some 50 ms, because the system counts
 * processor time in ticks of milliseconds. The first line names machine, runtime and commit.
 */

import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { cpus } from 'node:os';
import process from 'node:process';
import {
  COLUMN_BYTES,
  CROSS_PRODUCTS_BYTES,
  ELEMENT_BYTES,
  FieldKernels,
  SUBSET_TABLES_BYTES,
  WEIGHT_BYTES,
} from '../mpc/kernels/field.ts';

const LONGEST = 2 ** 20;
const LENGTHS = [16, 128, 1024, 8192, 65_536, LONGEST];
const SAMPLES = 5;
const SAMPLE_MS = 50;
const WARM_UP_MS = 100;

function kernelsByName(): ReadonlyMap<string, (count: number) => void> {
  const kernels = new FieldKernels();
  const { memory } = kernels;
  const a = memory.allocate(LONGEST * ELEMENT_BYTES);
  const b = memory.allocate(LONGEST * ELEMENT_BYTES);
  const e = memory.allocate(LONGEST * WEIGHT_BYTES);
  const u = memory.allocate(LONGEST * COLUMN_BYTES);
  const v = memory.allocate(LONGEST * COLUMN_BYTES);
  const tables = memory.allocate(SUBSET_TABLES_BYTES);
  const end = memory.mark();
  const out = memory.allocate(LONGEST * ELEMENT_BYTES);
  const products = memory.allocate(CROSS_PRODUCTS_BYTES);
  randomFillSync(memory.bytes(a, end - a));
  const constant = memory.bytes(a, ELEMENT_BYTES).slice();
  return new Map<string, (count: number) => void>([
    ['multiplyVector', (count) => kernels.multiplyVector(a, b, out, count)],
    ['multiplyVector64', (count) => kernels.multiplyVector64(e, b, out, count)],
    ['innerProduct', (count) => kernels.innerProduct(a, b, count)],
    ['innerProduct64', (count) => kernels.innerProduct64(e, b, count)],
    ['foldByConstant', (count) => kernels.foldByConstant(a, b, constant, count, out)],
    ['lookup', (count) => kernels.lookup(u, tables, count, out)],
    [
      'transposeRows',
      (count) => {
        const columns = Math.ceil(count / 128) * 128;
        kernels.transposeRows(a, columns / 8, 32, columns, out);
      },
    ],
    ['crossProducts', (count) => kernels.crossProducts(u, v, e, count, products)],
    ['andShares (128 lanes)', (count) => kernels.andShares(a, b, a, b, out, out, 4 * count)],
  ]);
}

function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Nanoseconds of one call, the median of the samples. */
function measure(call: () => void): number {
  const begin = performance.now();
  let calls = 0;
  while (performance.now() - begin < WARM_UP_MS) {
    call();
    calls += 1;
  }
  const callsPerSample = Math.max(1, Math.ceil((calls * SAMPLE_MS) / WARM_UP_MS));
  const samples: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const from = processorMs();
    for (let index = 0; index < callsPerSample; index++) call();
    samples.push(processorMs() - from);
  }
  const median = samples.toSorted((left, right) => left - right)[Math.floor(SAMPLES / 2)]!;
  return (median * 1e6) / callsPerSample;
}

function git(...parameters: string[]): string {
  return execFileSync('git', parameters, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
}

const [, , pattern = '', lengths] = process.argv;
const counts = lengths === undefined ? LENGTHS : lengths.split(',').map(Number);
const changed = git('status', '--porcelain', '--', '../mpc/kernels') === '' ? '' : ' with changes';
console.log(
  `${cpus()[0]?.model}, Node ${process.version}, commit ${git('rev-parse', '--short', 'HEAD')}${changed}`,
);
console.log(['ns per element'.padEnd(22), ...counts.map((count) => String(count).padStart(10))].join(''));
for (const [name, kernel] of kernelsByName()) {
  if (!name.includes(pattern)) continue;
  const figures = counts.map((count) => (measure(() => kernel(count)) / count).toFixed(2).padStart(10));
  console.log([name.padEnd(22), ...figures].join(''));
}
