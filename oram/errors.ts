/**
 * Everything a vault refuses or stops at, as one closed union of stable codes.
 *
 * Three kinds. Refusals: the caller asked for something the vault does not take; no store was called. Failures: a
 * store could not be reached; nothing acknowledged is lost and the same call may be repeated. Integrity: a store
 * answered with something that this vault's writer did not put there last; the vault is then poisoned for
 * writing, since going on would read old paths again and tell whoever keeps the table which records they hold.
 * No message holds a key, a value, a leaf or a secret.
 */

/** What each code means to whoever reads it, and what to do. */
export const ORAM_ERROR_CODES = {
  VAULT_PARAMETERS: 'the sizes asked for are out of bounds; see the bounds named',
  VAULT_NAME: 'a vault name has 1 to 64 letters, digits, dots, hyphens or underscores',
  VAULT_EXISTS: 'a vault of this name exists already in this state table; choose another name or destroy it',
  VAULT_UNKNOWN: 'there is no vault of this name in this state table; create it first or check the name',
  VAULT_KEY: 'the key is not the key of this vault; use the key file that was made with it',
  VAULT_FULL: 'the vault holds as many records as it was made for; delete some or load into a larger one',
  VAULT_VALUE_TOO_LARGE: 'the value is longer than a record of this vault holds',
  VAULT_RECORD_KEY: 'a record key has 1 to 1024 bytes of UTF-8',
  VAULT_KEY_COLLISION:
    'this record key has the same fingerprint as another one, which happens by chance once in millions of vaults; use another key',
  VAULT_BATCH_SIZE: 'a batch has 1 to 4096 operations',
  VAULT_KEY_EXHAUSTED: 'the vault used up its version numbers; copy its records into a new one',
  VAULT_BUSY: 'another process kept the vault for the whole time this one was willing to wait',
  VAULT_CLOSED: 'the vault was closed; open it again',
  VAULT_POISONED:
    'an earlier check found the store altered; restore it or reshuffle, and find out who altered it',
  VAULT_RECORDS_MALFORMED: 'the file of records is not what load takes; the line named is where it departs',
  STASH_OVERFLOW:
    'more blocks wait in the client than its bound; this happens by chance less than once in 2^80 accesses',
  STORE_UNAVAILABLE: 'a table cannot be reached or throttles; the same call may be repeated',
  STORE_REFUSED: 'a table does not exist or refuses; check its name, its policy and the credentials',
  STORE_ITEM_MALFORMED: 'an item of a table does not have the shape this library writes',
  BUCKET_MISSING: 'the tree table no longer holds a bucket that was written',
  BUCKET_STALE: 'the tree table answered with another version of a bucket than the one written last',
  BUCKET_FORGED: 'a bucket did not authenticate under its place and version',
  BUCKET_MALFORMED: 'a bucket has the wrong length or holds a block that cannot be there',
  HEAD_FORGED: 'the head item did not authenticate',
  HEAD_MALFORMED: 'the head item does not have the layout of this version',
  STATE_MISSING: 'the state table no longer holds an item that the head needs',
  STATE_STALE: 'the state table answered with another version of an item than the head needs',
  STATE_FORGED: 'an item of the client state did not authenticate',
  STATE_MALFORMED: 'an item of the client state has the wrong length or impossible content',
} as const;

export type OramErrorCode = keyof typeof ORAM_ERROR_CODES;

/** Public facts that help to find the cause; never a key, a value or a leaf of the present position map. */
export type OramErrorFacts = Readonly<Record<string, string | number | boolean>>;

export class OramError extends Error {
  readonly code: OramErrorCode;
  readonly facts: OramErrorFacts;

  /** @param detail what was wrong here and what to do, in one sentence, without any secret */
  constructor(code: OramErrorCode, detail: string, facts: OramErrorFacts = {}, options?: ErrorOptions) {
    super(`${code}: ${detail}`, options);
    this.name = 'OramError';
    this.code = code;
    this.facts = facts;
  }
}

/** Codes that mean a store altered, lost or rolled back what was written: the vault stops being written. */
const INTEGRITY_CODES: readonly OramErrorCode[] = [
  'BUCKET_MISSING',
  'BUCKET_STALE',
  'BUCKET_FORGED',
  'BUCKET_MALFORMED',
  'HEAD_FORGED',
  'HEAD_MALFORMED',
  'STATE_MISSING',
  'STATE_STALE',
  'STATE_FORGED',
  'STATE_MALFORMED',
  'STORE_ITEM_MALFORMED',
];

export function isIntegrityFailure(error: unknown): error is OramError {
  return error instanceof OramError && INTEGRITY_CODES.includes(error.code);
}
