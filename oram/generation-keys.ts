/** Every key that a generation of a vault can have in its tables: for deleting it. */

import { logKey, pageKey, poolKey, segmentKey, stateLayout } from './checkpoint.ts';
import type { VaultParameters } from './parameters.ts';
import { bucketKey } from './sealed-buckets.ts';
import type { Sealer } from './sealing.ts';
import type { ItemKey } from './stores/store.ts';
import { TreeGeometry } from './tree-geometry.ts';

export interface GenerationKeys {
  readonly tree: readonly ItemKey[];
  readonly state: readonly ItemKey[];
}

export function generationKeys(sealer: Sealer, parameters: VaultParameters): GenerationKeys {
  const geometry = new TreeGeometry(parameters);
  const layout = stateLayout(parameters);
  const tree: ItemKey[] = [];
  for (let index = geometry.firstBucket; index < geometry.firstBucket + geometry.bucketCount; index++) {
    tree.push(bucketKey(sealer, { index }, '0'), bucketKey(sealer, { index }, '1'));
  }
  const state: ItemKey[] = [];
  for (let chunk = 0; chunk < layout.poolChunks; chunk++) {
    state.push(poolKey(sealer, chunk, 0), poolKey(sealer, chunk, 1));
  }
  for (let page = 0; page < layout.pages; page++) {
    state.push(pageKey(sealer, layout, page, 0), pageKey(sealer, layout, page, page + 1));
  }
  for (let segment = 0; segment < layout.segmentRing; segment++)
    state.push(segmentKey(sealer, layout, segment));
  for (let record = 0; record < layout.logRing; record++) state.push(logKey(sealer, layout, record));
  return { tree, state };
}
