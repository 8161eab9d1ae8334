/**
 * What an operator deploys: one JSON file that names the consortium document and its fingerprint, the party, and the
 * operator's own choices.
 *
 * Against a consortium document that was exchanged on the way: its signatures are checked, and its fingerprint must be
 * the one in this file, which the operator typed in after the three compared it. Records that are expired or not yet
 * valid are refused, and so is one account for two parties unless the file says that this is a trial.
 */

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import * as z from 'zod/mini';
import { type CheckedConsortium, checkConsortium } from '../auction/consortium.ts';
import { partyField } from '../auction/fields.ts';
import { parseAllowedOrigins } from '../functions/allowed-origins.ts';
import { MIN_OUTBOX_RETENTION_DAYS } from '../functions/environment.ts';
import { vaultGrantSchema } from '../functions/vault-access/authorisation.ts';
import { isWebhookUrl, MAX_WEBHOOKS } from '../functions/webhook.ts';
import { type EpochMs, toEpochMs } from '../mpc/clock.ts';
import { THREE_PARTY_NAMES } from '../mpc/protocols/three-party.ts';
import { DeploymentError } from './errors.ts';
import { vaultRoleName } from './vault-client.ts';

/** Disputes about a tender are over after a year in most procurement laws; messages are kept longer than that. */
const DEFAULT_RETENTION_DAYS = 400;

/** Some 100 times what an idle party costs: it is passed when something runs that should not. */
const DEFAULT_BUDGET_DOLLARS = 50;

const DEFAULT_STACK_PREFIX = 'Tacit';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const MAX_ROLE_NAME_LENGTH = 64;

/** DynamoDB takes 255; a tree table's is longer by a suffix. */
const MAX_OUTBOX_NAME_LENGTH = 240;

const emailField = z.email();
const accountField = z.string().check(z.regex(/^\d{12}$/));
const regionField = z.string().check(z.regex(/^[a-z]{2}(-[a-z]+){1,2}-\d$/));

/** Whole: Secrets Manager ends the name with a hyphen and six characters of its own. */
const KEYS_SECRET = /^arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}$/;

/** More do not fit into Lambda's 4 KB of variables. */
const MAX_VAULT_GRANTS = 20;

/** Roles and users by their ARN, never a whole account. */
const administratorField = z.string().check(z.regex(/^arn:aws:iam::\d{12}:(role|user)\/[\w+=,.@/-]{1,512}$/));

/** An operator and who stands in; a trust policy has room for 2,048 characters. */
const MAX_VAULT_ADMINISTRATORS = 5;

/** CloudFront takes certificates of this region alone. */
const CERTIFICATE = /^arn:aws:acm:us-east-1:\d{12}:certificate\/[0-9a-f-]{36}$/;

/** Without a path, as API Gateway gives it: the content security policy names origins. */
const partyUrlField = z.string().check(
  z.refine((text) => {
    const url = URL.parse(text);
    return url !== null && url.protocol === 'https:' && url.origin === text && !text.includes('*');
  }),
);

