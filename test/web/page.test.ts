/**
 * The page in Chromium, with three local parties behind it: a bid by keyboard alone, the saved file, the outcome; and a
 * party that tells another tender.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toBase64url } from '../../auction/canonical.ts';
import { openConsortium } from '../../local/consortium.ts';
import { closeServer, listenOnLoopback } from '../../local/listen.ts';
import { type PageServer, startPageServer } from '../../local/page-server.ts';
import { PartyProcesses } from '../../local/processes.ts';
import { buildPage } from '../../web/build.ts';
import type { PartyUrls } from '../../web/page-config.ts';
import { COMMON_HEADERS, contentSecurityPolicy } from '../../web/security-headers.ts';
import { seedOf } from '../auction/fixture.ts';
import { tacit } from '../cli/run.ts';
import { LocalWorld } from '../local/local-world.ts';
import { executablePath, isInstalled, LAUNCH_ARGUMENTS } from '../support/chromium.ts';

if (!isInstalled) console.log(`skipped in Chromium: there is none at ${executablePath}; set CHROMIUM_PATH`);

/** Everything runs on a machine that may be busy. */
const TIMEOUT_MS = 90_000;
/** More than there are places to stop at. */
const MAX_TABS = 60;

describe.skipIf(!isInstalled)('the page in Chromium', () => {
  let directory: string;
  let processes: PartyProcesses;
  let world: LocalWorld;
  let browser: Browser;
  let served: PageServer;
  let bent: PageServer;
  let liar: Server;
  /** What the liar tells of the tender it is asked for. */
  let toldInstead = '';
  const problems: string[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tacit-page-'));
    const [zero, one, two] = (await openConsortium(directory)).parties;
    liar = createServer((request, response) => {
      fetch(`${one.url}${request.url?.replace(/[\w-]{43}/, toldInstead)}`, {
        headers: { connection: 'close' },
      })
        .then(async (answer) => {
          const allow = request.headers.origin ?? '';
          response.writeHead(answer.status, { 'access-control-allow-origin': allow });
          response.end(await answer.text());
        })
        .catch(() => response.destroy());
    });
    const liarPort = await listenOnLoopback(liar, 0);
    served = await serve([zero.url, one.url, two.url]);
    bent = await serve([zero.url, `http://127.0.0.1:${liarPort}`, two.url]);
    const allowedOrigins = [served, bent].map(originOf);
    [processes, browser] = await Promise.all([
      PartyProcesses.start(directory, { allowedOrigins }),
      chromium.launch({ executablePath, args: LAUNCH_ARGUMENTS }),
    ]);
    world = new LocalWorld(processes);
  }, TIMEOUT_MS);

  afterAll(async () => {
    await browser?.close();
    await processes?.stop();
    await Promise.all([served?.server, bent?.server, liar].map((server) => server && closeServer(server)));
    await rm(directory, { recursive: true, force: true });
  });

  function serve(urls: PartyUrls): Promise<PageServer> {
    const config = {
      name: 'config.json',
      contentType: 'application/json',
      body: new TextEncoder().encode(JSON.stringify({ parties: urls })),
    };
    const headers = { ...COMMON_HEADERS, 'content-security-policy': contentSecurityPolicy(urls) };
    return startPageServer({ files: [...buildPage().files, config], headers, port: 0 });
  }

  async function openPage(server: PageServer, hash: string): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 320, height: 700 }, acceptDownloads: true });
    page.setDefaultTimeout(TIMEOUT_MS);
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(`${originOf(server)}/${hash}`);
    return page;
  }

  const activeId = (page: Page) => page.evaluate<string>('document.activeElement?.id ?? ""');
  const fitsItsWidth = (page: Page) =>
    page.evaluate<boolean>('document.documentElement.scrollWidth <= window.innerWidth');

  async function tabTo(page: Page, id: string): Promise<void> {
    for (let tabs = 0; tabs < MAX_TABS; tabs++) {
      await page.keyboard.press('Tab');
      if ((await activeId(page)) === id) return;
    }
    throw new Error(`the keyboard does not reach ${id}`);
  }

  test(
    'takes a bid by keyboard alone, keeps what is not saved, and shows the verified outcome',
    async () => {
      const tender = await world.publish({ title: 'Gritting lorries for the winter' });
      await world.bid(tender, 'Somebody else', '8600000.00');
      const page = await openPage(served, '');

      await page.waitForSelector('#open:not([hidden])');
      await tabTo(page, 'tender-id');
      await page.keyboard.type(tender.id);
      await page.keyboard.press('Enter');
      await page.waitForSelector('#bid:not([hidden])');
      expect(await page.textContent('#title')).toBe('Gritting lorries for the winter');
      expect(await activeId(page)).toBe('title');
      expect(await page.textContent('#state')).toBe('Open for bids.');
      expect(page.url()).toContain(`#tender=${tender.id}`);

      await tabTo(page, 'bidder');
      await page.keyboard.type('Winterdienst Süd');
      await tabTo(page, 'amount-0');
      await page.keyboard.type('8512345,67');
      await page.keyboard.press('Enter');
      expect(await page.textContent('#amount-0-error')).toMatch(/no comma/);
      expect(await activeId(page)).toBe('bid-errors');
      await tabTo(page, 'amount-0');
      await page.keyboard.press('Control+A');
      await page.keyboard.type('8512345.67');
      await page.keyboard.press('Enter');
      expect(await page.textContent('#review-lines')).toContain('8\u202f512\u202f345.67\u00a0EUR');
      expect(await activeId(page)).toBe('review-heading');
      await tabTo(page, 'send');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#progress-state.good');
      expect(await page.textContent('#progress-state')).toMatch(/All three operators gave a receipt/);
      expect(await activeId(page)).toBe('progress-heading');
      expect(await fitsItsWidth(page)).toBe(true);

      const asked = page.waitForEvent('dialog');
      const leaving = page.evaluate('setTimeout(() => location.reload(), 0)');
      const dialog = await asked;
      expect(dialog.type()).toBe('beforeunload');
      await dialog.dismiss();
      await leaving;

      const downloading = page.waitForEvent('download');
      await tabTo(page, 'save');
      await page.keyboard.press('Enter');
      const file = join(directory, 'saved.json');
      await (await downloading).saveAs(file);
      expect(await page.textContent('#save-state')).toBe('Saved.');

      const resent = await tacit('resend', file, '--dir', directory, '--json');
      expect(resent).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(resent.stdout)).toMatchObject({
        bidder: 'Winterdienst Süd',
        bids: [{ lot: '1', version: 1, receivedBy: [0, 1, 2], standing: 'counts' }],
      });

      expect(await world.close(tender)).toEqual([]);
      await world.outcome(tender, TIMEOUT_MS);
      await page.reload();
      await page.waitForSelector('#outcome-state.good');
      expect(await page.textContent('#outcome-state')).toBe('Signed by all three operators.');
      expect(await page.textContent('#results .winner')).toBe('Winterdienst Süd');
      expect(await page.textContent('#results .price')).toBe('8\u202f512\u202f345.67\u00a0EUR');
      expect(await page.locator('#outcome-checks .failed').count()).toBe(0);
      expect(await page.locator('#outcome-checks .mark.passed').count()).toBe(6);
      expect(await page.isHidden('#bid')).toBe(true);
      await page.setInputFiles('#own-file', file);
      await page.waitForSelector('#own-checks >> text=it won, at');
      expect(await fitsItsWidth(page)).toBe(true);
      expect(problems).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'names an operator that tells another tender, and one that nobody has',
    async () => {
      const tender = await world.publish();
      toldInstead = (await world.publish({ title: 'Another tender' })).id;
      const page = await openPage(bent, `#tender=${tender.id}`);
      await page.waitForSelector('#state.bad');
      expect(await page.textContent('#title')).toBe('Gritting lorries');
      expect(await page.textContent('#state')).toMatch(/Operator 1 does not tell the same/);
      const failed = page.locator('#operators li.failed');
      expect(await failed.allTextContents()).toEqual([
        expect.stringMatching(/Failed.*another tender.*PARTY_ANSWER_MALFORMED/),
      ]);
      expect(await page.isVisible('#bid')).toBe(true);

      const old = await browser.newPage();
      await old.addInitScript("crypto.subtle.generateKey = () => Promise.reject(new Error('unknown'))");
      await old.goto(`${originOf(served)}/#tender=${tender.id}`);
      await old.waitForSelector('#failure:not([hidden])');
      expect(await old.textContent('#failure')).toMatch(/This browser cannot seal bids.*PAGE_BROWSER/);

      const cut = await openPage(served, `#tender=${tender.id.slice(0, -5)}`);
      await cut.waitForSelector('#tender-id-error:not([hidden])');
      expect(await cut.textContent('#tender-id-error')).toMatch(/names no tender/);

      const unknown = await openPage(served, `#tender=${toBase64url(seedOf('nobody published it'))}`);
      await unknown.waitForSelector('#failure:not([hidden])');
      expect(await unknown.textContent('#failure')).toMatch(/None of the three operators.*TENDER_UNKNOWN/);
    },
    TIMEOUT_MS,
  );
});

function originOf({ port }: PageServer): string {
  return `http://127.0.0.1:${port}`;
}
