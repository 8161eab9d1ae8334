/**
 * Serves a page of a few files on the loopback interface: from memory, by exact name, with the headers it is given.
 *
 * Nothing is read from disk at a request, so no path can lead anywhere else.
 */

import { createServer, type Server } from 'node:http';
import { listenOnLoopback } from './listen.ts';

export interface ServedFile {
  readonly name: string;
  readonly contentType: string;
  readonly body: Uint8Array;
}

export interface PageServer {
  readonly port: number;
  readonly server: Server;
}

export interface PageServerOptions {
  /** `index.html` is also what the root answers with, `404.html` what any other name does. */
  readonly files: readonly ServedFile[];
  readonly headers: Readonly<Record<string, string>>;
  /** 0 picks a free one. */
  readonly port: number;
}

export async function startPageServer({ files, headers, port }: PageServerOptions): Promise<PageServer> {
  const find = (name: string) => files.find((file) => file.name === name);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const reads = request.method === 'GET' || request.method === 'HEAD';
    const found = reads ? find(pathname === '/' ? 'index.html' : pathname.slice(1)) : undefined;
    const status = found !== undefined ? 200 : reads ? 404 : 405;
    const file = found ?? find('404.html');
    response.writeHead(status, {
      ...headers,
      'cache-control': 'no-store',
      'content-type': file?.contentType ?? 'text/plain',
      'content-length': file?.body.length ?? 0,
    });
    response.end(request.method === 'HEAD' ? undefined : file?.body);
  });
  return { server, port: await listenOnLoopback(server, port) };
}
