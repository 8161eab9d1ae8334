/**
 * The composition root: builds a party from environment variables, once for each Lambda environment.
 *
 * Building is lazy, so that a function's code can be loaded (and tested) without an environment, and a failed
 * start is tried again by the next invocation instead of being remembered.
 */

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import { DynamoDbStore } from '../auction/party/dynamodb.ts';
import { loadPartyKeys, partyRecordOf } from '../auction/party/keys.ts';
import { AuctionParty } from '../auction/party/service.ts';
import type { PartyTimeouts } from '../auction/party/timeouts.ts';
import type { PartyRecord } from '../auction/tender.ts';
import { createOutboxChannel } from '../mpc/channels/outbox/dynamodb.ts';
import { type ClearingStarter, sweptClearings } from './clearing-starter.ts';
import { type Environment, parseEnvironment } from './environment.ts';
import { FunctionError } from './errors.ts';
import type { HttpHandler } from './http-handler.ts';
import { describeUnexpected, logError } from './log.ts';
import { problemOf, problemResult } from './problem-details.ts';
import { REQUEST_TIMEOUTS } from './request-timeouts.ts';
import { systemClock } from './system-clock.ts';

export interface Runtime {
  readonly party: AuctionParty;
  readonly record: PartyRecord;
  readonly starter: ClearingStarter;
}

/** @throws FunctionError CONFIGURATION_INVALID */
export async function composeRuntime(
  environment: Environment,
  starter: ClearingStarter,
  timeouts: Partial<PartyTimeouts> = {},
): Promise<Runtime> {
  const keys = await loadPartyKeys(await readKeyFile(environment.PARTY_KEYS));
  const record = partyRecordOf(keys);
  const listed = environment.CONSORTIUM[environment.PARTY_INDEX];
  if (
    keys.index !== environment.PARTY_INDEX ||
    listed.signingKey !== record.signingKey ||
    listed.sealingKey !== record.sealingKey
  ) {
    throw new FunctionError(
      'CONFIGURATION_INVALID',
      'PARTY_KEYS are not the keys of PARTY_INDEX in CONSORTIUM',
    );
  }
  const tables = [0, 1, 2].map((party) => {
    const endpoint = environment.DYNAMODB_ENDPOINTS?.[party];
    const client = new DynamoDBClient({
      ...(endpoint === undefined ? {} : { endpoint }),
      requestHandler: REQUEST_TIMEOUTS,
    });
    return { client, tableName: environment.OUTBOX_TABLES[party] ?? '' };
  });
  const [first, second, third] = tables;
  const own = tables[environment.PARTY_INDEX];
  if (first === undefined || second === undefined || third === undefined || own === undefined) {
    throw new FunctionError('CONFIGURATION_INVALID', 'OUTBOX_TABLES names three tables');
  }
  const party = new AuctionParty({
    keys,
    peers: environment.CONSORTIUM,
    store: new DynamoDbStore(own.client, environment.STATE_TABLE),
    channel: createOutboxChannel({ self: keys.index, tables: [first, second, third], clock: systemClock }),
    clock: systemClock,
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
    timeouts,
    ...(environment.PROTOCOL === undefined ? {} : { protocol: environment.PROTOCOL }),
  });
  return { party, record, starter };
}

let started: Promise<Runtime> | undefined;

function runtime(): Promise<Runtime> {
  started ??= composeRuntime(parseEnvironment(process.env), sweptClearings).catch((error: unknown) => {
    started = undefined;
    throw error;
  });
  return started;
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

/** The file form of a party's keys; a key service is another prefix of PARTY_KEYS. */
async function readKeyFile(source: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(source.slice('file:'.length), 'utf8'));
  } catch (cause) {
    throw new FunctionError('CONFIGURATION_INVALID', 'PARTY_KEYS names no readable JSON file', { cause });
  }
}
