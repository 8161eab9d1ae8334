/**
 * What stands between a store and its table on the wire: it writes down every request, and answers the next ones
 * as told where DynamoDB would throttle, fail, leave work unprocessed, or where a connection would break.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { listenOnLoopback } from '../../../local/listen.ts';

export interface WireRequest {
  readonly operation: string;
  readonly body: string;
}

/** What happens to a request. `cut-after` lets it arrive and breaks the connection instead of answering. */
export type Fault =
  | 'none'
  | 'cut-before'
  | 'cut-after'
  | 'hang'
  | { readonly status: number; readonly type: string }
  /** Of a batch, so many entries are processed and the others left. */
  | { readonly processed: number }
  /** The table's answer, changed. */
  | { readonly rewrite: (answer: Answer) => unknown };

export type Answer = Record<string, unknown>;

type Batch = Record<string, { Keys: unknown[] } | unknown[]>;

export class WireFront {
  readonly requests: WireRequest[] = [];
  /** Faults of the next requests, in order; then `always`. */
  readonly next: Fault[] = [];
  always: Fault = 'none';
  /** No request goes on before it resolves. */
  gate: Promise<void> = Promise.resolve();
  readonly #target: string;
  readonly #clients: DynamoDBClient[] = [];
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy());
  });

  /** @param target endpoint of the table */
  constructor(target: string) {
    this.#target = target;
  }

  /** @param maxAttempts of the SDK itself, 1 for none but the store's own */
  async client({ maxAttempts = 1, requestTimeout = 10_000 } = {}): Promise<DynamoDBClient> {
    if (!this.#server.listening) {
      await listenOnLoopback(this.#server, 0);
    }
    const { port } = this.#server.address() as AddressInfo;
    const client = new DynamoDBClient({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxAttempts,
      // More connections than the store should use, so that the bound seen is its own.
      requestHandler: { requestTimeout, throwOnRequestTimeout: true, httpAgent: { maxSockets: 200 } },
    });
    this.#clients.push(client);
    return client;
  }

  close(): void {
    for (const client of this.#clients) client.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    this.requests.push({ operation: String(request.headers['x-amz-target']).split('.')[1] ?? '', body });
    await this.gate;
    const fault = this.next.shift() ?? this.always;
    if (fault === 'hang') return;
    if (fault === 'cut-before') return void response.destroy();
    if (typeof fault === 'object' && 'status' in fault) {
      return send(response, fault.status, { __type: `com.amazon.x#${fault.type}`, message: 'as told' });
    }
    const { status, answer } = await this.#passOn(request, body, fault);
    if (fault === 'cut-after') return void response.destroy();
    send(response, status, answer);
  }

  async #passOn(
    request: IncomingMessage,
    body: string,
    fault: Fault,
  ): Promise<{ status: number; answer: unknown }> {
    const parsed = JSON.parse(body) as { RequestItems?: Batch };
    const left: Batch = {};
    if (typeof fault === 'object' && 'processed' in fault && parsed.RequestItems !== undefined) {
      for (const [table, batch] of Object.entries(parsed.RequestItems)) {
        const entries = Array.isArray(batch) ? batch : batch.Keys;
        const rest = entries.splice(fault.processed);
        if (rest.length > 0) left[table] = Array.isArray(batch) ? rest : { ...batch, Keys: rest };
        if (entries.length === 0) delete parsed.RequestItems[table];
      }
      // DynamoDB takes no empty batch; here it is the whole of the work that was left.
      if (Object.keys(parsed.RequestItems).length === 0) return { status: 200, answer: leftover(body, left) };
    }
    const { host: _, 'content-length': __, ...headers } = request.headers;
    const answer = await fetch(this.#target, {
      method: 'POST',
      headers: headers as Record<string, string>,
      body: JSON.stringify(parsed),
    });
    const answered = (await answer.json()) as Answer;
    const rewritten = typeof fault === 'object' && 'rewrite' in fault ? fault.rewrite(answered) : answered;
    return {
      status: answer.status,
      answer: Object.keys(left).length === 0 ? rewritten : { ...answered, ...leftover(body, left) },
    };
  }
}

function leftover(body: string, left: Batch): Answer {
  return body.includes('"Keys"') ? { UnprocessedKeys: left } : { UnprocessedItems: left };
}

function send(response: ServerResponse, status: number, answer: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answer));
}
