/**
 * A process whose stores fail as told: for crash, zombie, malice and throttling tests of whatever uses an ItemStore.
 *
 *     const process = new FaultyProcess();
 *     const tree = process.attach(treeTable, 'tree');      // both count calls together, from 1, in call order
 *     const state = process.attach(stateTable, 'state');
 *     const vault = await openVault({ tree, state, ... });
 *
 * Crash: `process.crashAt(7, 'before' | 'after' | [0, 2])`. The 7th call does not arrive, arrives without its answer
 * being seen, or arrives in part (items 0 and 2 of it only; a read counts as arrived). It throws CrashSignal, as
 * do all later calls and all calls under way, on every store of the process. `{ stillArriving: 1 }` lets the 8th call
 * arrive all the same, unanswered: requests in parallel need not arrive in order. Reopen through a new FaultyProcess on
 * the same tables. To go through all crash points, run once without a fault and read `process.calls`: it has
 * the operation, the store and the keys of each call.
 *
 * Zombie: `const held = process.hold((call) => call.op === 'write' && call.store === 'tree')`. The next call that
 * matches waits: `await held.reached`, let another process take over, `held.release()`. With 'after' the call
 * arrives at once and only its answer waits. `process.kill()` and then `release()`: the request of a dead process that
 * arrives late. A hold takes one call.
 *
 * Malice: `process.tamper((key, store) => store === 'tree' && key.sort === '0', older(1))` changes what reads answer for
 * those keys, until the returned function is called. Changes: `missing()`, `older(steps)`, `truncatedBy(bytes)`,
 * `bitFlipped(bit)`, `versionMoved(by)`, `contentOf(key)`; a swap is two of the last. `older` knows what
 * was written through this process; for an older state of a whole table use `copy()` of the memory store.
 * `process.dropWrites(match)` acknowledges writes of those keys without doing them.
 *
 * Unavailable: `process.fail(match, times, arriving)` throws STORE_UNAVAILABLE for the next calls that match, after
 * none (default), all ('all') or some ([0, 2]) of their items arrived. Then everything works again.
 */

import { OramError } from '../../../oram/errors.ts';
import { keyIdentifier } from '../../../oram/stores/keys.ts';
import type { Item, ItemKey, ItemStore } from '../../../oram/stores/store.ts';

/** Thrown to whoever calls a store in the name of a process that is dead: not an OramError, never handled. */
export class CrashSignal extends Error {
  constructor() {
    super('this process has crashed');
    this.name = 'CrashSignal';
  }
}

export type Operation = 'read' | 'write' | 'fill' | 'replace' | 'remove';

export interface StoreCall {
  /** From 1, over all stores of the process. */
  readonly number: number;
  readonly store: string;
  readonly op: Operation;
  readonly keys: readonly ItemKey[];
}

/** Which items of a call arrive: by position. */
export type Part = readonly number[];

export type CallMatch = (call: StoreCall) => boolean;
export type KeyMatch = (key: ItemKey, store: string) => boolean;

export interface TableView {
  /** What was written under the key through this process, oldest first; writes answered false left out. */
  readonly history: readonly Item[];
  read(key: ItemKey): Promise<Item | undefined>;
}

/** From what a table holds under `key` to what it answers. */
export type Change = (
  item: Item | undefined,
  view: TableView,
) => Item | undefined | Promise<Item | undefined>;

export interface Held {
  /** Once a call waits here. */
  readonly reached: Promise<StoreCall>;
  release(): void;
}

interface Hold extends Held {
  readonly match: CallMatch;
  readonly when: 'before' | 'after';
  readonly reach: (call: StoreCall) => void;
  readonly released: Promise<void>;
}

interface Failure {
  readonly match: CallMatch;
  readonly arriving: 'none' | 'all' | Part;
  left: number;
}

interface Crash {
  readonly number: number;
  readonly moment: 'before' | 'after' | Part;
  readonly stillArriving: number;
}

/** Carries out a call, whole or in part. */
type Perform<T> = (part: Part | 'all') => Promise<T>;

export class FaultyProcess {
  readonly #calls: StoreCall[] = [];
  readonly #tampers: { match: KeyMatch; change: Change }[] = [];
  readonly #dropped: KeyMatch[] = [];
  readonly #failures: Failure[] = [];
  readonly #holds: Hold[] = [];
  readonly #histories = new Map<string, Item[]>();
  #crash: Crash | undefined;
  #dead = false;

  /** Every call so far, those refused after a crash left out. */
  get calls(): readonly StoreCall[] {
    return this.#calls;
  }

  get crashed(): boolean {
    return this.#dead;
  }

