/**
 * The shuffle coin: 256 bits that nobody knows until it is opened; one round.
 *
 * The coin is a random replicated sharing drawn from the pair keys without a message (Furukawa et al., EUROCRYPT 2017,
 * "F_coin"), so its value is fixed before the session's first message and unknown to every party alone. What a party
 * lacks it gets from the previous party, and the hash of it from the next. The order matters: a corrupt party X sends its
 * AND and triple messages to X-1 only, and X-1, who sends it the missing summand, does so when it has them all. The
 * next party X+1 may be ahead of X's messages; all it gives away is a hash of 256 unknown bits.
 */

import { createSecretKey, hash, type KeyObject } from 'node:crypto';
import { equalBytes, frame } from '../../mpc/bytes.ts';
import { nextParty, previousParty } from '../../mpc/party.ts';
import type { Prss } from '../../mpc/random/prss.ts';
import type { Links } from '../../mpc/session/links.ts';
import { COIN_BYTES } from './buckets.ts';
import { SacrificeError } from './errors.ts';

const COIN_STEP = 'check/coin';
const KEY_BYTES = 16;

/** @throws SacrificeError COIN_DIFFERS */
export async function openCoin(links: Links, prss: Prss): Promise<KeyObject> {
  const first = prss.common('previous', COIN_STEP, COIN_BYTES);
  const second = prss.common('next', COIN_STEP, COIN_BYTES);
  const next = nextParty(links.self);
  const previous = previousParty(links.self);
  const [, third, thirdHash] = await Promise.all([
    links.send(
      COIN_STEP,
      new Map([
        [next, first],
        [previous, hashOf(second)],
      ]),
    ),
    links.receive(COIN_STEP, previous),
    links.receive(COIN_STEP, next),
  ]);
  if (third.length !== COIN_BYTES || !equalBytes(hashOf(third), thirdHash)) {
    throw new SacrificeError('COIN_DIFFERS');
  }
  const coin = first.map((byte, index) => byte ^ second[index]! ^ third[index]!);
  return createSecretKey(hash('sha256', frame('tacit/1 shuffle', coin), 'buffer').subarray(0, KEY_BYTES));
}

function hashOf(share: Uint8Array): Uint8Array {
  return hash('sha256', frame('tacit/1 coin share', share), 'buffer');
}
