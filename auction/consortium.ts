/**
 * The consortium: the records of three operators in one document, whose fingerprint they compare by voice before
 * anything is deployed from it.
 *
 * Against whoever carries the files: a changed byte breaks a signature or changes the fingerprint, and all three
 * operators read the same sixteen numbers to each other. Against one operator in two seats, who would hold every
 * share: keys, names and AWS accounts may not repeat; accounts may for trials, where the caller says so. What no
 * document shows is whether three organisations are independent; that is theirs to judge. Runs in a browser.
 */

import * as z from 'zod/mini';
import type { EpochMs } from '../mpc/clock.ts';
import { PARTIES, type PartyIndex } from '../mpc/party.ts';
import { hashDocument, PROTOCOL } from './canonical.ts';
import { AuctionError, type AuctionErrorCode } from './errors.ts';
import { parseDocument } from './fields.ts';
import {
  checkOperatorRecord,
  type OperatorRecord,
  type SignedOperatorRecord,
  signedOperatorRecordSchema,
  timeOf,
} from './operator-record.ts';
import type { Signatures } from './signature.ts';
import type { PartyRecord, PartyRecords } from './tender.ts';

export interface ConsortiumDocument {
  readonly protocol: typeof PROTOCOL;
  /** Parties 0, 1 and 2. */
  readonly operators: readonly [SignedOperatorRecord, SignedOperatorRecord, SignedOperatorRecord];
}

export interface CheckedConsortium {
  readonly document: ConsortiumDocument;
  readonly operators: readonly [OperatorRecord, OperatorRecord, OperatorRecord];
  /** The records that tenders name. */
  readonly parties: PartyRecords;
  /** Sixteen groups of five digits. */
  readonly fingerprint: string;
}

export interface ConsortiumCheckOptions {
  /** The time at which the records must be valid; left out where an old document is read. */
  readonly now?: EpochMs;
  /** For trials: one account can read what two parties hold, so whoever controls it can open every bid. */
  readonly allowSharedAccount?: boolean;
  readonly signatures?: Signatures;
}

export const consortiumSchema = z.strictObject({
  protocol: z.literal(PROTOCOL),
  operators: z.tuple([signedOperatorRecordSchema, signedOperatorRecordSchema, signedOperatorRecordSchema]),
});

/**
 * The consortium that three records make, in whatever order they come.
 * @throws AuctionError as `checkConsortium`
 */
export function joinConsortium(
  records: readonly unknown[],
  options: ConsortiumCheckOptions = {},
): CheckedConsortium {
  const signed = records.map((record) => checkOperatorRecord(record, options.signatures));
  const operators = PARTIES.map((index) => {
    const [first, second] = signed.filter(({ record }) => record.index === index);
    if (first !== undefined && second === undefined) return first;
    const complaint = first === undefined ? 'there is no record' : 'there are two records';
    throw new AuctionError(
      'CONSORTIUM_INDEX',
      `${complaint} of party ${index}: give the records of parties 0, 1 and 2, one each`,
      { index },
    );
  });
  return checkConsortium({ protocol: PROTOCOL, operators }, options);
}

/**
 * A consortium document from anywhere: form, every signature, and that three different parties stand behind it.
 * @throws AuctionError CONSORTIUM_MALFORMED, CONSORTIUM_INDEX, CONSORTIUM_KEY_REUSED, CONSORTIUM_NAME_REUSED,
 *   CONSORTIUM_ACCOUNT_SHARED, OPERATOR_MALFORMED, OPERATOR_SIGNATURE, OPERATOR_ENDORSEMENT, OPERATOR_EXPIRED,
 *   OPERATOR_NOT_YET_VALID; facts {index} or {field}
 */
export function checkConsortium(json: unknown, options: ConsortiumCheckOptions = {}): CheckedConsortium {
  const document: ConsortiumDocument = parseDocument(
    consortiumSchema,
    json,
    'CONSORTIUM_MALFORMED',
    'consortium',
  );
  const operators = [
    recordAt(document, 0, options),
    recordAt(document, 1, options),
    recordAt(document, 2, options),
  ] as const;
  refuseRepeats(operators, 'CONSORTIUM_KEY_REUSED', 'the signing key', (record) => record.signingKey);
  refuseRepeats(operators, 'CONSORTIUM_KEY_REUSED', 'the sealing key', (record) => record.sealingKey);
  refuseRepeats(operators, 'CONSORTIUM_NAME_REUSED', "the operator's name", (record) => record.operator);
  if (options.allowSharedAccount !== true) {
    refuseRepeats(operators, 'CONSORTIUM_ACCOUNT_SHARED', 'the AWS account', (record) => record.account);
  }
  const [first, second, third] = operators;
  return {
    document,
    operators,
    parties: [partyOf(first), partyOf(second), partyOf(third)],
    fingerprint: fingerprintOf(document),
  };
}

