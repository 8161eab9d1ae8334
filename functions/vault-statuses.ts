/**
 * The HTTP status of each code of the vault. What the caller can mend is a 4xx; what another try may settle a
 * 503; what needs the operator, such as an altered table, a 500.
 */

import type { OramErrorCode } from '../oram/errors.ts';

export const VAULT_STATUSES = {
  VAULT_PARAMETERS: 500,
  VAULT_NAME: 400,
  VAULT_EXISTS: 409,
  VAULT_UNKNOWN: 404,
  VAULT_KEY: 500,
  VAULT_FULL: 409,
  VAULT_VALUE_TOO_LARGE: 422,
  VAULT_RECORD_KEY: 422,
  VAULT_KEY_COLLISION: 409,
  VAULT_BATCH_SIZE: 422,
  VAULT_KEY_EXHAUSTED: 500,
  VAULT_BUSY: 503,
  VAULT_CLOSED: 503,
  VAULT_POISONED: 500,
  VAULT_RECORDS_MALFORMED: 400,
  STASH_OVERFLOW: 500,
  STORE_UNAVAILABLE: 503,
  STORE_REFUSED: 500,
  STORE_ITEM_MALFORMED: 500,
  BUCKET_MISSING: 500,
  BUCKET_STALE: 500,
  BUCKET_FORGED: 500,
  BUCKET_MALFORMED: 500,
  HEAD_FORGED: 500,
  HEAD_MALFORMED: 500,
  STATE_MISSING: 500,
  STATE_STALE: 500,
  STATE_FORGED: 500,
  STATE_MALFORMED: 500,
} as const satisfies Readonly<Record<OramErrorCode, number>>;
