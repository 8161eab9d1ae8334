/** What to do about each code of the vault, for docs/errors.md, in the order of `oram/errors.ts`. */

import type { OramErrorCode } from '../../oram/errors.ts';

export const VAULT_ADVICE: Readonly<Record<OramErrorCode, string>> = {
  VAULT_PARAMETERS: 'Ask for other sizes; `tacit vault cost` shows what they cost.',
  VAULT_NAME: 'Choose another name.',
  VAULT_EXISTS: 'Choose another name, or destroy the vault that is there with everything in it.',
  VAULT_UNKNOWN: 'Check name, directory or address. Over HTTP: whether this party keeps a vault at all.',
  VAULT_KEY: 'Use the key that was made with this vault. Without it nobody can read the records.',
  VAULT_FULL: 'Delete records, or load them into a vault with a larger capacity. Nothing was changed.',
  VAULT_VALUE_TOO_LARGE: 'Shorten the value, or make a vault with larger or more blocks for a record.',
  VAULT_RECORD_KEY: 'Use another key for the record.',
  VAULT_KEY_COLLISION: 'Use another key for the record, such as one with a suffix.',
  VAULT_BATCH_SIZE: 'Split the batch.',
  VAULT_KEY_EXHAUSTED: 'Load its records into a new vault.',
  VAULT_BUSY:
    'Try again. If it repeats, too many processes share the vault, or each of its accesses is slow.',
  VAULT_CLOSED: 'Open the vault again; a function does so with the next request.',
  VAULT_POISONED:
    'Stop. Read which code came first, find out who altered the tables, then reshuffle or restore.',
  VAULT_RECORDS_MALFORMED: 'Correct the line named; JSON lines need `key` and `value`, CSV the header.',
  STASH_OVERFLOW: 'Reshuffle the vault and report it: by chance it does not happen.',
  STORE_UNAVAILABLE: 'Try again; see that the table named runs and does not throttle.',
  STORE_REFUSED: 'Operator: check name, policy and credentials of the table.',
  STORE_ITEM_MALFORMED: 'Operator: somebody else wrote into the table; see BUCKET_FORGED.',
  BUCKET_MISSING: 'Operator: ask the owner of the tree table. `reshuffle` with loss keeps what is left.',
  BUCKET_STALE:
    'Operator: the tree table was rolled back, by a backup or on purpose. Restore the newest state of it, or reshuffle with loss.',
  BUCKET_FORGED: 'Operator: somebody altered the tree table. Find out who; then restore or reshuffle.',
  BUCKET_MALFORMED: 'Operator: compare versions of the program; then as BUCKET_FORGED.',
  HEAD_FORGED: 'Operator: check the key of the vault; if it is right, the state table was altered.',
  HEAD_MALFORMED: 'Operator: compare versions of the program; then as HEAD_FORGED.',
  STATE_MISSING: 'Operator: items of the state table are gone. Restore it together with the tree table.',
  STATE_STALE: 'Operator: part of the state table was rolled back. Restore it together with the tree table.',
  STATE_FORGED: 'Operator: the state table was altered, or the key is of another vault.',
  STATE_MALFORMED: 'Operator: compare versions of the program; then as STATE_FORGED.',
};
