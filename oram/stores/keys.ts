/** Keys of items as map keys, and the rule that a call names each key once. */

import { OramError } from '../errors.ts';
import type { ItemKey } from './store.ts';

/** The same text for the same key only: no key has a line break. */
export function keyIdentifier({ partition, sort }: ItemKey): string {
  return `${partition}\n${sort}`;
}

/**
 * DynamoDB refuses a batch that names a key twice, so a caller that does must not get past its tests.
 * @throws OramError STORE_REFUSED
 */
export function requireDistinct(keys: readonly ItemKey[]): void {
  // Mostly each partition is named once, and no text has to be made for each key to see it.
  if (keys.length < 2 || distinct(keys.map(({ partition }) => partition))) return;
  if (!distinct(keys.map(keyIdentifier))) {
    throw new OramError('STORE_REFUSED', 'a call names each key once');
  }
}

function distinct(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}
