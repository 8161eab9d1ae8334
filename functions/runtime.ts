/**
 * The composition root: builds a party from environment variables, once for each Lambda environment.
 *
 * Building is lazy, so that a function's code can be loaded (and tested) without an environment, and a failed
 * start is tried again by the next invocation instead of being remembered.
 */

import { randomBytes } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import type { DueListStore } from '../auction/party/due-list.ts';
import { DynamoDbStore } from '../auction/party/dynamodb.ts';
import { AuctionParty } from '../auction/party/service.ts';
import type { PartyTimeouts } from '../auction/party/timeouts.ts';
import type { Signer } from '../auction/signature.ts';
import type { PartyRecord } from '../auction/tender.ts';
import { createOutboxChannel } from '../mpc/channels/outbox/dynamodb.ts';
import { ClearingLeases } from './clearing-lease.ts';
import { ClearingSlots } from './clearing-slots.ts';
import { type ClearingStarter, sweptClearings } from './clearing-starter.ts';
import { ClockWatch } from './clock-watch.ts';
import { type Environment, parseEnvironment } from './environment.ts';
import { FunctionError } from './errors.ts';
import { eventBus } from './event-bus.ts';
import { eventRecords } from './event-records.ts';
import { type EventDestination, Events } from './events.ts';
import type { HttpHandler } from './http-handler.ts';
import { invokingStarter } from './invoking-starter.ts';
import { describeUnexpected, logError } from './log.ts';
import { type Meter, silentMeter } from './meter.ts';
import { embeddedMetrics } from './metrics.ts';
import { type OutboxLooks, outboxLooks } from './outbox-looks.ts';
import { readPartyKeys } from './party-keys.ts';
import { problemOf, problemResult } from './problem-details.ts';
import { REQUEST_TIMEOUTS } from './request-timeouts.ts';
import { systemClock } from './system-clock.ts';
import { regionOf } from './table-region.ts';
import { silentTraces, type Traces } from './traces.ts';
import { trustedClock } from './trusted-clock.ts';
import { UnitWatch } from './unit-watch.ts';
import type { VaultAccess } from './vault-access/vault-access.handler.ts';
import { webhook } from './webhook.ts';
import { xrayTraces } from './xray.ts';

export interface Runtime {
  readonly party: AuctionParty;
  readonly record: PartyRecord;
  readonly dueList: DueListStore;
  readonly starter: ClearingStarter;
  readonly leases: ClearingLeases;
  readonly slots: ClearingSlots;
  readonly clockWatch: ClockWatch;
  readonly looks: OutboxLooks;
  /** Of the party's own tables and its peers' outboxes. */
  readonly unitWatch: UnitWatch;
  /** Undefined at a party without a bus and webhooks. */
  readonly events: Events | undefined;
  readonly meter: Meter;
  readonly traces: Traces;
  /** Undefined at a party without vaults. */
  readonly vaultAccess: VaultAccess | undefined;
}

export interface RuntimeOptions {
  readonly timeouts?: Partial<PartyTimeouts>;
  /** 0 for a host that is the only one to have the vaults open; otherwise the vault's own default. */
  readonly vaultPatienceMs?: number;
  /** A host that measures nothing names none. */
  readonly meter?: Meter;
  /** Likewise. */
  readonly traces?: Traces;
}