const deploymentSchema = z.strictObject({
  /** Path of the consortium document, from this file. */
  consortium: z.string(),
  /** What the three operators compared: sixteen groups of five digits. */
  fingerprint: z.string(),
  /** The parties whose stacks are synthesised: an operator's own, or all three to look at. */
  parties: z.array(partyField).check(z.minLength(1), z.maxLength(3)),
  /** What the names of stacks begin with; another one deploys a consortium beside an older one. */
  stackPrefix: z.optional(z.string().check(z.regex(/^[A-Z][A-Za-z0-9-]{0,40}$/))),
  /** For trials: whoever controls an account that two parties share can open every bid. */
  trialWithSharedAccount: z.optional(z.boolean()),
  /** ARN of the secret with the party's keys, where `tacit consortium init` made it; without it, the stack makes one. */
  keysSecret: z.optional(z.string().check(z.regex(KEYS_SECRET))),
  protocol: z.optional(z.enum(THREE_PARTY_NAMES)),
  /** Pages of these origins may call the API from a browser. */
  allowedOrigins: z.optional(z.array(z.string())),
  /** Who signs the tokens that the auctioneer's routes ask for; without it, they ask for none. */
  auctioneer: z.optional(
    z.strictObject({
      issuer: z.string().check(z.regex(/^https:\/\/\S+$/)),
      audience: z.array(z.string().check(z.minLength(1))).check(z.minLength(1)),
    }),
  ),
  /** Gets alarms and news of the budget. */
  email: z.optional(emailField),
  monthlyBudgetDollars: z.optional(z.number().check(z.gt(0))),
  outboxRetentionDays: z.optional(z.int().check(z.gte(MIN_OUTBOX_RETENTION_DAYS))),
  /** Who is told of outcomes and aborts: a bus of this account and region by its name, and addresses that are posted to. */
  events: z.optional(
    z.strictObject({
      bus: z.optional(z.string().check(z.regex(/^[A-Za-z0-9._-]{1,256}$/))),
      webhooks: z.optional(
        z.array(z.string().check(z.refine(isWebhookUrl))).check(z.maxLength(MAX_WEBHOOKS)),
      ),
    }),
  ),
  /** Rounds, bytes, units and the like as metrics, for which CloudWatch charges; the log has them in any case. */
  detailedMetrics: z.optional(z.boolean()),
  /**
   * The party's vaults: who may ask them what, who owns the table of their trees if not the party itself, and who of the
   * party's own account may act as the role that serves them, to make and load them.
   */
  vault: z.optional(
    z.strictObject({
      access: z.array(vaultGrantSchema).check(z.maxLength(MAX_VAULT_GRANTS)),
      treeOwner: z.optional(z.strictObject({ account: accountField, region: regionField })),
      administrators: z.optional(z.array(administratorField).check(z.maxLength(MAX_VAULT_ADMINISTRATORS))),
    }),
  ),
  /** Where the page for bidders is served from, and the parties it talks to. */
  web: z.optional(
    z.strictObject({
      account: accountField,
      region: regionField,
      /** Of parties 0, 1 and 2, as their stacks put them out. */
      partyUrls: z.tuple([partyUrlField, partyUrlField, partyUrlField]),
      /** A name of one's own with a certificate that is there; without it, CloudFront makes up a name. */
      domain: z.optional(
        z.strictObject({
          name: z.string().check(z.regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/)),
          certificate: z.string().check(z.regex(CERTIFICATE)),
        }),
      ),
    }),
  ),
});

type DeploymentFile = z.infer<typeof deploymentSchema>;

export interface Deployment {
  readonly consortium: CheckedConsortium;
  readonly parties: DeploymentFile['parties'];
  readonly stackPrefix: string;
  readonly keysSecret: DeploymentFile['keysSecret'];
  readonly protocol: DeploymentFile['protocol'];
  readonly allowedOrigins: readonly string[];
  readonly auctioneer: DeploymentFile['auctioneer'];
  readonly email: string | undefined;
  readonly monthlyBudgetDollars: number;
  readonly outboxRetentionDays: number;
  readonly events: DeploymentFile['events'];
  readonly detailedMetrics: boolean;
  readonly vault: DeploymentFile['vault'];
  readonly web: DeploymentFile['web'];
}

/**
 * @param now records must be valid then
 * @throws DeploymentError; AuctionError as `checkConsortium`; FunctionError for an origin that is none
 */
