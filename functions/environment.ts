/**
 * The environment variables of every function, as one typed list that handlers and infrastructure share.
 *
 * Values are checked once, when an environment starts; a missing or malformed variable stops the function with
 * CONFIGURATION_INVALID that names the variable, never its value.
 */

import * as z from 'zod/mini';
import { partyField } from '../auction/fields.ts';
import { partyRecordSchema } from '../auction/tender.ts';
import { THREE_PARTY_NAMES } from '../mpc/protocols/three-party.ts';
import { FunctionError } from './errors.ts';
import { EVENT_BUS } from './event-bus.ts';
import { KEY_SOURCE } from './key-source.ts';
import { vaultGrantSchema } from './vault-access/authorisation.ts';
import { isWebhookUrl, MAX_WEBHOOKS } from './webhook.ts';

/** A tender that waits for a peer longer than this is published anew; until then its closing must be recalled. */
export const MIN_OUTBOX_RETENTION_DAYS = 30;

const environmentSchema = z.object({
  /** 0, 1 or 2. */
  PARTY_INDEX: z.pipe(z.pipe(z.string().check(z.regex(/^[012]$/)), z.transform(Number)), partyField),
  /** Where the party's secret keys are (`key-source.ts`). */
  PARTY_KEYS: z.string().check(z.regex(KEY_SOURCE)),
  /** JSON: the public records of the three parties, in order. */
  CONSORTIUM: json(z.tuple([partyRecordSchema, partyRecordSchema, partyRecordSchema])),
  /** The party's own table of tenders, sealed bids and outcomes. */
  STATE_TABLE: z.string().check(z.minLength(3)),
  /** JSON: names or ARNs of the three outbox tables, in order; the own one is written, the others are read. */
  OUTBOX_TABLES: json(z.tuple([z.string(), z.string(), z.string()])),
  /** JSON: DynamoDB endpoints of the three parties, in order; absent on AWS. */
  DYNAMODB_ENDPOINTS: z.optional(json(z.tuple([z.url(), z.url(), z.url()]))),
  /** How to clear, the same at all three parties or no session opens; `verified` where it is absent. */
  PROTOCOL: z.optional(z.enum(THREE_PARTY_NAMES)),
  /** Name or ARN of the function that clears tenders; absent where nothing but a sweep starts clearings. */
  CLEAR_TENDER_FUNCTION: z.optional(z.string().check(z.minLength(1))),
  /** Name or ARN of the EventBridge bus that events go to; absent, none does. */
  EVENT_BUS: z.optional(z.string().check(z.regex(EVENT_BUS))),
  /** JSON: addresses that events are posted to (`webhook.ts`). */
  WEBHOOKS: z.optional(
    json(z.array(z.string().check(z.refine(isWebhookUrl))).check(z.maxLength(MAX_WEBHOOKS))),
  ),
  /** `true` for all metrics of `meter.ts`, which CloudWatch charges for; absent, those that alarms look at. */
  DETAILED_METRICS: z.optional(z.literal('true')),
  /** Messages expire that many days after they were posted; absent, they stay. */
  OUTBOX_RETENTION_DAYS: z.optional(
    z.pipe(
      z.pipe(z.string().check(z.regex(/^\d{1,5}$/)), z.transform(Number)),
      z.int().check(z.gte(MIN_OUTBOX_RETENTION_DAYS)),
    ),
  ),
  /** Name or ARN of the table with the vaults' trees, which may be somebody else's. The next four go together. */
  VAULT_TREE_TABLE: z.optional(z.string().check(z.minLength(3))),
  /** The party's own table with the client state of its vaults and the nonces of requests. */
  VAULT_STATE_TABLE: z.optional(z.string().check(z.minLength(3))),
  /** Where the keys of the vaults are (`key-source.ts`); never `none`. */
  VAULT_KEYS: z.optional(z.string().check(z.regex(KEY_SOURCE), z.regex(/^(?!none$)/))),
  /** JSON: who may ask what of which vault; Lambda's bound of 4 KB for all variables leaves room for some 25. */
  VAULT_ACCESS: z.optional(json(z.array(vaultGrantSchema))),
});

export type Environment = z.infer<typeof environmentSchema>;

export type EnvironmentVariable = keyof typeof environmentSchema.shape;

/** What a deployment says of each variable, so that one it forgets does not compile; undefined leaves one out. */
export type DeployedEnvironment = Readonly<
  Record<Exclude<EnvironmentVariable, 'DYNAMODB_ENDPOINTS'>, string | undefined>
>;

export const ENVIRONMENT_VARIABLES = Object.keys(environmentSchema.shape);

/** @throws FunctionError CONFIGURATION_INVALID */
export function parseEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const parsed = z.safeParse(environmentSchema, variables);
  if (parsed.success) {
    requireAllOrNone(parsed.data);
    return parsed.data;
  }
  const names = [...new Set(parsed.error.issues.map((issue) => String(issue.path[0])))].join(', ');
  throw new FunctionError('CONFIGURATION_INVALID', `check the environment variables ${names}`);
}

const VAULT_VARIABLES = ['VAULT_TREE_TABLE', 'VAULT_STATE_TABLE', 'VAULT_KEYS', 'VAULT_ACCESS'] as const;

function requireAllOrNone(environment: Environment): void {
  const missing = VAULT_VARIABLES.filter((name) => environment[name] === undefined);
  if (missing.length === 0 || missing.length === VAULT_VARIABLES.length) return;
  throw new FunctionError(
    'CONFIGURATION_INVALID',
    `a party with a vault also needs the environment variables ${missing.join(', ')}`,
  );
}

function json<Schema extends z.ZodMiniType<unknown, unknown>>(schema: Schema) {
  const decoded = z.pipe(
    z.string(),
    z.transform((text: string, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.issues.push({ code: 'custom', message: 'not JSON', input: text });
        return z.NEVER;
      }
    }),
  );
  return z.pipe(decoded, schema);
}
