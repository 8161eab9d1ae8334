/**
 * Random triples: a and b from the pair keys without a message, c by the semi-honest multiplication, one bit a triple.
 *
 * Furukawa et al., EUROCRYPT 2017, section 3: F(k_i) and F(k_{i+1}) are a party's two summands of a random sharing. A
 * corrupt party can make c wrong, by a bit of its choice, and nothing else.
 */

import { andShares } from '../../mpc/bits/and-kernel.ts';
import type { Prss } from '../../mpc/random/prss.ts';
import { allocatePlanes, type TriplePlanes, wordsOfBytes } from './triple-planes.ts';

/** All but `z1`, which the next party sends: its z0. */
export function drawTriples(prss: Prss, words: number): TriplePlanes {
  const draw = (peer: 'previous' | 'next', step: string) =>
    new Int32Array(prss.common(peer, step, words * 4).buffer);
  const planes: TriplePlanes = {
    ...allocatePlanes(0),
    x0: draw('previous', 'triples/a'),
    x1: draw('next', 'triples/a'),
    y0: draw('previous', 'triples/b'),
    y1: draw('next', 'triples/b'),
    z0: new Int32Array(words),
    z1: new Int32Array(words),
  };
  const { x0, x1, y0, y1, z0 } = planes;
  const masks = prss.zeroShare('triples/c', words * 32).words;
  andShares(x0, x1, y0, y1, masks, 0, z0, 0, words);
  return planes;
}

export function completeTriples({ z1 }: TriplePlanes, received: Uint8Array): void {
  z1.set(wordsOfBytes(received));
}
