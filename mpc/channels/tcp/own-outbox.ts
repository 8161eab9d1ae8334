/**
 * What this party has posted: enough to hold every address to one writing, to recall, and to answer a peer that asks.
 *
 * Of parcels the latest item alone keeps its bytes, so that a retry at once with the same bytes can be told from a
 * conflict; a later one counts as a conflict, so nothing is ever sent twice. (Keeping more costs most of the time of a
 * fast run: large buffers that live long are what the garbage collector is slow at.) Parcels that were given up are
 * gone at once. What is for everyone is kept.
 * Topics beyond the bound are forgotten, the oldest first.
 */

import { equalBytes } from '../../bytes.ts';
import { PARTIES, type PartyIndex } from '../../party.ts';
import { conflict } from '../address.ts';
import type { Parcels, Posted } from '../channel.ts';

/** A topic is one attempt or one conversation of an auction: a host meets as many in days. */
const MAX_TOPICS = 1024;

interface Item {
  /** Bit i for party i. */
  readonly readers: number;
  /** Undefined once forgotten. */
  parcels: Parcels | undefined;
}

export class OwnOutbox {
  readonly #topics = new Map<string, Map<string, Item>>();
  /** The latest item with parcels. */
  #latestItem: Item | undefined;

  /**
   * @returns false where the same bytes are there already
   * @throws MpcError CHANNEL_CONFLICT
   */
  write(topic: string, step: string, parcels: Parcels): boolean {
    const steps = this.#topics.get(topic) ?? this.#begin(topic);
    const present = steps.get(step);
    if (present !== undefined) {
      if (present.parcels === undefined || !sameParcels(present.parcels, parcels))
        throw conflict(topic, step);
      return false;
    }
    const forEveryone = 'everyone' in parcels;
    let readers = 0;
    for (const party of forEveryone ? PARTIES : parcels.to.keys()) readers |= 1 << party;
    const item: Item = { readers, parcels };
    steps.set(step, item);
    if (!forEveryone) {
      if (this.#latestItem !== undefined) this.#latestItem.parcels = undefined;
      this.#latestItem = item;
      if (parcels.givenUp) item.parcels = undefined;
    }
    return true;
  }

  read(topic: string, step: string, reader: PartyIndex): Uint8Array | 'nothing' | undefined {
    const item = this.#topics.get(topic)?.get(step);
    if (item === undefined) return undefined;
    if (((item.readers >> reader) & 1) === 0) return 'nothing';
    const { parcels } = item;
    if (parcels === undefined) return undefined;
    return 'everyone' in parcels ? parcels.everyone : parcels.to.get(reader);
  }

  recall(topic: string, step: string): Uint8Array | undefined {
    const parcels = this.#topics.get(topic)?.get(step)?.parcels;
    return parcels !== undefined && 'everyone' in parcels ? parcels.everyone : undefined;
  }

  latest(topic: string): Posted | undefined {
    let latest: Posted | undefined;
    for (const [step, { parcels }] of this.#topics.get(topic) ?? []) {
      if (parcels === undefined || !('everyone' in parcels)) continue;
      if (latest === undefined || step > latest.step) latest = { step, bytes: parcels.everyone };
    }
    return latest;
  }

  #begin(topic: string): Map<string, Item> {
    const steps = new Map<string, Item>();
    this.#topics.set(topic, steps);
    for (const oldest of this.#topics.keys()) {
      if (this.#topics.size <= MAX_TOPICS) break;
      this.#topics.delete(oldest);
    }
    return steps;
  }
}

function sameParcels(left: Parcels, right: Parcels): boolean {
  if ('everyone' in left) return 'everyone' in right && equalBytes(left.everyone, right.everyone);
  if ('everyone' in right || left.to.size !== right.to.size) return false;
  return [...left.to].every(([party, bytes]) => {
    const other = right.to.get(party);
    return other !== undefined && equalBytes(bytes, other);
  });
}
