/** A webhook's receiver: a real HTTP server that keeps what it got and answers as it is told. */

import { createServer } from 'node:http';
import type { PartyEvent } from '../../auction/party-event.ts';
import { checkDelivery } from '../../client/webhook.ts';
import { closeServer, listenOnLoopback } from '../../local/listen.ts';

export interface Received {
  readonly method: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly received: Received[];
  /** A status, or never. */
  answer: number | 'never';
  /** As a receiver should: checked; throws for what is not to be believed. */
  events(signingKeys: readonly string[], nowMs?: number): readonly PartyEvent[];
  close(): Promise<void>;
}

/** @param port 0 for a free one */
export async function startReceiver(port = 0): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({
        method: request.method,
        headers: request.headers,
        body: new Uint8Array(Buffer.concat(chunks)),
      });
      if (receiver.answer !== 'never') {
        response.writeHead(receiver.answer, { location: `${receiver.url}elsewhere` }).end('x'.repeat(1_000));
      }
    });
  });
  const bound = await listenOnLoopback(server, port);
  const url = `http://127.0.0.1:${bound}/hook?token=quarry`;
  const receiver: Receiver = {
    ...{ url, port: bound, received },
    answer: 204,
    events: (signingKeys, nowMs = Date.now()) =>
      received.map((delivery) => checkDelivery(delivery, { url, signingKeys, nowMs })),
    close: () => closeServer(server),
  };
  return receiver;
}
