/**
 * Opening outputs when only one of two honest parties may know of a lie.
 *
 * As in the engine the missing share comes from the previous party and its hash from the next; but the hash is salted
 * with bytes that only the two holders of the share know, and that come with the share. So X-1, who refuses after a
 * failed check, refuses for both: the hash from X+1 alone tells X nothing, however few the outputs are.
 */

import { hash } from 'node:crypto';
import { BitVector } from '../../mpc/bits/bit-vector.ts';
import { concatBytes, equalBytes, frame } from '../../mpc/bytes.ts';
import { nextParty, previousParty } from '../../mpc/party.ts';
import { packVectors, unpackVectors } from '../../mpc/protocols/replicated/round-message.ts';
import type { ReplicatedVector } from '../../mpc/protocols/replicated/shares.ts';
import type { Prss } from '../../mpc/random/prss.ts';
import type { Links } from '../../mpc/session/links.ts';
import { SALT_BYTES } from './buckets.ts';
import { SacrificeError } from './errors.ts';

const OPEN_STEP = 'open';
const SALT_STEP = 'open/salt';

/** @throws SacrificeError OUTPUT_DIFFERS; MpcError MESSAGE_MALFORMED */
export async function openSalted(
  links: Links,
  prss: Prss,
  shared: ReadonlyMap<string, ReplicatedVector>,
): Promise<ReadonlyMap<string, BitVector>> {
  const vectors = [...shared.values()];
  const next = nextParty(links.self);
  const previous = previousParty(links.self);
  const first = concatBytes([
    prss.common('previous', SALT_STEP, SALT_BYTES),
    packVectors(vectors.map((vector) => vector.first)),
  ]);
  const second = concatBytes([
    prss.common('next', SALT_STEP, SALT_BYTES),
    packVectors(vectors.map((vector) => vector.second)),
  ]);
  const [, missing, missingHash] = await Promise.all([
    links.send(
      OPEN_STEP,
      new Map([
        [next, first],
        [previous, hashOf(second)],
      ]),
    ),
    links.receive(OPEN_STEP, previous),
    links.receive(OPEN_STEP, next),
  ]);
  if (!equalBytes(hashOf(missing), missingHash)) throw new SacrificeError('OUTPUT_DIFFERS');
  const thirds = unpackVectors(
    missing.subarray(SALT_BYTES),
    vectors.map(({ lanes }) => lanes),
  );
  return new Map([...shared.keys()].map((name, index) => [name, sumOf(vectors[index]!, thirds[index]!)]));
}

function hashOf(saltedShare: Uint8Array): Uint8Array {
  return hash('sha256', frame('tacit/1 open salted', saltedShare), 'buffer');
}

function sumOf({ first, second }: ReplicatedVector, third: BitVector): BitVector {
  const sum = BitVector.zeros(first.lanes);
  for (let word = 0; word < sum.words.length; word++) {
    sum.words[word] = first.words[word]! ^ second.words[word]! ^ third.words[word]!;
  }
  return sum;
}
