/**
 * What the owner of a table sees of a vault: its calls with their keys and sizes, in the order in which they ended.
 *
 * This is the adversary's view against which obliviousness is claimed and tested; a trace holds no bytes, since they
 * are sealed and drawn anew each time. A store repeats requests that fail for a time, which the owner sees as
 * well; the keys are the same, so the trace leaves them out.
 */

import type { Item, ItemKey, ItemStore } from './store.ts';
import { billedBytes } from './units.ts';

export interface TraceEntry {
  readonly op: 'read' | 'write' | 'fill' | 'replace' | 'remove';
  /** Keys named by the call. */
  readonly items: number;
  /** Whole items put, keys and names included, as they are billed; 0 where the call only names keys. */
  readonly bytesSent: number;
  /** Whole items answered, keys and names included, as they are billed. */
  readonly bytesReceived: number;
  /** In the order of the call. */
  readonly keys: readonly ItemKey[];
}

/**
 * @param sink is handed each call once it was answered; a call that failed is handed over before it throws,
 *   with what was sent, since its keys were seen
 */
export function tracing(store: ItemStore, sink: (entry: TraceEntry) => void): ItemStore {
  async function traced<T>(
    op: TraceEntry['op'],
    { keys, put = [] }: { keys: readonly ItemKey[]; put?: readonly Item[] },
    call: () => Promise<T>,
    received: (answer: T) => number = () => 0,
  ): Promise<T> {
    let bytesReceived = 0;
    try {
      const answer = await call();
      bytesReceived = received(answer);
      return answer;
    } finally {
      sink({ op, items: keys.length, bytesSent: totalBytes(put), bytesReceived, keys });
    }
  }

  return {
    read: (keys) => traced('read', { keys }, () => store.read(keys), totalBytes),
    write: (items) => traced('write', ofItems(items), () => store.write(items)),
    fill: (items) => traced('fill', ofItems(items), () => store.fill(items)),
    replace: (item, expected) => traced('replace', ofItems([item]), () => store.replace(item, expected)),
    remove: (keys) => traced('remove', { keys }, () => store.remove(keys)),
    units: () => store.units(),
  };
}

function ofItems(items: readonly Item[]) {
  return { keys: items.map(({ key }) => key), put: items };
}

function totalBytes(items: readonly (Item | undefined)[]): number {
  return items.reduce((sum, item) => sum + (item === undefined ? 0 : billedBytes(item)), 0);
}
