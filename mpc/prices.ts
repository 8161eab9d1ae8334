/**
 * What AWS charges for the few things that parties use: one table with its region and date, from which every cost
 * model of this project is computed, so that no figure is written twice.
 *
 * Source: the public price pages named beside each group, without free tiers, savings plans, taxes or support; noted by
 * hand from publications that quote those pages, so compare before you rely on a figure. Prices change and differ by
 * region: a figure computed from this table is as old as `PRICES_AS_OF`. To price another region, copy the table.
 * Unit: US dollars.
 */

/** Where the prices hold. */
export const PRICES_REGION = 'us-east-1';

/** When they were noted. */
export const PRICES_AS_OF = '2026-11-22';

const MILLION = 1_000_000;

/** DynamoDB, standard table class, on demand (https://aws.amazon.com/dynamodb/pricing/on-demand/). */
export const DYNAMODB_PRICES = {
  /** One item of up to 1 KB written. */
  writeRequestUnit: 0.625 / MILLION,
  /** One item of up to 4 KB read with strong consistency; half of it without. */
  readRequestUnit: 0.125 / MILLION,
  storageGigabyteMonth: 0.25,
  /** On top of storage, for tables with point-in-time recovery. */
  pointInTimeRecoveryGigabyteMonth: 0.2,
} as const;

/** Bytes of an item that one unit covers; a part of a unit costs a whole one. */
export const WRITE_REQUEST_UNIT_BYTES = 1024;
export const READ_REQUEST_UNIT_BYTES = 4096;

/** Lambda on arm64, first tier (https://aws.amazon.com/lambda/pricing/). */
export const LAMBDA_PRICES = {
  request: 0.2 / MILLION,
  gigabyteSecond: 0.0000133334,
} as const;

/** API Gateway, HTTP API, first tier; one request up to 512 KB (https://aws.amazon.com/api-gateway/pricing/). */
export const API_PRICES = { request: 1 / MILLION } as const;

/** EventBridge Scheduler (https://aws.amazon.com/eventbridge/pricing/). */
export const SCHEDULER_PRICES = { invocation: 1 / MILLION } as const;

/** EventBridge, custom events of up to 64 KB each, put on a bus (https://aws.amazon.com/eventbridge/pricing/). */
export const EVENT_PRICES = { event: 1 / MILLION } as const;

/** Bytes of an event that the price covers; a part of it costs a whole one. */
export const PRICED_EVENT_BYTES = 65_536;

/** X-Ray (https://aws.amazon.com/xray/pricing/). */
export const TRACE_PRICES = { recorded: 5 / MILLION } as const;

/** KMS (https://aws.amazon.com/kms/pricing/). */
export const KMS_PRICES = {
  keyMonth: 1,
  request: 0.03 / 10_000,
} as const;

/** Secrets Manager (https://aws.amazon.com/secrets-manager/pricing/). */
export const SECRET_PRICES = {
  secretMonth: 0.4,
  request: 0.05 / 10_000,
} as const;

/** CloudWatch (https://aws.amazon.com/cloudwatch/pricing/). */
export const CLOUDWATCH_PRICES = {
  alarmMonth: 0.1,
  dashboardMonth: 3,
  logGigabyteIngested: 0.5,
} as const;