/**
 * Compares the fingerprint with one that was noted or read out; everything but digits is skipped.
 * @throws AuctionError CONSORTIUM_FINGERPRINT_DIFFERS
 */
export function checkFingerprint({ fingerprint }: CheckedConsortium, expected: string): void {
  if (expected.replaceAll(/\D/g, '') === fingerprint.replaceAll(' ', '')) return;
  throw new AuctionError(
    'CONSORTIUM_FINGERPRINT_DIFFERS',
    'the document has another fingerprint than the one given: ask the other operators for theirs before going on',
  );
}

/**
 * Whether a party's keys are those that the consortium names.
 * @throws AuctionError CONSORTIUM_KEYS_DIFFER
 */
export function checkOwnKeys({ parties }: CheckedConsortium, own: PartyRecord): void {
  const { signingKey, sealingKey } = parties[own.index];
  if (signingKey === own.signingKey && sealingKey === own.sealingKey) return;
  const elsewhere = parties.find((party) => party.signingKey === own.signingKey);
  const detail =
    elsewhere === undefined
      ? `the keys are not those of party ${own.index} in the consortium: use the key file whose record was joined`
      : `the keys are those of party ${elsewhere.index} and not of party ${own.index}: the key file was edited`;
  throw new AuctionError('CONSORTIUM_KEYS_DIFFER', detail, { index: own.index });
}

/** Digits that spell two bytes, 0 to 65535. */
const DIGITS_OF_TWO_BYTES = 5;

/**
 * SHA-256 of the whole canonical document, signatures included, as sixteen groups of five digits: every two bytes
 * are one group, so nothing is cut off, and digits are the same in every language that a telephone carries.
 */
function fingerprintOf(document: ConsortiumDocument): string {
  const hash = hashDocument('consortium', document);
  const groups: string[] = [];
  for (let position = 0; position < hash.length; position += 2) {
    const value = (hash[position] ?? 0) * 256 + (hash[position + 1] ?? 0);
    groups.push(String(value).padStart(DIGITS_OF_TWO_BYTES, '0'));
  }
  return groups.join(' ');
}

function recordAt(
  document: ConsortiumDocument,
  index: PartyIndex,
  { now, signatures }: ConsortiumCheckOptions,
): OperatorRecord {
  const { record } = checkOperatorRecord(document.operators[index], signatures);
  if (record.index !== index) {
    throw new AuctionError(
      'CONSORTIUM_INDEX',
      `the record in place ${index} is that of party ${record.index}: make the document again with \`tacit consortium join\``,
      { index },
    );
  }
  if (now !== undefined && now < timeOf(record.validFrom)) {
    const { operator, validFrom } = record;
    const detail = `the record of party ${index} (${operator}) is valid from ${validFrom} only: wait, or check this machine's clock`;
    throw new AuctionError('OPERATOR_NOT_YET_VALID', detail, { index, validFrom });
  }
  if (now !== undefined && now >= timeOf(record.validUntil)) {
    const { operator, validUntil } = record;
    const detail = `the record of party ${index} (${operator}) was valid until ${validUntil}: its operator exports a new one with \`tacit consortium init --replaces\``;
    throw new AuctionError('OPERATOR_EXPIRED', detail, { index, validUntil });
  }
  return record;
}

/** What to do where two operators have the same of something that each must have alone. */
const ADVICE = {
  CONSORTIUM_KEY_REUSED:
    'whoever has the keys of two parties can open every bid, so each operator makes its own',
  CONSORTIUM_NAME_REUSED: 'three different organisations run the parties, each under its own name',
  CONSORTIUM_ACCOUNT_SHARED:
    'whoever administers it can open every bid; use three accounts, or for a trial say --allow-shared-account',
} as const satisfies Partial<Record<AuctionErrorCode, string>>;

function refuseRepeats(
  operators: readonly OperatorRecord[],
  code: keyof typeof ADVICE,
  what: string,
  fieldOf: (record: OperatorRecord) => string,
): void {
  for (const record of operators) {
    const earlier = operators.find(
      (other) => other.index < record.index && fieldOf(other) === fieldOf(record),
    );
    if (earlier === undefined) continue;
    const detail = `${what} of party ${record.index} is also that of party ${earlier.index}: ${ADVICE[code]}`;
    throw new AuctionError(code, detail, { index: record.index, other: earlier.index });
  }
}

function partyOf({ index, signingKey, sealingKey }: OperatorRecord): PartyRecords[number] {
  return { index, signingKey, sealingKey };
}
