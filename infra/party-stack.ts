/**
 * Everything of one party, in its operator's own account: tables, keys, functions, API, schedule, alarms.
 *
 * Nothing is always on, and nothing is looked up in another account: what a party needs of its peers is in the
 * consortium document, so the three are deployed in any order, each by its own operator with its own credentials.
 */

import { CfnOutput, Duration, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { outboxTableArn } from '../auction/operator-record.ts';
import { OUTBOX_TTL_ATTRIBUTE } from '../mpc/channels/outbox/dynamodb.ts';
import { type PartyIndex, peersOf } from '../mpc/party.ts';
import { DEFAULT_PROTOCOL } from '../mpc/protocols/three-party.ts';
import { Alarms } from './alarms.ts';
import { type Deployment, isOfAccount } from './deployment.ts';
import { EncryptionKey } from './encryption-key.ts';
import { PartyApi } from './http-api.ts';
import { ExistingKeySecret, type KeyHolder, KeySecret } from './key-secret.ts';
import { COST_TAG, MonthlyBudget } from './monthly-budget.ts';
import { OutboxTable } from './outbox-table.ts';
import { PartyDashboard } from './party-dashboard.ts';
import { PartyFunctions } from './party-functions.ts';
import { Schedule } from './schedule.ts';
import { StateTable } from './state-table.ts';
import { VaultClient } from './vault-client.ts';

/** The longest that a clearing may start after its deadline. */
const SWEEP_MINUTES = 1;

/** As often as `functions/watch-peers` and its alarm count on. */
const WATCH_MINUTES = 5;

/** SQS's longest: an event that was given up can be looked at for two weeks. */
const DEAD_LETTER_DAYS = 14;

export interface PartyStackProps extends StackProps {
  readonly party: PartyIndex;
  readonly deployment: Deployment;
}

export class PartyStack extends Stack {
  constructor(scope: Construct, id: string, { party, deployment, ...props }: PartyStackProps) {
    const { operators, parties } = deployment.consortium;
    const record = operators[party];
    super(scope, id, {
      ...props,
      env: { account: record.account, region: record.region },
      description: `Party ${party} of a Tacit consortium, run by ${record.operator}`,
      terminationProtection: true,
    });
    const peers = peersOf(party).map((peer) => operators[peer]);
    const tag = `party-${party}`;
    Tags.of(this).add(COST_TAG, tag);

    const encryption = new EncryptionKey(this, 'Encryption', {
      description: `State and keys of party ${party}; nobody outside the account uses it`,
      services: ['dynamodb', 'secretsmanager'],
    });
    const state = new StateTable(this, 'State', { encryption });
    const { keysSecret } = deployment;
    const secret =
      keysSecret === undefined ? this.#keySecret(party, encryption) : new ExistingKeySecret(keysSecret);
    const outbox = new OutboxTable(this, 'Outbox', {
      owner: record,
      peers,
      timeToLiveAttribute: OUTBOX_TTL_ATTRIBUTE,
    });
    const deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(DEAD_LETTER_DAYS),
    });
    const { vault, events } = deployment;
    const vaultClient = vault && new VaultClient(this, 'Vault', { record, vault, encryption });
    const functions = new PartyFunctions(this, 'Functions', {
      record,
      peers,
      state,
      outbox,
      secret,
      deadLetters,
      bus: events?.bus,
      webhooks: events?.webhooks ?? [],
      vault: vaultClient && {
        client: vaultClient,
        access: JSON.stringify(vault?.access),
        administrators: vault?.administrators?.filter((arn) => isOfAccount(arn, record.account)) ?? [],
      },
      environment: {
        PARTY_INDEX: String(party),
        CONSORTIUM: JSON.stringify(parties),
        STATE_TABLE: state.table.tableName,
        OUTBOX_TABLES: JSON.stringify(operators.map(outboxTableArn)),
        PROTOCOL: deployment.protocol ?? DEFAULT_PROTOCOL,
        OUTBOX_RETENTION_DAYS: String(deployment.outboxRetentionDays),
        DETAILED_METRICS: deployment.detailedMetrics ? 'true' : undefined,
      },
    });
    new Schedule(this, 'Sweep', {
      description: 'Looks for tenders that are due',
      invoked: functions.sweep,
      everyMinutes: SWEEP_MINUTES,
      deadLetters,
    });
    new Schedule(this, 'Watch', {
      description: 'Looks whether the outboxes answer',
      invoked: functions.watch,
      everyMinutes: WATCH_MINUTES,
      deadLetters,
    });
    const api = new PartyApi(this, 'Http', {
      functions: functions.http,
      allowedOrigins: deployment.allowedOrigins,
      auctioneer: deployment.auctioneer,
    });
    const { clearing, sweep } = functions;
    const alarms = new Alarms(this, 'Alarms', {
      ...{ api, sweep, outbox, state, deadLetters, encryption },
      email: deployment.email,
    });
    new PartyDashboard(this, 'Overview', { alarms, api, clearing, outbox, state });
    new MonthlyBudget(this, 'Budget', {
      party: tag,
      dollars: deployment.monthlyBudgetDollars,
      email: deployment.email,
    });
    new CfnOutput(this, 'Url', { value: api.api.apiEndpoint, description: 'Address of the HTTP API' });
    if (vaultClient !== undefined) {
      const { treeTable, stateTable, secret: vaultKeys } = vaultClient;
      new CfnOutput(this, 'VaultTreeTable', { value: treeTable, description: 'Of the buckets of vaults' });
      new CfnOutput(this, 'VaultStateTable', {
        value: stateTable,
        description: 'Of the client state of vaults',
      });
      new CfnOutput(this, 'VaultKeysSecret', {
        value: vaultKeys.secret.secretArn,
        description: 'Put the file of vault keys here',
      });
    }
  }

  #keySecret(party: PartyIndex, encryption: EncryptionKey): KeyHolder {
    const made = new KeySecret(this, 'Keys', {
      description: `Signing and sealing key of party ${party}; put there by its operator`,
      encryption,
    });
    new CfnOutput(this, 'KeysSecret', {
      value: made.secret.secretArn,
      description: 'Put the key file of the party here',
    });
    return made;
  }
}
