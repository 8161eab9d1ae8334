/**
 * Deleting a vault with everything it has in both tables, whatever state it is in: poisoned, cut off while it was made
 * or destroyed, with a client state that cannot be read any more. Needs the head and the key that it is under.
 *
 * The head goes last, so that a deletion that was cut off can be repeated. Nothing is read but the head, and what is
 * deleted follows from the parameters.
 */

import { headKey } from './head.ts';
import { removeGeneration } from './rebuild.ts';
import type { TreeWriter } from './tree-writer.ts';
import type { BulkOptions } from './vault.ts';

/** @throws OramError VAULT_UNKNOWN, VAULT_BUSY, and those of the stores */
export async function destroyTree(writer: TreeWriter, bulk: BulkOptions): Promise<void> {
  const held = await writer.claim();
  for (const generation of [held.head.generation, held.head.body.leftover]) {
    if (generation !== null) await removeGeneration(writer, held, generation, bulk);
  }
  await writer.options.state.remove([headKey(writer.options.name)]);
  writer.doubt();
}
