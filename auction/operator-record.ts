/**
 * One operator's record: who runs a party, where, and with which keys, signed by the key it names.
 *
 * The place is an AWS account and a region, with the names of the table that peers read and of the role that reads
 * theirs, so that each operator can deploy before the others have: names are agreed, nothing is looked up. Nobody
 * else can have signed the record for its key; that the key is the operator's own is settled by comparing the
 * fingerprint of the consortium (`consortium.ts`).
 *
 * A record that takes the place of another names it by its hash and is also signed by the old key, where that key
 * still exists; `consortium-change.ts` judges such changes. Runs in a browser.
 */

import * as z from 'zod/mini';
import type { PartyIndex } from '../mpc/party.ts';
import { hashDocument, PROTOCOL, toBase64url } from './canonical.ts';
import { AuctionError } from './errors.ts';
import {
  hashField,
  MAX_NAME_LENGTH,
  parseDocument,
  partyField,
  publicKeyField,
  signatureField,
  textField,
} from './fields.ts';
import {
  portableSignatures,
  type Signatures,
  type Signer,
  signDocument,
  verifyDocument,
} from './signature.ts';
import { parseTimestamp } from './time.ts';

/** The names that a deployment chooses unless its operator says otherwise. */
export const DEFAULT_OUTBOX_TABLE = 'tacit-outbox';
export const DEFAULT_ENGINE_ROLE = 'tacit-engine';

/** What an operator says about its party; every field is public. */
export interface OperatorRecord {
  readonly protocol: typeof PROTOCOL;
  readonly index: PartyIndex;
  /** The organisation, as the others know it. */
  readonly operator: string;
  /** AWS account id, 12 digits. */
  readonly account: string;
  /** AWS region of all its resources, such as eu-central-1. */
  readonly region: string;
  /** Ed25519, base64url, 32 bytes. */
  readonly signingKey: string;
  /** X25519 for HPKE, base64url, 32 bytes. */
  readonly sealingKey: string;
  /** Name of the DynamoDB table that this party writes and its peers read. */
  readonly outboxTable: string;
  /** Name of the IAM role under which its engine reads the peers' tables. */
  readonly engineRole: string;
  /** Address of its HTTP API, where it is known before the deployment. */
  readonly url?: string;
  /** RFC 3339; new deployments are made from the record only between the two. */
  readonly validFrom: string;
  readonly validUntil: string;
  /** base64url hash of the record (`operatorRecordHash`) whose place this one takes. */
  readonly replaces?: string;
}