export function readDeployment(path: string, now: EpochMs = toEpochMs(Date.now())): Deployment {
  const file = parseDeployment(readJson(path));
  const consortium = checkConsortium(readJson(resolve(dirname(path), file.consortium)), {
    now,
    allowSharedAccount: file.trialWithSharedAccount ?? false,
  });
  if (consortium.fingerprint !== file.fingerprint) {
    throw new DeploymentError(
      'DEPLOYMENT_FINGERPRINT',
      `the fingerprint of the consortium is ${consortium.fingerprint}, and not the one in ${path}: compare it with the other operators, and write down what all three read out`,
    );
  }
  refuseBadNames(consortium);
  refuseForeignAdministrators(file, consortium);
  refuseForeignKeys(file, consortium);
  return {
    consortium,
    parties: file.parties,
    stackPrefix: file.stackPrefix ?? DEFAULT_STACK_PREFIX,
    keysSecret: file.keysSecret,
    protocol: file.protocol,
    allowedOrigins: parseAllowedOrigins(file.allowedOrigins?.join(',')),
    auctioneer: file.auctioneer,
    email: file.email,
    monthlyBudgetDollars: file.monthlyBudgetDollars ?? DEFAULT_BUDGET_DOLLARS,
    outboxRetentionDays: file.outboxRetentionDays ?? DEFAULT_RETENTION_DAYS,
    events: file.events,
    detailedMetrics: file.detailedMetrics ?? false,
    vault: file.vault,
    web: file.web,
  };
}

function parseDeployment(json: unknown): DeploymentFile {
  const parsed = z.safeParse(deploymentSchema, json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const extra = issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : '';
  const field = [...(issue?.path ?? []), ...(extra === '' ? [] : [extra])].join('.');
  throw new DeploymentError(
    'DEPLOYMENT_MALFORMED',
    `check the field ${field} of the deployment file; docs/deploy.md says what each is, infra/deployment.ts what it may be`,
  );
}

/**
 * Roles are of the account, tables of the account and region. Names that are derived from these are as long as theirs
 * and a suffix, which must fit.
 */
function refuseBadNames({ operators }: CheckedConsortium): void {
  for (const one of operators) {
    if (vaultRoleName(one).length > MAX_ROLE_NAME_LENGTH || one.outboxTable.length > MAX_OUTBOX_NAME_LENGTH) {
      throw new DeploymentError(
        'DEPLOYMENT_NAMES',
        `the outbox table or the engine role of party ${one.index} has a name too long for others to be made from it: make the record again with shorter ones`,
      );
    }
    for (const other of operators) {
      if (other.index <= one.index || other.account !== one.account) continue;
      const sameTable = other.region === one.region && other.outboxTable === one.outboxTable;
      if (!sameTable && other.engineRole !== one.engineRole) continue;
      throw new DeploymentError(
        'DEPLOYMENT_NAMES',
        `parties ${one.index} and ${other.index} have one account and the same ${sameTable ? 'outbox table' : 'engine role'}: make their records again with other names`,
      );
    }
  }
}

/** Whoever acts as a vault's role reads the vault's keys. */
function refuseForeignAdministrators(
  { parties, vault }: DeploymentFile,
  { operators }: CheckedConsortium,
): void {
  const accounts = parties.map((party) => operators[party].account);
  const foreign = vault?.administrators?.find(
    (arn) => !accounts.some((account) => isOfAccount(arn, account)),
  );
  if (foreign === undefined) return;
  throw new DeploymentError(
    'DEPLOYMENT_ADMINISTRATORS',
    `${foreign} is of another account than the party: name roles or users of its own`,
  );
}

/** Functions read the secret in their own region, under a key that no other account can use. */
function refuseForeignKeys({ parties, keysSecret }: DeploymentFile, { operators }: CheckedConsortium): void {
  if (keysSecret === undefined) return;
  const [party, ...others] = parties;
  const { account, region } = operators[party ?? 0];
  if (others.length === 0 && keysSecret.startsWith(`arn:aws:secretsmanager:${region}:${account}:`)) return;
  throw new DeploymentError(
    'DEPLOYMENT_KEYS',
    'keysSecret is the secret of one party, in its own account and region: deploy that party alone, and name the ARN that `tacit consortium init` printed',
  );
}

/** @param arn of a role or user */
export function isOfAccount(arn: string, account: string): boolean {
  return arn.startsWith(`arn:aws:iam::${account}:`);
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new DeploymentError('DEPLOYMENT_MALFORMED', `${path} is no readable JSON file`, { cause });
  }
}
