/**
 * One party's DynamoDB on this machine: dynalite (LevelDB on disk) behind a guard, on the loopback interface.
 *
 * The guard stands in for the resource policies of AWS: the owner's access key may do everything, a peer's may
 * read the outbox table and nothing else, and nobody else gets in. Signatures of requests are not checked, so
 * it protects against mistakes, not against another program of the same user; what protects bids from peers is
 * that they are sealed. Writes that were acknowledged survive `kill -9` (LevelDB's log), not a power failure.
 */

import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import dynalite from 'dynalite';
import * as z from 'zod/mini';
import { closeServer, listenOnLoopback } from './listen.ts';
import { readBody } from './read-body.ts';

/** What a peer may call on the outbox table; BatchGetItem is left out because it names several tables. */
const PEER_OPERATIONS: readonly string[] = ['GetItem', 'Query'];

/** DynamoDB's own bound of a request. */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024;

export interface DynamodbServerOptions {
  /** Directory of the LevelDB files; without it everything is in memory. */
  readonly path?: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly ownerAccessKey: string;
  readonly peerAccessKeys: readonly string[];
  readonly outboxTable: string;
}

export interface DynamodbServer {
  readonly endpoint: string;
  close(): Promise<void>;
}

export async function startDynamodbServer(options: DynamodbServerOptions): Promise<DynamodbServer> {
  const engine = dynalite({
    ...(options.path === undefined ? {} : { path: options.path }),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  });
  const [answer] = engine.listeners('request') as RequestListener[];
  if (answer === undefined) throw new Error('dynalite registered no request listener');
  const guard = createServer((request, response) => {
    admit(request, response, options, answer).catch(() => response.destroy());
  });
  // The engine listens as well because only then does its close() close the LevelDB files; nobody knows the port.
  await listenOnLoopback(engine, 0);
  const port = await listenOnLoopback(guard, options.port).catch(async (error: unknown) => {
    await closeServer(engine);
    throw error;
  });
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: async () => {
      await closeServer(guard);
      await closeServer(engine);
    },
  };
}

async function admit(
  request: IncomingMessage,
  response: ServerResponse,
  options: DynamodbServerOptions,
  answer: RequestListener,
): Promise<void> {
  const body = await readBody(request, MAX_REQUEST_BYTES);
  if (body === undefined) {
    response.writeHead(413).end();
    return;
  }
  const accessKey = /Credential=([^/,\s]+)\//.exec(request.headers.authorization ?? '')?.[1];
  const owner = accessKey === options.ownerAccessKey;
  const peer = accessKey !== undefined && options.peerAccessKeys.includes(accessKey);
  if (!owner && !(peer && isOutboxRead(request, body, options.outboxTable))) {
    refuse(response);
    return;
  }
  // The engine reads a request as a stream; this one is spent, so it gets another with the same head.
  const replay = Object.assign(Readable.from(body.length > 0 ? [body] : []), {
    method: request.method,
    url: request.url,
    headers: request.headers,
  });
  answer(replay as unknown as IncomingMessage, response as Parameters<RequestListener>[1]);
}

const readRequestSchema = z.object({ TableName: z.string() });

function isOutboxRead(request: IncomingMessage, body: Buffer, outboxTable: string): boolean {
  const operation = String(request.headers['x-amz-target'] ?? '').split('.')[1] ?? '';
  if (!PEER_OPERATIONS.includes(operation)) return false;
  const parsed = z.safeParse(readRequestSchema, parseJson(body));
  return parsed.success && parsed.data.TableName === outboxTable;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The answer of DynamoDB to a principal without permission. */
function refuse(response: ServerResponse): void {
  const body = JSON.stringify({
    __type: 'com.amazon.coral.service#AccessDeniedException',
    message: 'this access key may not do this on this table',
  });
  response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
}
