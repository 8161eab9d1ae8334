/**
 * The page for bidders on this machine (`tacit up --web`): built from the sources, served on a loopback port, and named to
 * the parties as a page that may read what they answer.
 */

import { closeServer } from '../local/listen.ts';
import { type PageServer, startPageServer } from '../local/page-server.ts';
import type { BuiltPage } from '../web/build.ts';
import { COMMON_HEADERS, contentSecurityPolicy } from '../web/security-headers.ts';
import { CliError } from './errors.ts';

export interface LocalPage {
  readonly url: string;
  /** SHA-256 of its `index.html`. */
  readonly hash: string;
  close(): Promise<void>;
}

/** Both names of this machine that somebody may type; to a browser they are two origins. */
export function pageOrigins(port: number): readonly string[] {
  return [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
}

/** @throws CliError PAGE_NOT_SERVED */
export async function serveLocalPage(
  urls: readonly [string, string, string],
  port: number,
): Promise<LocalPage> {
  const { files, hash } = await builtPage();
  const config = {
    name: 'config.json',
    contentType: 'application/json',
    body: new TextEncoder().encode(JSON.stringify({ parties: urls })),
  };
  const headers = { ...COMMON_HEADERS, 'content-security-policy': contentSecurityPolicy(urls) };
  const options = { files: [...files, config], headers, port };
  const { server }: PageServer = await startPageServer(options).catch((cause: unknown) => {
    const detail = `the page needs port ${port} for itself: end what listens there, or use another --port in a new --dir`;
    throw new CliError('PAGE_NOT_SERVED', detail, { port }, { cause });
  });
  return { url: `http://127.0.0.1:${port}/`, hash, close: () => closeServer(server) };
}

/** @throws CliError PAGE_NOT_SERVED */
export async function builtPage(): Promise<BuiltPage> {
  try {
    // Takes esbuild, which nothing else here needs.
    const { buildPage } = await import('../web/build.ts');
    return buildPage();
  } catch (cause) {
    const detail = 'the page could not be built: install the development dependencies with `npm ci`';
    throw new CliError('PAGE_NOT_SERVED', detail, {}, { cause });
  }
}
