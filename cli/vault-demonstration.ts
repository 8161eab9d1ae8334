/**
 * The second half of the demonstration: a vault with the example's suppliers, looked up, missed and changed, and what
 * the owner of its table saw of each.
 *
 * As in the first half, every claim that is printed was checked just before.
 */

import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { createLocalVault } from '../local/local-vault.ts';
import type { OpenedVault } from '../local/opened-vault.ts';
import { placesOf } from '../local/vault-directory.ts';
import { readTrace, type TracedAccess } from '../local/vault-trace.ts';
import { chooseParameters, valueBytes } from '../oram/parameters.ts';
import { readRecords } from '../oram/record-file.ts';
import type { BulkOptions, Vault } from '../oram/vault.ts';
import { runsOf } from './access-table.ts';
import { CliError } from './errors.ts';
import { dim, print, table } from './output.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

const RECORDS = fileURLToPath(new URL('../examples/due-diligence/records.jsonl', import.meta.url));
const NAME = 'suppliers';
const PRESENT = { key: 'NL-KVK-12266401', holds: 'Grauwerk Robotics B.V.' } as const;
const MISSING = 'NL-KVK-00000000';

/** Room for some more suppliers than the example has, and for the longest of their records. */
const SIZES = { records: 6_000, blockBytes: 240 } as const;

interface Step {
  readonly what: string;
  readonly result: string;
}

export async function demonstrateVault(): Promise<void> {
  await inTemporaryDirectory(async (directory, signal) => {
    const parameters = chooseParameters(SIZES);
    const startedAt = performance.now();
    print(dim('  A table is made and filled with the suppliers of the examples.'));
    const local = await createLocalVault({ directory, name: NAME }, parameters, { signal });
    try {
      const records = await fill(local, { signal });
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      print(
        `  ${records.toLocaleString('en')} records, sealed and placed at random in ${seconds} s. Somebody else may own the table.`,
      );
      print('  One is looked up, one that is not there, and one is changed:\n');
      const steps: Step[] = [];
      for (const step of STEPS) {
        signal.throwIfAborted();
        steps.push(await local.access(step));
      }
      const seen = await readTrace(placesOf(directory, NAME), steps.length);
      showSteps(steps, seen);
    } finally {
      await local.close();
    }
  });
}

function fill({ bulk }: OpenedVault, options: BulkOptions): Promise<number> {
  return bulk((vault) => {
    const file = { name: RECORDS, chunks: createReadStream(RECORDS) };
    return vault.load(readRecords(file, { valueBytes: valueBytes(vault.parameters) }), options);
  });
}

const STEPS: readonly ((vault: Vault) => Promise<Step>)[] = [
  async (vault) => {
    const value = await textOf(vault, PRESENT.key);
    check(value?.includes(PRESENT.holds) === true, 'the vault does not hold what was loaded');
    return { what: `get ${PRESENT.key}`, result: PRESENT.holds };
  },
  async (vault) => {
    check((await textOf(vault, MISSING)) === undefined, 'the vault holds a record that was not loaded');
    return { what: `get ${MISSING}`, result: 'no such record' };
  },
  async (vault) => {
    await vault.put(PRESENT.key, Buffer.from('{"risk":"high"}'));
    return { what: `put ${PRESENT.key}`, result: 'changed' };
  },
  async (vault) => {
    check((await textOf(vault, PRESENT.key)) === '{"risk":"high"}', 'the vault lost a change');
    return { what: `get ${PRESENT.key}`, result: 'the change' };
  },
];

/** Which access was which is known to us; the owner has the right-hand columns alone. */
function showSteps(steps: readonly Step[], seen: readonly TracedAccess[]): void {
  const [first] = seen;
  check(
    first !== undefined &&
      seen.length === steps.length &&
      seen.every(({ calls }) => isDeepStrictEqual(calls, first.calls)),
    "the table's owner can tell the accesses apart",
  );
  print(
    table(
      ['we know', '', '>the owner sees: leaf', '>calls', '>bytes'],
      steps.map(({ what, result }, index) => [
        what,
        result,
        seen[index]?.leaves.join(' ') ?? '',
        String(seen[index]?.calls.length),
        String(seen[index]?.calls.reduce((sum, { bytes }) => sum + bytes, 0)),
      ]),
    ),
  );
  print(`\n  Each time the same calls: ${runsOf(first?.calls ?? []).join(', ')}.`);
  print(dim('  The leaf is drawn anew for every access, also for the same record; a miss draws one too.'));
}

async function textOf(vault: Vault, key: string): Promise<string | undefined> {
  const value = await vault.get(key);
  return value === undefined ? undefined : Buffer.from(value).toString('utf8');
}

function check(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new CliError('CHECK_FAILED', otherwise);
}