/** @throws FunctionError CONFIGURATION_INVALID */
export async function composeRuntime(
  environment: Environment,
  starter: ClearingStarter,
  options: RuntimeOptions = {},
): Promise<Runtime> {
  const record = environment.CONSORTIUM[environment.PARTY_INDEX];
  const keys = await readPartyKeys(environment.PARTY_KEYS, record);
  const tables = [0, 1, 2].map((party) => {
    const endpoint = environment.DYNAMODB_ENDPOINTS?.[party];
    const tableName = environment.OUTBOX_TABLES[party] ?? '';
    const region = regionOf(tableName);
    const client = new DynamoDBClient({
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(region === undefined ? {} : { region }),
      requestHandler: REQUEST_TIMEOUTS,
    });
    return { client, tableName };
  });
  const [first, second, third] = tables;
  const own = tables[environment.PARTY_INDEX];
  if (first === undefined || second === undefined || third === undefined || own === undefined) {
    throw new FunctionError('CONFIGURATION_INVALID', 'OUTBOX_TABLES names three tables');
  }
  const clockWatch = new ClockWatch();
  clockWatch.attach(own.client, systemClock.now);
  const unitWatch = new UnitWatch();
  for (const { client } of tables) unitWatch.attach(client);
  const retentionDays = environment.OUTBOX_RETENTION_DAYS;
  const store = new DynamoDbStore(own.client, environment.STATE_TABLE);
  const party = new AuctionParty({
    keys,
    peers: environment.CONSORTIUM,
    store,
    channel: createOutboxChannel({
      self: keys.index,
      tables: [first, second, third],
      clock: systemClock,
      ...(retentionDays === undefined ? {} : { expiresAfterSeconds: retentionDays * SECONDS_A_DAY }),
    }),
    clock: trustedClock(systemClock, clockWatch),
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
    timeouts: options.timeouts ?? {},
    ...(environment.PROTOCOL === undefined ? {} : { protocol: environment.PROTOCOL }),
  });
  const looks = outboxLooks(own.client, environment.STATE_TABLE);
  const stateTable = { client: own.client, tableName: environment.STATE_TABLE };
  const leases = new ClearingLeases(stateTable, systemClock);
  const slots = new ClearingSlots(stateTable, systemClock);
  const vaultAccess =
    environment.VAULT_STATE_TABLE === undefined
      ? undefined
      : await (await import('./vault-access/compose.ts')).composeVaultAccess(environment, {
          record,
          client: own.client,
          patienceMs: options.vaultPatienceMs,
        });
  const meter = options.meter ?? silentMeter;
  const traces = options.traces ?? silentTraces;
  const destinations = destinationsOf(environment, keys.signing);
  const events =
    destinations.length === 0
      ? undefined
      : new Events({
          records: eventRecords(own.client, environment.STATE_TABLE),
          clock: systemClock,
          ...{ record, destinations, meter },
        });
  return {
    party,
    record,
    dueList: store,
    starter,
    leases,
    slots,
    clockWatch,
    looks,
    unitWatch,
    events,
    meter,
    traces,
    vaultAccess,
  };
}

function destinationsOf(
  { EVENT_BUS: bus, WEBHOOKS: urls = [] }: Environment,
  signer: Signer,
): readonly EventDestination[] {
  const webhooks = urls.map((url, position) => webhook(url, position, { signer, clock: systemClock }));
  return [...(bus === undefined ? [] : [eventBus(bus)]), ...webhooks];
}

const SECONDS_A_DAY = 86_400;

let started: Promise<Runtime> | undefined;

function runtime(): Promise<Runtime> {
  started ??= start().catch((error: unknown) => {
    started = undefined;
    throw error;
  });
  return started;
}

async function start(): Promise<Runtime> {
  const environment = parseEnvironment(process.env);
  const clearTender = environment.CLEAR_TENDER_FUNCTION;
  const starter = clearTender === undefined ? sweptClearings : invokingStarter(clearTender);
  return await composeRuntime(environment, starter, {
    meter: embeddedMetrics(environment.DETAILED_METRICS !== undefined),
    traces: xrayTraces(),
  });
}

type Handler<Event, Result> = (event: Event, context: Context) => Promise<Result>;

/** A handler that is made from the runtime when it is first invoked. */
export function lazily<Event, Result>(
  create: (runtime: Runtime) => Handler<Event, Result>,
): Handler<Event, Result> {
  let made: Handler<Event, Result> | undefined;
  return async (event, context) => {
    made ??= create(await runtime());
    return made(event, context);
  };
}

/** The same for HTTP: an environment that cannot start answers with a problem document. */
export function httpFunction(create: (runtime: Runtime) => HttpHandler): HttpHandler {
  const invoke = lazily(create);
  return async (event, context) => {
    try {
      return await invoke(event, context);
    } catch (error) {
      const requestId = context.awsRequestId;
      const code = error instanceof FunctionError ? error.code : 'INTERNAL';
      logError('an environment did not start', { requestId, code, ...describeUnexpected(error) });
      return problemResult(problemOf(error, requestId));
    }
  };
}