export interface SignedOperatorRecord {
  readonly record: OperatorRecord;
  /** Ed25519 by `record.signingKey`, base64url. */
  readonly signature: string;
  /** By the key of the record that is replaced; absent where that key is lost or was never another. */
  readonly endorsement?: { readonly signingKey: string; readonly signature: string };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html */
const TABLE_NAME = /^[A-Za-z0-9_.-]{3,255}$/;
/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const ROLE_NAME = /^[A-Za-z0-9_+=,.@-]{1,64}$/;
/** Regions of the standard partition: accounts of the others (cn-, us-gov-, us-iso) cannot be given access across. */
const REGION = /^(?!cn-|us-gov-|us-iso)[a-z]{2}(-[a-z]+){1,2}-\d$/;
const MAX_URL_LENGTH = 300;

const momentField = z
  .string()
  .check(z.refine((text) => parseTimestamp(text) !== undefined, 'must be an RFC 3339 time with offset'));

export const operatorRecordSchema = z.strictObject({
  protocol: z.literal(PROTOCOL),
  index: partyField,
  operator: textField(MAX_NAME_LENGTH),
  account: z.string().check(z.regex(/^\d{12}$/, 'must be an AWS account id of 12 digits')),
  region: z.string().check(z.regex(REGION, 'must be an AWS region such as eu-central-1')),
  signingKey: publicKeyField,
  sealingKey: publicKeyField,
  outboxTable: z.string().check(z.regex(TABLE_NAME, 'must be a DynamoDB table name')),
  engineRole: z.string().check(z.regex(ROLE_NAME, 'must be an IAM role name')),
  url: z.exactOptional(
    z.string().check(
      z.maxLength(MAX_URL_LENGTH, `must have at most ${MAX_URL_LENGTH} characters`),
      z.refine((text) => URL.parse(text)?.protocol === 'https:', 'must be an https address'),
    ),
  ),
  validFrom: momentField,
  validUntil: momentField,
  replaces: z.exactOptional(hashField),
});

export const signedOperatorRecordSchema = z.strictObject({
  record: operatorRecordSchema,
  signature: signatureField,
  endorsement: z.exactOptional(z.strictObject({ signingKey: publicKeyField, signature: signatureField })),
});

const keylessRecordSchema = z.strictObject({
  record: z.omit(operatorRecordSchema, { signingKey: true, sealingKey: true }),
});

/**
 * Whether a record can be made of these, asked before there are keys for it.
 * @throws AuctionError OPERATOR_MALFORMED
 */
export function checkOperatorFields(record: Omit<OperatorRecord, 'signingKey' | 'sealingKey'>): void {
  parseDocument(keylessRecordSchema, { record }, 'OPERATOR_MALFORMED', 'operator record');
}

/**
 * An operator's record under its signature, and under that of the key it replaces where there is one.
 * @throws AuctionError OPERATOR_MALFORMED; CONSORTIUM_KEYS_DIFFER where the signer is not the record's key
 */
export function signOperatorRecord(
  record: OperatorRecord,
  signer: Signer,
  replaced?: Signer,
): SignedOperatorRecord {
  if (signer.publicKey !== record.signingKey) {
    throw new AuctionError('CONSORTIUM_KEYS_DIFFER', 'a record is signed with the key that it names');
  }
  const signed: SignedOperatorRecord = {
    record,
    signature: signDocument('operator', record, signer),
    ...(replaced === undefined
      ? {}
      : {
          endorsement: {
            signingKey: replaced.publicKey,
            signature: signDocument('operator-replacement', record, replaced),
          },
        }),
  };
  return checkOperatorRecord(signed);
}

/**
 * One operator's record from anywhere: form, validity period, and every signature on it.
 * @throws AuctionError OPERATOR_MALFORMED, OPERATOR_SIGNATURE, OPERATOR_ENDORSEMENT
 */
export function checkOperatorRecord(
  json: unknown,
  signatures: Signatures = portableSignatures,
): SignedOperatorRecord {
  const signed: SignedOperatorRecord = parseDocument(
    signedOperatorRecordSchema,
    json,
    'OPERATOR_MALFORMED',
    'operator record',
  );
  const { record, endorsement } = signed;
  const { index, operator } = record;
  if (timeOf(record.validUntil) <= timeOf(record.validFrom)) {
    const field = 'record.validUntil';
    throw new AuctionError('OPERATOR_MALFORMED', `operator record: field ${field} must be after validFrom`, {
      field,
    });
  }
  if (!verifyDocument('operator', record, record.signingKey, signed.signature, signatures)) {
    throw new AuctionError(
      'OPERATOR_SIGNATURE',
      `the record of party ${index} (${operator}) is not signed by the key it names: it was changed on the way, or another key signed it; ask that operator for its record again`,
      { index },
    );
  }
  if (
    endorsement !== undefined &&
    (record.replaces === undefined ||
      endorsement.signingKey === record.signingKey ||
      !verifyDocument(
        'operator-replacement',
        record,
        endorsement.signingKey,
        endorsement.signature,
        signatures,
      ))
  ) {
    throw new AuctionError(
      'OPERATOR_ENDORSEMENT',
      `the old key did not sign that the record of party ${index} (${operator}) takes its place; ask that operator to export it again`,
      { index },
    );
  }
  return signed;
}

/** What a replacing record names; base64url, 32 bytes. */
export function operatorRecordHash(record: OperatorRecord): string {
  return toBase64url(hashDocument('operator', record));
}

/** The table that peers read, as policies and clients name it. */
export function outboxTableArn({ region, account, outboxTable }: OperatorRecord): string {
  return `arn:aws:dynamodb:${region}:${account}:table/${outboxTable}`;
}

/** The role that may read the peers' tables. */
export function engineRoleArn({ account, engineRole }: OperatorRecord): string {
  return `arn:aws:iam::${account}:role/${engineRole}`;
}

/** Only of fields that `momentField` let through. */
export function timeOf(text: string): number {
  return parseTimestamp(text) ?? Number.NaN;
}
