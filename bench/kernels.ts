/**
 * What each kernel costs, in nanoseconds an element, at several lengths: `node bench/kernels.ts [name] [lengths]`.
 *
 * One thread, operands random, code warm. Each figure is the least of many short samples: whatever else the machine
 * does can only add to one. The first line names machine, runtime and commit.
 */

import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { cpus } from 'node:os';
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
/** Long enough for the clock, short enough to run undisturbed now and then. */
const SAMPLE_MS = 0.3;
const MEASURE_MS = 400;

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

/** Nanoseconds of one call; the first samples also warm the code up. */
function measure(call: () => void): number {
  const end = performance.now() + MEASURE_MS;
  let callsPerSample = 1;
  let least = Number.POSITIVE_INFINITY;
  while (performance.now() < end) {
    const begin = performance.now();
    for (let index = 0; index < callsPerSample; index++) call();
    const elapsed = performance.now() - begin;
    least = Math.min(least, elapsed / callsPerSample);
    if (elapsed < SAMPLE_MS) callsPerSample *= 2;
  }
  return least * 1e6;
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
