/**
 * All ANDs against all triples: coin, shuffles, openings, comparison; three rounds.
 *
 * 1. `check/coin`: the shuffle key (coin.ts), after all AND and triple messages.
 * 2. `check/open`: the differences of every pair, and one word of each shuffled array in full, to the next party.
 * 3. `check/compare`: to the next party a hash of everything opened and of the claims that all sums are zero.
 *
 * Who notices what: if X lies, its lie in an AND or a triple reaches X-1, one in an opening X+1. X-1 compares with what
 * X+1 saw and claims, both honest, so X-1 aborts, and X-1 alone holds what X needs at the end: X learns no output. The
 * comparison goes one way only. A hash of claims to the previous party would let X, after a lie to X+1 in one difference,
 * read a bit of y out of X+1's claim, which is small enough to guess.
 */

import { createHash } from 'node:crypto';
import { equalBytes, utf8 } from '../../mpc/bytes.ts';
import { nextParty, previousParty } from '../../mpc/party.ts';
import type { Prss } from '../../mpc/random/prss.ts';
import type { Links } from '../../mpc/session/links.ts';
import { type Buckets, OPENED_WORDS, openedBytesOf } from './buckets.ts';
import { openCoin } from './coin.ts';
import { SacrificeError } from './errors.ts';
import { claimZeros, type Pair, writeDifferences } from './pair-checks.ts';
import { shuffleTriples, shuffleWords } from './shuffle.ts';
import { bytesOfWords, partOfPlanes, type TriplePlanes, wordsOfBytes } from './triple-planes.ts';

const OPEN_STEP = 'check/open';
const COMPARE_STEP = 'check/compare';

/**
 * @param gates all ANDs of the circuit
 * @param triples all arrays of triples, one after another
 * @throws SacrificeError COIN_DIFFERS, TRIPLE_OPENED_WRONG, CHECK_DIFFERS
 */
export async function checkByTriples(
  gates: TriplePlanes,
  triples: TriplePlanes,
  buckets: Buckets,
  links: Links,
  prss: Prss,
): Promise<void> {
  const { words, shuffled } = buckets;
  const arrayWords = words + OPENED_WORDS;
  const arrays = Array.from({ length: buckets.triples }, (_, index) =>
    partOfPlanes(triples, index * arrayWords, (index + 1) * arrayWords),
  );
  const coin = await openCoin(links, prss);
  const moved = arrays.slice(buckets.triples - shuffled);
  moved.forEach((array, index) => {
    if (buckets.unit === 'triple') shuffleTriples(array, coin, index);
    else shuffleWords(array, coin, index);
  });
  const pairs = pairsOf(gates, arrays, buckets);
  const samples = moved.map((array) => partOfPlanes(array, words, arrayWords));

  const firsts = new Int32Array(openedBytesOf(buckets) / 4);
  pairs.forEach((pair, index) => {
    writeDifferences(pair, firsts, index * 2 * words);
  });
  const samplesStart = pairs.length * 2 * words;
  writeSamples(samples, 'first', firsts, samplesStart);
  const thirds = await exchange(links, OPEN_STEP, bytesOfWords(firsts));
  if (thirds.length !== firsts.byteLength) throw new SacrificeError('CHECK_DIFFERS');
  const thirdWords = wordsOfBytes(thirds);

  const claimed = createHash('sha256').update(utf8('tacit/1 triples compared'));
  const held = claimed.copy();
  pairs.forEach((pair, index) => {
    const start = index * 2 * words;
    const end = start + 2 * words;
    const zeros = claimZeros(pair, firsts.subarray(start, end), thirdWords.subarray(start, end), links.self);
    for (const [digest, summand] of [
      [claimed, zeros.claims],
      [held, zeros.seconds],
    ] as const) {
      digest.update(bytesOfWords(zeros.opened)).update(bytesOfWords(summand));
    }
  });
  const opened = new Int32Array(firsts.length - samplesStart);
  writeSamples(samples, 'second', opened, 0);
  for (let word = 0; word < opened.length; word++) {
    opened[word]! ^= firsts[samplesStart + word]! ^ thirdWords[samplesStart + word]!;
  }
  requireRight(opened);
  claimed.update(bytesOfWords(opened));
  held.update(bytesOfWords(opened));
  const previousClaim = await exchange(links, COMPARE_STEP, claimed.digest());
  if (!equalBytes(previousClaim, held.digest())) throw new SacrificeError('CHECK_DIFFERS');
}

/** Each array against the ANDs; or the ANDs and all shuffled arrays against the array that stayed. */
function pairsOf(
  gates: TriplePlanes,
  arrays: readonly TriplePlanes[],
  { words, shuffled }: Buckets,
): readonly Pair[] {
  const heads = arrays.map((array) => partOfPlanes(array, 0, words));
  if (shuffled === arrays.length) return heads.map((by) => ({ checked: gates, by }));
  const [kept, ...others] = heads;
  return [{ checked: gates, by: kept! }, ...others.map((by) => ({ checked: kept!, by }))];
}

function writeSamples(
  samples: readonly TriplePlanes[],
  summand: 'first' | 'second',
  out: Int32Array,
  offset: number,
): void {
  samples.forEach(({ x0, x1, y0, y1, z0, z1 }, index) => {
    const planes = summand === 'first' ? [x0, y0, z0] : [x1, y1, z1];
    planes.forEach((plane, position) => {
      out.set(plane, offset + (3 * index + position) * OPENED_WORDS);
    });
  });
}

function requireRight(opened: Int32Array): void {
  for (let start = 0; start < opened.length; start += 3 * OPENED_WORDS) {
    for (let word = start; word < start + OPENED_WORDS; word++) {
      if ((opened[word]! & opened[word + OPENED_WORDS]!) !== opened[word + 2 * OPENED_WORDS]!) {
        throw new SacrificeError('TRIPLE_OPENED_WRONG');
      }
    }
  }
}

/** Sends to the next party what the previous one sends here. */
async function exchange(links: Links, step: string, bytes: Uint8Array): Promise<Uint8Array> {
  const [, received] = await Promise.all([
    links.send(step, new Map([[nextParty(links.self), bytes]])),
    links.receive(step, previousParty(links.self)),
  ]);
  return received;
}
