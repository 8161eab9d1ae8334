/** The client as a page loads it: bundled for browsers, and run with web globals alone against a real party. */

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PartyHost, startPartyHost } from '../functions/party-host.ts';

/** On top of what sealing a bid needs anyway, most of it the same code. */
const MAX_GZIPPED_BYTES = 40 * 1024;

/** What the client may rely on, beside the language. */
const WEB_GLOBALS = {
  fetch,
  URL,
  URLSearchParams,
  AbortSignal,
  setTimeout,
  TextEncoder,
  TextDecoder,
};

let host: PartyHost;
let code: string;

beforeAll(async () => {
  host = await startPartyHost();
  const { outputFiles } = await build({
    stdin: {
      contents: "import { TacitClient } from 'tacit/client'; globalThis.TacitClient = TacitClient;",
      resolveDir: fileURLToPath(new URL('../../client', import.meta.url)),
    },
    bundle: true,
    write: false,
    minify: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    logLevel: 'silent',
  });
  code = outputFiles[0]!.text;
});

afterAll(() => host.close());

describe('tacit/client', () => {
  test('is what the package exports under that name', () => {
    const require = createRequire(import.meta.url);
    expect(require.resolve('tacit/client')).toBe(
      fileURLToPath(new URL('../../client/tacit-client.ts', import.meta.url)),
    );
  });

  test(`has at most ${MAX_GZIPPED_BYTES / 1024} KB to load`, () => {
    expect(gzipSync(code).length).toBeLessThan(MAX_GZIPPED_BYTES);
  });

  test('needs nothing but what every browser has', async () => {
    const { id, signed } = host.tender();
    await host.party.publishTender(signed);
    const page = createContext({ ...WEB_GLOBALS });
    runInContext(code, page);
    const seen = await runInContext(
      `(async (url, id) => {
        const client = new TacitClient([url, url, url]);
        const party = client.party(0);
        const ids = [];
        for await (const known of party.tenders()) ids.push(known);
        const tender = await client.tender(id);
        const missing = await client.outcome(tender).catch(({ code }) => code);
        return JSON.stringify({ ids, read: tender.id, missing, info: await party.info(), status: await party.status() });
      })`,
      page,
    )(host.url, id);
    expect(JSON.parse(seen)).toMatchObject({
      ids: [id],
      read: id,
      missing: 'OUTCOME_NOT_READY',
      info: signed.tender.parties[0],
      status: { index: 0, stateAnswers: true },
    });
  });
});