  attach(store: ItemStore, name = 'store'): ItemStore {
    const arriving = (items: readonly Item[], part: Part | 'all') =>
      pick(items, part).filter(({ key }) => !this.#isDropped(key, name));
    return {
      read: (keys) =>
        this.#called(name, 'read', keys, async () => {
          const items = await store.read(keys);
          return Promise.all(items.map((item, index) => this.#tampered(name, store, keys[index]!, item)));
        }),
      write: (items) =>
        this.#called(name, 'write', keysOf(items), async (part) => {
          const kept = arriving(items, part);
          const put = await store.write(kept);
          if (put) this.#remember(name, kept);
          return put;
        }),
      fill: (items) =>
        this.#called(name, 'fill', keysOf(items), async (part) => {
          const kept = arriving(items, part);
          await store.fill(kept);
          this.#remember(name, kept);
        }),
      replace: (item, expected) =>
        this.#called(name, 'replace', [item.key], async (part) => {
          if (arriving([item], part).length === 0) return true;
          const put = await store.replace(item, expected);
          if (put) this.#remember(name, [item]);
          return put;
        }),
      remove: (keys) =>
        this.#called(name, 'remove', keys, (part) =>
          store.remove(pick(keys, part).filter((key) => !this.#isDropped(key, name))),
        ),
      units: () => store.units(),
    };
  }

  crashAt(
    number: number,
    moment: 'before' | 'after' | Part,
    { stillArriving = 0 }: { readonly stillArriving?: number } = {},
  ): void {
    this.#crash = { number, moment, stillArriving };
  }

  /** Dead from now on: no call arrives any more, and no answer is seen. */
  kill(): void {
    this.#dead = true;
  }

  hold(match: CallMatch, when: 'before' | 'after' = 'before'): Held {
    const reached = Promise.withResolvers<StoreCall>();
    const released = Promise.withResolvers<void>();
    const hold: Hold = {
      match,
      when,
      reached: reached.promise,
      reach: reached.resolve,
      released: released.promise,
      release: () => released.resolve(),
    };
    this.#holds.push(hold);
    return hold;
  }

  /** @returns ends it */
  tamper(match: KeyMatch, change: Change): () => void {
    const entry = { match, change };
    this.#tampers.push(entry);
    return () => void this.#tampers.splice(this.#tampers.indexOf(entry), 1);
  }

  /** @returns ends it */
  dropWrites(match: KeyMatch): () => void {
    this.#dropped.push(match);
    return () => void this.#dropped.splice(this.#dropped.indexOf(match), 1);
  }

  fail(match: CallMatch, times = 1, arriving: 'none' | 'all' | Part = 'none'): void {
    this.#failures.push({ match, left: times, arriving });
  }

  async #called<T>(store: string, op: Operation, keys: readonly ItemKey[], perform: Perform<T>): Promise<T> {
    if (this.#dead && !this.#stillArrives()) throw new CrashSignal();
    const call: StoreCall = { number: this.#calls.length + 1, store, op, keys };
    this.#calls.push(call);
    if (call.number === this.#crash?.number) {
      this.#dead = true;
      const { moment } = this.#crash;
      if (moment !== 'before') await perform(moment === 'after' ? 'all' : moment);
      throw new CrashSignal();
    }
    const failure = this.#failures.find(({ match, left }) => left > 0 && match(call));
    if (failure !== undefined) {
      failure.left -= 1;
      if (failure.arriving !== 'none') await perform(failure.arriving);
      if (this.#dead) throw new CrashSignal();
      throw new OramError('STORE_UNAVAILABLE', 'this call was told to fail');
    }
    const hold = this.#takeHold(call);
    if (hold?.when === 'before') await this.#wait(hold, call);
    const answer = await perform('all');
    if (hold?.when === 'after') await this.#wait(hold, call);
    if (this.#dead) throw new CrashSignal();
    return answer;
  }

  #stillArrives(): boolean {
    return this.#crash !== undefined && this.#calls.length < this.#crash.number + this.#crash.stillArriving;
  }

  #takeHold(call: StoreCall): Hold | undefined {
    const index = this.#holds.findIndex(({ match }) => match(call));
    return index < 0 ? undefined : this.#holds.splice(index, 1)[0];
  }

  #wait(hold: Hold, call: StoreCall): Promise<void> {
    hold.reach(call);
    return hold.released;
  }

  #isDropped(key: ItemKey, store: string): boolean {
    return this.#dropped.some((match) => match(key, store));
  }

  #remember(store: string, items: readonly Item[]): void {
    for (const item of items) this.#history(store, item.key).push({ ...item, bytes: item.bytes.slice() });
  }

  #history(store: string, key: ItemKey): Item[] {
    const identifier = `${store}\n${keyIdentifier(key)}`;
    const history = this.#histories.get(identifier) ?? [];
    this.#histories.set(identifier, history);
    return history;
  }

  async #tampered(
    name: string,
    store: ItemStore,
    key: ItemKey,
    item: Item | undefined,
  ): Promise<Item | undefined> {
    const view: TableView = {
      history: this.#history(name, key),
      read: async (other) => (await store.read([other]))[0],
    };
    let answered = item;
    for (const { match, change } of this.#tampers) {
      if (match(key, name)) answered = await change(answered, view);
    }
    // A store refuses an item under another key than the one asked for, so no change can get past it.
    return answered === undefined ? undefined : { ...answered, key, bytes: answered.bytes.slice() };
  }
}

export function missing(): Change {
  return () => undefined;
}

/** What the key held `steps` writes before what it holds; missing where there was no such write. */
export function older(steps = 1): Change {
  return (item, { history }) =>
    history[history.findLastIndex(({ version }) => version === item?.version) - steps];
}

/** The content and version that another key holds. */
export function contentOf(key: ItemKey): Change {
  return (_item, { read }) => read(key);
}

export function truncatedBy(bytes: number): Change {
  return changed((item) => ({
    ...item,
    bytes: item.bytes.subarray(0, Math.max(0, item.bytes.length - bytes)),
  }));
}

/** @param bit counted from the first byte's lowest, and from the end where negative */
export function bitFlipped(bit: number): Change {
  return changed((item) => {
    const bytes = Uint8Array.from(item.bytes);
    const position = bit < 0 ? bytes.length * 8 + bit : bit;
    bytes[position >> 3]! ^= 1 << (position & 7);
    return { ...item, bytes };
  });
}

/** The same bytes under another version number. */
export function versionMoved(by: number): Change {
  return changed((item) => ({ ...item, version: item.version + by }));
}

function changed(change: (item: Item) => Item): Change {
  return (item) => (item === undefined ? undefined : change(item));
}

function keysOf(items: readonly Item[]): readonly ItemKey[] {
  return items.map(({ key }) => key);
}

function pick<T>(all: readonly T[], part: Part | 'all'): readonly T[] {
  return part === 'all' ? all : all.filter((_, index) => part.includes(index));
}
