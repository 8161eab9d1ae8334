/**
 * Opening replicated shares to all parties: one round.
 *
 * The summand a party lacks comes from the previous party and its hash from the next, so no single party can make
 * another accept a wrong summand: it would need a second value with the same SHA-256 hash.
 */

import { hash } from 'node:crypto';
import { BitVector } from '../../bits/bit-vector.ts';
import { equalBytes, frame } from '../../bytes.ts';
import { MpcError } from '../../errors.ts';
import { nextParty, previousParty } from '../../party.ts';
import type { Links } from '../../session/links.ts';
import { packVectors, unpackVectors } from './round-message.ts';
import type { ReplicatedVector } from './shares.ts';

const OPEN_STEP = 'open';

/** @throws MpcError REVEAL_MISMATCH when the two neighbours disagree; MESSAGE_MALFORMED */
export async function openShares(
  links: Links,
  shared: ReadonlyMap<string, ReplicatedVector>,
): Promise<ReadonlyMap<string, BitVector>> {
  const vectors = [...shared.values()];
  const { self } = links;
  const next = nextParty(self);
  const previous = previousParty(self);
  const [, missing, missingHash] = await Promise.all([
    links.send(
      OPEN_STEP,
      new Map([
        [next, packVectors(vectors.map(({ first }) => first))],
        [previous, hashShare(packVectors(vectors.map(({ second }) => second)))],
      ]),
    ),
    links.receive(OPEN_STEP, previous),
    links.receive(OPEN_STEP, next),
  ]);
  const thirds = unpackVectors(
    missing,
    vectors.map(({ lanes }) => lanes),
  );
  if (!equalBytes(hashShare(missing), missingHash)) {
    throw new MpcError('REVEAL_MISMATCH', 'the neighbours hold different values of the missing share', {
      party: self,
    });
  }
  return new Map([...shared.keys()].map((name, index) => [name, sumOf(vectors[index]!, thirds[index]!)]));
}

function hashShare(packed: Uint8Array): Uint8Array {
  return hash('sha256', frame('tacit/1 open', packed), 'buffer');
}

function sumOf({ first, second }: ReplicatedVector, third: BitVector): BitVector {
  const sum = BitVector.zeros(first.lanes);
  for (let word = 0; word < sum.words.length; word++) {
    sum.words[word] = first.words[word]! ^ second.words[word]! ^ third.words[word]!;
  }
  return sum;
}
