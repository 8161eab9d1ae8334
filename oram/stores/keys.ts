/** Keys of items as map keys, and the rule that a call names each key once. */

import { OramError } from '../errors.ts';
import type { ItemKey } from './store.ts';

/** The same text for the same key only: no key has a line break. */
export function keyIdentifier({ partition, sort }: ItemKey): string {
  return `${partition}\n${sort}`;
}

export function keyOfIdentifier(identifier: string): ItemKey {
  const [partition = '', sort = ''] = identifier.split('\n');
  return { partition, sort };
}

/**
 * The identifiers of the keys, in their order. DynamoDB refuses a batch that names a key twice, so a caller that does
 * must not get past its tests.
 * @throws OramError STORE_REFUSED
 */
export function distinctIdentifiers(keys: readonly ItemKey[]): readonly string[] {
  const identifiers = keys.map(keyIdentifier);
  if (keys.length > 1 && new Set(identifiers).size < keys.length) {
    throw new OramError('STORE_REFUSED', 'a call names each key once');
  }
  return identifiers;
}
