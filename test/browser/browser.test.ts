/**
 * The bidder's and auditor's code outside Node: bundled for browsers, run with web globals alone, and run in
 * Chromium where one is installed. What the page sealed is opened by the three parties' keys in Node.
 *
 * The vm context proves that nothing but the listed globals is needed; Chromium proves that its WebCrypto has
 * what HPKE needs, in a secure context and under a content security policy without eval.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { rankOf } from '../../auction/amount.ts';
import { toBase64url } from '../../auction/canonical.ts';
import { invitationKeyOf, invitationLink, invitationTo } from '../../auction/invitation.ts';
import { type OutcomeStatement, signOutcome } from '../../auction/outcome.ts';
import { createReceipt } from '../../auction/receipt.ts';
import { openEnvelope } from '../../auction/sealed-bid.ts';
import { checkSubmission, type SealedBid } from '../../auction/submission.ts';
import { PARTIES } from '../../mpc/party.ts';
import { at, type Fixture, fixture, overTheWire, seedOf } from '../auction/fixture.ts';
import { executablePath, isInstalled, LAUNCH_ARGUMENTS } from '../support/chromium.ts';
import type { BidderPage, SealRequest, VerifyRequest } from './entry.ts';

/** What a phone on a slow link loads in under a second; a dependency that does not shake breaks it. */
const MAX_GZIPPED_BYTES = 48 * 1024;

const CONTENT_SECURITY_POLICY = "default-src 'none'; script-src 'self'";

/** A bundle for browsers; a `node:` import anywhere in it fails the build. */
async function bundle(contents: string): Promise<string> {
  const result = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'ts' },
    bundle: true,
    write: false,
    minify: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    logLevel: 'silent',
  });
  return result.outputFiles[0]!.text;
}

let code: string;
let made: Fixture;

beforeAll(async () => {
  code = await bundle("import './entry.ts';");
  made = await fixture({
    closesAt: undefined,
    minimumBids: 1,
    lots: [{ id: 'A', title: 'North' }],
    bidders: [{ name: 'Ann', invitation: invitationKeyOf(seedOf('link')) }],
  });
});

describe('the bundle', () => {
  it('is small', () => {
    const gzipped = gzipSync(code).length;
    console.log(
      `browser bundle: ${code.length} bytes minified, ${gzipped} gzipped (at most ${MAX_GZIPPED_BYTES})`,
    );
    expect(gzipped).toBeLessThan(MAX_GZIPPED_BYTES);
  });

  it('cannot be built with a node: module in it', async () => {
    await expect(bundle("import { readFileSync } from 'node:fs'; readFileSync('x');")).rejects.toThrow(
      /node:fs/,
    );
  });

  it('also holds the reader of bid files', async () => {
    const withCsv = await bundle(
      "import { parseBidsCsv } from '../../auction/bids-csv.ts'; globalThis.parse = parseBidsCsv;",
    );
    const context = createContext(webGlobals(), { codeGeneration: { strings: false, wasm: false } });
    runInContext(withCsv, context);
    const call = `JSON.stringify(parse('bidder,lot,amount\\nAnn,A,12.5', ${JSON.stringify(made.signed.tender.spec)}), (_, v) => typeof v === 'bigint' ? String(v) : v)`;
    expect(JSON.parse(runInContext(call, context))).toEqual([
      { line: 2, bidder: 'Ann', lot: 'A', amount: '1250' },
    ]);
  });
});

