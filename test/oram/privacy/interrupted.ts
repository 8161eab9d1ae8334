/**
 * What the owner of the tables sees of an access that is cut off at one of its calls, and of whatever is asked next. The
 * owner can bring this about: it need only fail a call.
 */

import { OramError } from '../../../oram/errors.ts';
import type { TraceEntry } from '../../../oram/stores/tracing.ts';
import type { VaultOperation } from '../../../oram/vault.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { CrashSignal, FaultyProcess } from '../stores/fault-store.ts';
import { open, type Tables } from '../tree-world.ts';
import { ALARM, binomialTail } from './statistics.ts';
import { viewOf } from './table-owner.ts';
import { keyOf, PARAMETERS, serve } from './workloads.ts';

const LEAVES = 2 ** (PARAMETERS.levels - 1);

/** Calls of an access: intent, read of the path, write of the path, write of the log, commit. */
export const CALLS = ['intent', 'read', 'write', 'log', 'commit'] as const;

/** Relative to the record that was being looked up. */
export const NEXT: Readonly<Record<string, (record: number) => VaultOperation>> = {
  'the same record': (record) => ({ kind: 'get', key: keyOf(record) }),
  'the same record, replaced': (record) => ({
    kind: 'put',
    key: keyOf(record),
    value: new Uint8Array(3),
  }),
  'another record': (record) => ({ kind: 'get', key: keyOf(record + 77) }),
  'nothing there': () => ({ kind: 'get', key: 'nobody' }),
  dummy: () => ({ kind: 'dummy' }),
};

export interface Interrupted {
  /** Calls of the process that came after, without their keys. */
  readonly calls: readonly string[];
  /** Leaf read before the cut; undefined where none was. */
  readonly before: number | undefined;
  /** Leaves read by the process that came after. */
  readonly after: readonly number[];
}

/** One access cut off, then another process that asks for `next`. */
export async function interrupt(
  tables: Tables,
  record: number,
  next: VaultOperation,
  call: number,
  moment: 'before' | 'after',
  random: SeededRandom,
): Promise<Interrupted> {
  const process = new FaultyProcess();
  const first: TraceEntry[] = [];
  const vault = await open(tables, { process, trace: first, random: random.bytes });
  process.crashAt(process.calls.length + 1 + call, moment);
  await vault.get(keyOf(record)).then(
    () => Promise.reject(new Error('it was not cut off')),
    (error: unknown) => {
      if (!(error instanceof CrashSignal)) throw error;
    },
  );
  const second: TraceEntry[] = [];
  await serve(await open(tables, { trace: second, random: random.bytes }), next);
  return {
    calls: second.map(({ op, items, bytesSent, bytesReceived }) =>
      [op, items, bytesSent, bytesReceived].join(' '),
    ),
    before: viewOf(first, PARAMETERS).epochs[0]?.[0],
    after: viewOf(second, PARAMETERS).epochs.map(([leaf]) => leaf!),
  };
}

/** What is suspicious in many accesses cut off at the same call: repeats of a path by exact binomial tails. */
export function alarmsOfInterrupted(seen: readonly Interrupted[]): string[] {
  const otherPath = seen.some(
    ({ before, after }) => before !== undefined && after.length === 2 && after[0] !== before,
  );
  // Where nothing was read or announced before the cut, there is one path, and nothing to compare it with.
  const pairs = seen.flatMap(({ before, after }) => {
    const shown = after.length === 2 ? after[0] : before;
    return shown === undefined ? [] : [{ shown, asked: after.at(-1) }];
  });
  const again = pairs.filter(({ shown, asked }) => shown === asked).length;
  return [
    ...(otherPath ? ['recovery reads another path'] : []),
    ...(binomialTail(again, pairs.length, 1 / LEAVES) < ALARM
      ? ['the next request reads the same path']
      : []),
  ];
}

/**
 * Reads of the path fail `times` in a row although they arrive, and the process goes on.
 * @returns leaves read, those of `next` last
 */
export async function failing(
  tables: Tables,
  record: number,
  next: VaultOperation,
  times: number,
  random: SeededRandom,
): Promise<readonly number[]> {
  const process = new FaultyProcess();
  const trace: TraceEntry[] = [];
  const vault = await open(tables, { process, trace, random: random.bytes });
  process.fail(({ op, store }) => op === 'read' && store === 'tree', times, 'all');
  for (let failure = 0; failure < times; failure++) {
    const asked = failure === 0 ? vault.get(keyOf(record)) : serve(vault, next);
    await asked.catch((error: unknown) => {
      if (!(error instanceof OramError) || error.code !== 'STORE_UNAVAILABLE') throw error;
    });
  }
  await serve(vault, next);
  return viewOf(trace, PARAMETERS).epochs.map(([leaf]) => leaf!);
}
