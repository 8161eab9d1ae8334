/**
 * One table of a local vault: dynalite (LevelDB on disk) in this process, on the loopback interface, and the store
 * that talks to it over HTTP as to DynamoDB.
 *
 * The access key is drawn for each process and is asked for, so that no other user of the machine gets in
 * through the port. Writes that were acknowledged survive `kill -9` (LevelDB's log), not a power failure.
 */

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import * as z from 'zod/mini';
import { REQUEST_TIMEOUTS } from '../functions/request-timeouts.ts';
import type { Clock } from '../mpc/clock.ts';
import { createDynamodbStore, createVaultTable } from '../oram/stores/dynamodb.ts';
import type { ItemStore } from '../oram/stores/store.ts';
import { ATTRIBUTES } from '../oram/stores/units.ts';
import { closeServer, listenOnLoopback } from './listen.ts';
import { takeLock } from './vault-lock.ts';
import type { TableRequest } from './vault-trace.ts';

const ACCESS_KEY_BYTES = 16;

export interface VaultTable {
  readonly store: ItemStore;
  close(): Promise<void>;
}

export interface VaultTableOptions {
  /** Directory of the LevelDB files, made where it is missing. No other process may use it. */
  readonly path: string;
  readonly name: string;
  readonly clock: Clock;
  /** Is told of every request once it was answered, as the table's owner would see it. */
  readonly onRequest?: (request: TableRequest) => void;
}

/** @throws OramError STORE_UNAVAILABLE; STORE_REFUSED, where the files are damaged too; VAULT_BUSY */
export async function openVaultTable(options: VaultTableOptions): Promise<VaultTable> {
  const { path, name, clock } = options;
  if (!existsSync(path)) await makeTable(options);
  // Files that cannot be opened would end the process once the engine is asked for anything.
  await (await takeLock(path, 0, clock))();
  const { client, close } = await startEngine(options);
  return { store: createDynamodbStore({ client, tableName: name, clock, random: randomBytes }), close };
}

/** Under another name first: a table that was only half made when its process died would never become active. */
async function makeTable({ path, name }: VaultTableOptions): Promise<void> {
  const draft = `${path}.new`;
  await rm(draft, { recursive: true, force: true });
  const { client, close } = await startEngine({ path: draft });
  try {
    await createVaultTable(client, name);
  } finally {
    await close();
  }
  await rename(draft, path);
}

interface Engine {
  readonly client: DynamoDBClient;
  close(): Promise<void>;
}

async function startEngine({
  path,
  onRequest,
}: Pick<VaultTableOptions, 'path' | 'onRequest'>): Promise<Engine> {
  const engine = dynalite({ path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const accessKey = randomBytes(ACCESS_KEY_BYTES).toString('hex');
  guard(engine, accessKey, onRequest);
  const port = await listenOnLoopback(engine, 0);
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'local',
    credentials: { accessKeyId: accessKey, secretAccessKey: 'local' },
    requestHandler: REQUEST_TIMEOUTS,
  });
  return {
    client,
    close: async () => {
      client.destroy();
      await closeServer(engine);
    },
  };
}

function guard(engine: Server, accessKey: string, onRequest: VaultTableOptions['onRequest']): void {
  const [answer] = engine.listeners('request') as RequestListener[];
  if (answer === undefined) throw new Error('dynalite registered no request listener');
  engine.removeAllListeners('request');
  engine.on('request', (request, response) => {
    if (!request.headers.authorization?.includes(`Credential=${accessKey}/`)) {
      response.writeHead(403).end();
      return;
    }
    if (onRequest !== undefined) observe(request, response, onRequest);
    answer(request, response);
  });
}

function observe(
  request: IncomingMessage,
  response: ServerResponse,
  onRequest: (request: TableRequest) => void,
): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('finish', () => {
    const body = Buffer.concat(chunks);
    const partitions = partitionsOf(body);
    onRequest({
      op: String(request.headers['x-amz-target']).split('.')[1] ?? '',
      items: partitions.length,
      bytes: body.length + Number(response.getHeader('content-length')),
      partitions,
    });
  });
}

const keySchema = z.object({ [ATTRIBUTES.partition]: z.object({ S: z.string() }) });

/** The three forms in which requests name items. */
const requestSchema = z.union([
  z.pipe(
    z.object({ Item: keySchema }),
    z.transform(({ Item }) => [Item]),
  ),
  z.pipe(
    z.object({ RequestItems: z.record(z.string(), z.object({ Keys: z.array(keySchema) })) }),
    z.transform(({ RequestItems }) => Object.values(RequestItems).flatMap(({ Keys }) => Keys)),
  ),
  z.pipe(
    z.object({ Key: keySchema }),
    z.transform(({ Key }) => [Key]),
  ),
]);

/** None for a request of another kind, such as a batch of writes. */
function partitionsOf(body: Buffer): readonly string[] {
  const parsed = z.safeParse(requestSchema, JSON.parse(body.toString('utf8')));
  return parsed.success ? parsed.data.map((key) => key[ATTRIBUTES.partition].S) : [];
}
