/** Accesses of a vault as the owner of its tree table saw them, for people. */

import { isDeepStrictEqual } from 'node:util';
import type { TracedAccess, TracedCall } from '../local/vault-trace.ts';
import { table } from './output.ts';

export function traceTable(accesses: readonly TracedAccess[]): string {
  return table(
    ['>access', 'calls', '>bytes', 'leaves'],
    accesses.map(({ calls, leaves }, index) => [
      String(index + 1),
      runsOf(calls).join(', '),
      calls.reduce((sum, { bytes }) => sum + bytes, 0).toLocaleString('en'),
      leaves.join(' '),
    ]),
  );
}

/** What the owner can tell from the calls. */
export function comparison(accesses: readonly TracedAccess[]): string {
  const [first] = accesses;
  const same = accesses.filter(({ calls }) => isDeepStrictEqual(calls, first?.calls)).length;
  return same === accesses.length
    ? `All ${same} made the same calls with the same sizes; the leaves are drawn at random each time.`
    : `${same} of ${accesses.length} made the calls of the first: others served several operations at once, or were cut off.`;
}

/** Equal calls in a row, as one. */
export function runsOf(calls: readonly TracedCall[]): readonly string[] {
  const runs: { call: TracedCall; times: number }[] = [];
  for (const call of calls) {
    const last = runs.at(-1);
    if (last !== undefined && isDeepStrictEqual(last.call, call)) last.times++;
    else runs.push({ call, times: 1 });
  }
  return runs.map(({ call, times }) => {
    const items = `${call.items} item${call.items === 1 ? '' : 's'}`;
    return `${times > 1 ? `${times} x ` : ''}${call.op} (${items}, ${call.bytes.toLocaleString('en')} bytes)`;
  });
}
