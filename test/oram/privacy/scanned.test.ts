/**
 * A scanned vault is one item that is read and rewritten whole: whatever is asked, alone or in a batch, the trace of both
 * tables is the same, call for call, byte for byte, key for key. No statistics: nothing in it is random.
 */

import { beforeAll, expect, test } from 'vitest';
import { createVault } from '../../../oram/open-vault.ts';
import { chooseParameters } from '../../../oram/parameters.ts';
import type { TraceEntry } from '../../../oram/stores/tracing.ts';
import type { VaultOperation } from '../../../oram/vault.ts';
import { copyOf, newTables, open, optionsFor, type Tables } from '../tree-world.ts';
import { BATCHES, keyOf, PARAMETERS, SINGLES, serve } from './workloads.ts';

const EPOCHS = 12;

const tables: Tables = newTables();
beforeAll(async () => {
  const { capacity: records, blockBytes } = PARAMETERS;
  const parameters = chooseParameters({ records, blockBytes, layout: 'scan' });
  const vault = await createVault(optionsFor(tables), parameters);
  const value = new Uint8Array(blockBytes);
  await vault.load(Array.from({ length: 192 }, (_, record) => ({ key: keyOf(record), value })));
});

async function traceOf(workload: (index: number) => VaultOperation | readonly VaultOperation[]) {
  const trace: TraceEntry[] = [];
  const vault = await open(copyOf(tables), { trace });
  for (let index = 0; index < EPOCHS; index++) await serve(vault, workload(index));
  return trace;
}

test.each(Object.entries({ ...SINGLES, ...BATCHES }))('%s', async (_, workload) => {
  const reference = await traceOf(SINGLES.dummies);
  expect(reference.length).toBeGreaterThanOrEqual(3 * EPOCHS);
  expect(await traceOf(workload)).toEqual(reference);
});