describe('a bidder without Node', () => {
  it('seals and verifies in a context with web globals alone', async () => {
    const context = createContext(webGlobals(), { codeGeneration: { strings: false, wasm: false } });
    runInContext(code, context);
    const call = (name: keyof BidderPage) => (request: string) =>
      runInContext(`bidderPage.${name}(${JSON.stringify(request)})`, context);
    await bidAndVerify({ seal: call('seal'), verify: call('verify') });
  });

  const installed = isInstalled;
  if (!installed) console.log(`skipped in Chromium: there is none at ${executablePath}; set CHROMIUM_PATH`);

  it.skipIf(!installed)('seals and verifies in Chromium', async () => {
    const server = createServer((request, response) => {
      const script = request.url === '/bundle.js';
      response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
      response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
      response.end(script ? code : '<!doctype html><title>bidder</title><script src="/bundle.js"></script>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${portOf(server.address())}/`;
    const browser = await chromium.launch({ executablePath, args: LAUNCH_ARGUMENTS });
    try {
      const tab = await browser.newPage();
      const errors: unknown[] = [];
      tab.on('pageerror', (error) => errors.push(error));
      await tab.goto(address);
      expect(await tab.evaluate('isSecureContext && typeof process')).toBe('undefined');
      const call = (name: keyof BidderPage) => (request: string) =>
        tab.evaluate<string>(`bidderPage.${name}(${JSON.stringify(request)})`);
      await bidAndVerify({ seal: call('seal'), verify: call('verify') });
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

/** What a browser and Node have in common; the language's own objects are in every context. */
function webGlobals(): Record<string, unknown> {
  return { crypto, TextEncoder, TextDecoder, URL, atob, btoa, console, structuredClone, URLSearchParams };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('no loopback port');
  return address.port;
}

/** One bid from the page to the outcome and back, with what a cheating server might answer. */
async function bidAndVerify(page: BidderPage): Promise<void> {
  const amount = '654321.09';
  const request: SealRequest = {
    tender: made.signed,
    lot: 'A',
    link: invitationLink(invitationTo(made.id, 'Ann', seedOf('link')), 'https://tenders.example.org/'),
    secretKey: toBase64url(seedOf('ann')),
    amount,
  };
  const sealedText = await page.seal(JSON.stringify(request));
  const sealed = await openedByAllParties(sealedText, 65_432_109n);
  await expect(page.seal(JSON.stringify({ ...request, amount: '1000000.01' }))).rejects.toThrow(
    /AMOUNT_OVER_CEILING/,
  );
  const spec = { ...made.signed.tender.spec, reserve: '1.00' };
  const otherRules = { ...made.signed, tender: { ...made.signed.tender, spec } };
  await expect(page.seal(JSON.stringify({ ...request, tender: otherRules }))).rejects.toThrow(
    /TENDER_SIGNATURE/,
  );

  const receipts = PARTIES.map((party) =>
    createReceipt({ party, signer: made.signers[party], submission: sealed, receivedAt: at(1000 + party) }),
  );
  const statement: OutcomeStatement = {
    kind: 'outcome',
    tender: made.id,
    closingRoot: toBase64url(seedOf('root')),
    liveBids: [{ lot: 'A', count: 1 }],
    lots: [{ lot: 'A', outcome: 'awarded', winner: 'Ann', winnerKey: sealed.bidderKey, price: '800000.00' }],
  };
  const signatures = PARTIES.map((party) => signOutcome(statement, party, made.signers[party]));
  const verification: VerifyRequest = {
    tender: made.signed,
    submission: sealed,
    receipts,
    outcome: { statement, signatures },
  };
  const verify = (change: Partial<VerifyRequest>) =>
    page.verify(JSON.stringify({ ...verification, ...change }));
  expect(JSON.parse(await verify({}))).toEqual({ standing: 'counts', lots: statement.lots });
  expect(JSON.parse(await verify({ receipts: receipts.slice(2) }))).toMatchObject({
    standing: 'does-not-count',
  });
  await expect(verify({ receipts: [{ ...receipts[0], receivedAt: 7 }] })).rejects.toThrow(
    /RECEIPT_SIGNATURE/,
  );
  const cheaper = { ...statement, closingRoot: toBase64url(seedOf('another root')) };
  await expect(verify({ outcome: { statement: cheaper, signatures } })).rejects.toThrow(/OUTCOME_SIGNATURE/);
  await expect(verify({ outcome: { statement, signatures: signatures.slice(1) } })).rejects.toThrow(
    /OUTCOME_SIGNATURE/,
  );
}

/** Each party opens its envelope in Node; the three first shares XOR to the rank of the amount. */
async function openedByAllParties(text: string, amount: bigint): Promise<SealedBid> {
  const sealed = checkSubmission(overTheWire(JSON.parse(text)), made.terms);
  if (sealed.kind !== 'bid') throw new Error('the page sealed no bid');
  let rank = 0n;
  for (const party of PARTIES) {
    const pair = await openEnvelope({
      sealed,
      terms: made.terms,
      party,
      sealingKeyPair: made.sealing[party],
    });
    rank ^= BigInt(`0x${Buffer.from(pair.first.share).reverse().toString('hex')}`);
  }
  expect(rank).toBe(rankOf(amount, made.terms));
  return sealed;
}
