/**
 * The three computing parties, 0, 1 and 2, arranged in a ring.
 *
 * At most one of them is corrupt. Party i holds shares i and i+1 of every secret, so "next" and "previous"
 * always mean modulo 3.
 */

export type PartyIndex = 0 | 1 | 2;

export const PARTIES: readonly [0, 1, 2] = [0, 1, 2];

/** The party after `party` in the ring: it holds this party's second share as its first. */
export function nextParty(party: PartyIndex): PartyIndex {
  return party === 2 ? 0 : party === 1 ? 2 : 1;
}

/** The party before `party` in the ring: it holds this party's first share as its second. */
export function previousParty(party: PartyIndex): PartyIndex {
  return party === 0 ? 2 : party === 1 ? 0 : 1;
}

/** The two peers of a party, next one first. */
export function peersOf(party: PartyIndex): readonly [PartyIndex, PartyIndex] {
  return [nextParty(party), previousParty(party)];
}

/** Narrows a number from a file or an argument; undefined where it is no party. */
export function toPartyIndex(value: number): PartyIndex | undefined {
  return value === 0 || value === 1 || value === 2 ? value : undefined;
}
