/**
 * The functions of one party, and what each may do: one place to read every permission of code that runs.
 *
 * The secret keys go to the two that sign with them, intake and clearing. Functions behind HTTP never write an outbox and
 * never read a peer's: the engine does, which cannot be reached over HTTP. Its role is that of `clear-tender` and of
 * `watch-peers`, since a peer lets one role read. A function or route that is added does not compile until its line is here.
 */

import { Stack } from 'aws-cdk-lib';
import { ArnPrincipal, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { OperatorRecord } from '../auction/operator-record.ts';
import type { DeployedEnvironment } from '../functions/environment.ts';
import type { HttpFunctionName } from '../functions/routes.ts';
import type { KeyHolder } from './key-secret.ts';
import { grantReadingOfPeer, type OutboxTable } from './outbox-table.ts';
import { PartyFunction } from './party-function.ts';
import type { StateAccess, StateTable } from './state-table.ts';
import { type VaultClient, vaultRoleName } from './vault-client.ts';

/** API Gateway gives up after 30 s; the function answers before. */
const HTTP_TIMEOUT_SECONDS = 29;

/** Lambda's bound. */
const CLEARING_TIMEOUT_SECONDS = 900;

/** Reads of thousands of tenders that are due, and waiting for deadlines that come before the next sweep does. */
const SWEEP_TIMEOUT_SECONDS = 75;

/** Lambda gives processor time by memory: a whole one at 1,769 MB, which is what clearing wants. */
const CLEARING_MEMORY_MB = 1_769;

/** A cold start is mostly evaluating the bundle, and takes twice as long with half of it. */
const HTTP_MEMORY_MB = 512;

/** Checks signatures and opens an envelope for each bid. */
const INTAKE_MEMORY_MB = 1_024;

const SWEEP_MEMORY_MB = 256;

/** Three tries of a request that nobody answers, each with its timeout, and the item written after that. */
const WATCH_TIMEOUT_SECONDS = 60;

const WATCH_MEMORY_MB = 256;

/** Checks a signature and seals and opens the buckets of paths. */
const VAULT_MEMORY_MB = 1_769;

interface HttpFunctionNeeds {
  readonly description: string;
  readonly state: readonly StateAccess[];
  readonly startsClearings?: boolean;
  /** The party's secret keys, and what it said at closings before. */
  readonly intake?: boolean;
}

type AuctionFunctionName = Exclude<HttpFunctionName, 'vault-access'>;

const HTTP_FUNCTIONS: Readonly<Record<AuctionFunctionName, HttpFunctionNeeds>> = {
  'party-info': { description: 'Who this party is', state: [] },
  'party-status': { description: 'Whether its tables and its peers answer', state: ['get'] },
  'show-openapi': { description: 'The interface as a document', state: [] },
  'publish-tender': { description: 'Takes tenders', state: ['get', 'put'], startsClearings: true },
  'list-tenders': { description: 'Lists tenders', state: ['query'] },
  'show-tender': { description: 'Shows a tender', state: ['get'] },
  'close-tender': { description: 'Takes close orders', state: ['get', 'put'], startsClearings: true },
  'submit-bid': { description: 'Takes sealed bids', state: ['get', 'query', 'put'], intake: true },
  'show-outcome': { description: 'Shows an outcome', state: ['get'] },
};

/** What every function is told. */
export type CommonEnvironment = Pick<
  DeployedEnvironment,
  | 'PARTY_INDEX'
  | 'CONSORTIUM'
  | 'STATE_TABLE'
  | 'OUTBOX_TABLES'
  | 'PROTOCOL'
  | 'OUTBOX_RETENTION_DAYS'
  | 'DETAILED_METRICS'
>;

const NO_KEYS = {
  PARTY_KEYS: 'none',
  CLEAR_TENDER_FUNCTION: undefined,
  EVENT_BUS: undefined,
  WEBHOOKS: undefined,
  VAULT_TREE_TABLE: undefined,
  VAULT_STATE_TABLE: undefined,
  VAULT_KEYS: undefined,
  VAULT_ACCESS: undefined,
} as const satisfies Omit<DeployedEnvironment, keyof CommonEnvironment>;

export interface VaultFunctionProps {
  readonly client: VaultClient;
  /** JSON of who may ask them what. */
  readonly access: string;
  /** ARNs of roles and users that may act as the function's role, to make and load vaults. */
  readonly administrators: readonly string[];
}

export interface PartyFunctionsProps {
  readonly record: OperatorRecord;
  readonly peers: readonly OperatorRecord[];
  readonly state: StateTable;
  readonly outbox: OutboxTable;
  readonly secret: KeyHolder;
  readonly deadLetters: Queue;
  /** Name of the bus that events go to. */
  readonly bus: string | undefined;
  readonly webhooks: readonly string[];
  readonly vault: VaultFunctionProps | undefined;
  readonly environment: CommonEnvironment;
}

/** By name; without vaults there is no `vault-access`. */
export type HttpFunctions = Readonly<Record<AuctionFunctionName, PartyFunction>> & {
  readonly 'vault-access': PartyFunction | undefined;
};

export class PartyFunctions extends Construct {
  readonly clearing: PartyFunction;
  readonly sweep: PartyFunction;
  readonly watch: PartyFunction;
  readonly http: HttpFunctions;
  readonly #props: PartyFunctionsProps;

  constructor(scope: Construct, id: string, props: PartyFunctionsProps) {
    super(scope, id);
    this.#props = props;
    this.clearing = this.#clearing();
    this.sweep = this.#sweep();
    this.watch = this.#watch();
    this.http = {
      'party-info': this.#http('party-info'),
      'party-status': this.#http('party-status'),
      'show-openapi': this.#http('show-openapi'),
      'publish-tender': this.#http('publish-tender'),
      'list-tenders': this.#http('list-tenders'),
      'show-tender': this.#http('show-tender'),
      'close-tender': this.#http('close-tender'),
      'submit-bid': this.#http('submit-bid'),
      'show-outcome': this.#http('show-outcome'),
      'vault-access': this.#vaultAccess(),
    };
  }

  #clearing(): PartyFunction {
    const { record, peers, state, outbox, secret, deadLetters, environment } = this.#props;
    const clearing = new PartyFunction(this, 'clear-tender', {
      name: 'clear-tender',
      description: 'Computes outcomes together with the peers',
      environment: {
        ...environment,
        ...NO_KEYS,
        ...this.#destinations(),
        PARTY_KEYS: secret.keySource,
      },
      memoryMb: CLEARING_MEMORY_MB,
      timeoutSeconds: CLEARING_TIMEOUT_SECONDS,
      roleName: record.engineRole,
      traced: true,
      deadLetters,
    });
    state.grantAccess(clearing.role, ['get', 'query', 'put', 'lease']);
    outbox.grantPosting(clearing.role);
    for (const peer of peers) grantReadingOfPeer(clearing.role, peer);
    secret.grantReading(clearing.role);
    this.#grantTelling(clearing.role);
    return clearing;
  }

  /** The engine tells of what it cleared; the sweep looks whether it did. */
  #destinations(): Pick<DeployedEnvironment, 'EVENT_BUS' | 'WEBHOOKS'> {
    const { bus, webhooks } = this.#props;
    return { EVENT_BUS: bus, WEBHOOKS: webhooks.length === 0 ? undefined : JSON.stringify(webhooks) };
  }

  #grantTelling(role: Role): void {
    const { bus } = this.#props;
    if (bus === undefined) return;
    const arn = Stack.of(this).formatArn({ service: 'events', resource: 'event-bus', resourceName: bus });
    role.addToPrincipalPolicy(new PolicyStatement({ actions: ['events:PutEvents'], resources: [arn] }));
  }

  #sweep(): PartyFunction {
    const { state, environment } = this.#props;
    const sweep = new PartyFunction(this, 'sweep-tenders', {
      name: 'sweep-tenders',
      description: 'Looks for tenders that are due and starts their clearing',
      environment: {
        ...environment,
        ...NO_KEYS,
        ...this.#destinations(),
        CLEAR_TENDER_FUNCTION: this.clearing.function.functionName,
      },
      memoryMb: SWEEP_MEMORY_MB,
      timeoutSeconds: SWEEP_TIMEOUT_SECONDS,
    });
    state.grantAccess(sweep.role, ['get', 'query', 'keep-due']);
    this.clearing.grantInvoke(sweep.role);
    return sweep;
  }

  /** What the engine's role may do is granted where clearing is made. */
  #watch(): PartyFunction {
    const { environment } = this.#props;
    return new PartyFunction(this, 'watch-peers', {
      name: 'watch-peers',
      description: 'Looks whether the outboxes of the peers answer',
      environment: { ...environment, ...NO_KEYS },
      memoryMb: WATCH_MEMORY_MB,
      timeoutSeconds: WATCH_TIMEOUT_SECONDS,
      role: this.clearing.role,
    });
  }

  #http(name: AuctionFunctionName): PartyFunction {
    const { state, outbox, secret, environment } = this.#props;
    const { description, state: access, startsClearings = false, intake = false } = HTTP_FUNCTIONS[name];
    const one = new PartyFunction(this, name, {
      name,
      description,
      environment: {
        ...environment,
        ...NO_KEYS,
        ...(intake ? { PARTY_KEYS: secret.keySource } : {}),
        ...(startsClearings ? { CLEAR_TENDER_FUNCTION: this.clearing.function.functionName } : {}),
      },
      memoryMb: intake ? INTAKE_MEMORY_MB : HTTP_MEMORY_MB,
      timeoutSeconds: HTTP_TIMEOUT_SECONDS,
    });
    state.grantAccess(one.role, access);
    if (startsClearings) this.clearing.grantInvoke(one.role);
    if (intake) {
      secret.grantReading(one.role);
      outbox.grantRecall(one.role);
    }
    return one;
  }

  #vaultAccess(): PartyFunction | undefined {
    const { record, vault, environment } = this.#props;
    if (vault === undefined) return undefined;
    const { client, access, administrators } = vault;
    const one = new PartyFunction(this, 'vault-access', {
      name: 'vault-access',
      description: 'Reads and writes records of vaults',
      environment: {
        ...environment,
        ...NO_KEYS,
        VAULT_TREE_TABLE: client.treeTable,
        VAULT_STATE_TABLE: client.stateTable,
        VAULT_KEYS: client.secret.keySource,
        VAULT_ACCESS: access,
      },
      memoryMb: VAULT_MEMORY_MB,
      timeoutSeconds: HTTP_TIMEOUT_SECONDS,
      roleName: vaultRoleName(record),
      traced: true,
    });
    client.grantAccess(one.role);
    if (administrators.length > 0) {
      one.role.assumeRolePolicy?.addStatements(
        new PolicyStatement({
          sid: 'AdministratorsOfTheVaults',
          principals: administrators.map((arn) => new ArnPrincipal(arn)),
          actions: ['sts:AssumeRole'],
        }),
      );
    }
    return one;
  }
}
