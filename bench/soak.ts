/**
 * What tests do with fixed seeds and small samples, for as long as one likes: `npm run soak`, or
 * `npm run soak -- stash|privacy|model [seed]`.
 *
 * Seeds are fresh and printed; one that is given repeats its run. The exit code is 1 where anything is suspicious.
 *
 * stash: 10^6 accesses of the cyclic worst case for each of four sizes; the tail's slope, which the published table
 * (Stefanov et al., JACM 2018: 89 blocks for 2^-80 at Z = 4, 147 for 2^-128) puts at 0.8 to 1 bit a block, and
 * whether it depends on the size. privacy: every workload against every other, 6000 epochs of one and 1500 of eight.
 * model: vaults of many shapes against a plain Map, processes that come and go.
 */

import process from 'node:process';
import { STASH_BOUND } from '../oram/parameters.ts';
import { BlockSimulation, bitsPerBlock, cyclicStash, tailOf } from '../test/oram/block-simulation.ts';
import { ALARM } from '../test/oram/privacy/statistics.ts';
import { alarmsOf, differencesOf, type View } from '../test/oram/privacy/table-owner.ts';
import { BATCHES, observe, PARAMETERS, prepare, SINGLES } from '../test/oram/privacy/workloads.ts';
import { freshSeed, SeededRandom } from '../test/oram/seeded-random.ts';
import { modelRun } from './soak-model.ts';

const STASH_ACCESSES = 1_000_000;
const STASH_BLOCKS = [2 ** 10, 2 ** 12, 2 ** 14, 2 ** 16];

/** Between 0 and 6 blocks; there a run of 10^6 has some hundred separate excursions, and the slope varies by about 0.1. */
const SLOPE = { to: 6, least: 0.7, most: 1.5 };
const NOT_EMPTY = { least: 0.014, most: 0.022 };

const MODEL_RUNS = 10;

/** @returns whether nothing is suspicious */
type Soak = (seed: number) => Promise<boolean> | boolean;

const SOAKS: Readonly<Record<string, Soak>> = { stash, privacy, model };

function stash(seed: number): boolean {
  let sound = true;
  for (const blocks of STASH_BLOCKS) {
    const random = new SeededRandom(seed, `stash ${blocks}`).bytes;
    const seen = cyclicStash(
      new BlockSimulation({ blocks, cachedLevels: 0, random }),
      blocks,
      STASH_ACCESSES,
    );
    const tail = tailOf(seen);
    const slope = bitsPerBlock(tail, 0, SLOPE.to);
    const largest = seen.length - 1;
    const notEmpty = tail[0] ?? 0;
    const right =
      slope > SLOPE.least &&
      slope < SLOPE.most &&
      notEmpty > NOT_EMPTY.least &&
      notEmpty < NOT_EMPTY.most &&
      largest < STASH_BOUND / 2;
    sound &&= right;
    const shares = tail.map((share) => share.toExponential(1)).join(' ');
    console.log(
      `${blocks} blocks, ${STASH_ACCESSES} accesses: ${slope.toFixed(2)} bits a block, largest ${largest}${right ? '' : ' SUSPICIOUS'}`,
    );
    console.log(`  P(stash > 0, 1, ...): ${shares}`);
  }
  return sound;
}

async function privacy(seed: number): Promise<boolean> {
  const tables = await prepare(seed);
  const found: string[] = [];
  for (const { workloads, epochs, draws } of [
    { workloads: SINGLES, epochs: 6000, draws: 1 },
    { workloads: BATCHES, epochs: 1500, draws: 8 },
  ]) {
    const views = new Map<string, View>();
    for (const [name, workload] of Object.entries(workloads)) {
      const view = await observe(tables, workload, epochs, new SeededRandom(seed, name));
      found.push(...alarmsOf(view, PARAMETERS, draws).map((alarm) => `${name}: ${alarm}`));
      for (const [other, earlier] of views) {
        found.push(...differencesOf(view, earlier, PARAMETERS).map((alarm) => `${name}, ${other}: ${alarm}`));
      }
      views.set(name, view);
    }
    console.log(`${views.size} workloads of ${epochs} epochs compared, false alarms ${ALARM} each`);
  }
  for (const alarm of found) console.log(`SUSPICIOUS ${alarm}`);
  return found.length === 0;
}

async function model(seed: number): Promise<boolean> {
  for (let run = 0; run < MODEL_RUNS; run++)
    console.log(await modelRun(new SeededRandom(seed, `model ${run}`)));
  return true;
}

if (import.meta.main) {
  const [name, given] = process.argv.slice(2);
  const names = name === undefined ? Object.keys(SOAKS) : [name];
  for (const each of names) {
    const soak = SOAKS[each];
    if (soak === undefined) {
      console.error(`there is no soak ${each}: ${Object.keys(SOAKS).join(', ')}`);
      process.exitCode = 2;
      break;
    }
    const seed = given === undefined ? freshSeed() : Number(given);
    console.log(`\n## ${each}, seed ${seed}\n`);
    if (!(await soak(seed))) process.exitCode = 1;
  }
}
