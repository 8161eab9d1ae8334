import {
  createServer,
  type IncomingMessage,
  request as requestOf,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../functions/system-clock.ts';
import { readBody } from '../../../local/read-body.ts';
import { createOutboxChannel, type OutboxChannel } from '../../../mpc/channels/outbox/dynamodb.ts';
import { createOutboxTable } from '../../../mpc/channels/outbox/table/dynamodb.ts';
import type { PartyIndex } from '../../../mpc/party.ts';
import { openSession } from '../../../mpc/session/session.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../../support/dynalite.ts';
import { testParameters } from '../../support/world.ts';

const never = new AbortController().signal;

/** DynamoDB's own bound. */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024;

let dynamodb: LocalDynamodb;
let front: Server;
let frontPort: number;
const clients: DynamoDBClient[] = [];

/** What the endpoint of party 0 does with a request: passes it on, or answers this. */
let answer: 'pass-on' | 'hang' | { readonly status: number; readonly type: string };

beforeAll(async () => {
  dynamodb = await startLocalDynamodb();
  for (const party of [0, 1, 2]) await createOutboxTable(dynamodb.client, `failing-${party}`);
});

afterAll(() => dynamodb.close());

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
  front.closeAllConnections();
  front.close();
});

/** Starts an endpoint of party 0 in front of the database, on the same port as before if there was one. */
async function startFront(port = 0): Promise<void> {
  front = createServer((request, response) => {
    readBody(request, MAX_REQUEST_BYTES)
      .then((body = Buffer.alloc(0)) => serve(request, body, response))
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => front.listen(port, '127.0.0.1', resolve));
  frontPort = (front.address() as AddressInfo).port;
}

function serve(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
  if (answer === 'hang') return;
  if (answer === 'pass-on') {
    passOn(request, body, response);
    return;
  }
  const refusal = { __type: `com.amazonaws.dynamodb.v20120810#${answer.type}`, message: 'no' };
  response
    .writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' })
    .end(JSON.stringify(refusal));
}

/**
 * Sends a request on to the database and its answer back, on a connection of its own: a kept one that the database
 * closes just then would fail a request that nothing is wrong with.
 */
function passOn(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
  const { connection: _, ...headers } = request.headers;
  const passed = requestOf(dynamodb.endpoint, { method: 'POST', headers, agent: false }, (answered) => {
    response.writeHead(answered.statusCode ?? 500, { 'content-type': 'application/x-amz-json-1.0' });
    answered.pipe(response);
  });
  passed.on('error', () => response.destroy());
  passed.end(body);
}

async function stopFront(): Promise<void> {
  front.closeAllConnections();
  await new Promise((resolve) => front.close(resolve));
}

/** The channel of a party for which party 0's table lies behind the endpoint. */
function channelOf(self: PartyIndex): OutboxChannel {
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${frontPort}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
    requestHandler: { requestTimeout: answer === 'hang' ? 200 : 30_000, throwOnRequestTimeout: true },
  });
  clients.push(client);
  const tableOf = (party: PartyIndex) => ({
    client: party === 0 ? client : dynamodb.client,
    tableName: `failing-${party}`,
  });
  return createOutboxChannel({
    self,
    tables: [tableOf(0), tableOf(1), tableOf(2)],
    clock: systemClock,
    backoff: { firstMs: 2, factor: 1.5, maxMs: 20 },
  });
}

const bytes = Uint8Array.of(1, 2, 3);

describe('an outbox whose table fails', () => {
  test('is waited for while its endpoint is down, and read once it is back', async () => {
    answer = 'pass-on';
    await startFront();
    const [zero, one] = [channelOf(0), channelOf(1)];
    await stopFront();
    const waiting = one.collect('down', 's', 0, never);
    expect(await Promise.race([waiting, sleep(100, 'waiting')])).toBe('waiting');
    await startFront(frontPort);
    await zero.post('down', 's', { everyone: bytes });
    expect(await waiting).toEqual(bytes);
  });

  test('ends a wait with the reason of its signal, however often it failed before', async () => {
    answer = { status: 500, type: 'InternalServerError' };
    await startFront();
    const reason = new Error('enough');
    const controller = new AbortController();
    const waiting = channelOf(1).collect('failing', 's', 0, controller.signal);
    setTimeout(() => controller.abort(reason), 80);
    await expect(waiting).rejects.toBe(reason);
  });

  test.each([
    ['throttles', { status: 400, type: 'ProvisionedThroughputExceededException' }],
    ['throttles the account', { status: 400, type: 'ThrottlingException' }],
    ['has a fault', { status: 500, type: 'InternalServerError' }],
    ['hangs', 'hang'],
  ] as const)(
    'is unavailable where it %s, in a look as in a post, and says whose it is',
    async (_what, given) => {
      answer = given;
      await startFront();
      const unavailable = { name: 'MpcError', code: 'CHANNEL_UNAVAILABLE', facts: { party: 0 } };
      await expect(channelOf(1).latest('t', 0)).rejects.toMatchObject(unavailable);
      await expect(channelOf(0).post('t', 's', { everyone: bytes })).rejects.toMatchObject(unavailable);
      await expect(channelOf(0).recall('t', 's')).rejects.toMatchObject(unavailable);
    },
  );

  test('is unavailable where nothing listens', async () => {
    answer = 'pass-on';
    await startFront();
    const channel = channelOf(1);
    await stopFront();
    await expect(channel.latest('t', 0)).rejects.toMatchObject({ code: 'CHANNEL_UNAVAILABLE' });
  });

  test.each(['AccessDeniedException', 'ResourceNotFoundException'])(
    'is not waited for where it answers %s',
    async (type) => {
      answer = { status: 400, type };
      await startFront();
      const refused = {
        code: 'CHANNEL_REFUSED',
        facts: { party: 0 },
        message: expect.stringContaining(type),
      };
      await expect(channelOf(1).collect('t', 's', 0, never)).rejects.toMatchObject(refused);
    },
  );
});

describe('a session', () => {
  test('starts and goes on while an outbox cannot be looked at', async () => {
    answer = 'pass-on';
    await startFront();
    const channels = [channelOf(0), channelOf(1), channelOf(2)] as const;
    await stopFront();
    const others = [1, 2].map((party) => openSession(testParameters(channels[party]!)));
    await sleep(100);
    await startFront(frontPort);
    const sessions = await Promise.all([openSession(testParameters(channels[0])), ...others]);
    await stopFront();
    await sleep(100);
    await startFront(frontPort);
    await sessions[0]!.links.send('step', new Map([[1, bytes]]));
    expect(Uint8Array.from(await sessions[1]!.links.receive('step', 0))).toEqual(bytes);
    for (const session of sessions) session.close();
  });
});
