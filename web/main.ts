/**
 * The page for bidders and for whoever looks at a tender: opens one, lets a bid be made until it closes, shows the outcome.
 *
 * Everything secret happens in this tab: keys are made, amounts are split and sealed here, and receipts and outcomes are
 * checked here with the keys that the tender names. The page talks to the three operators and to nobody else, which the
 * content security policy holds it to. Against whoever serves it altered there is no defence in it: see
 * docs/threat-model.md.
 */

import type { Invitation } from '../auction/invitation.ts';
import type { CheckedTender } from '../auction/tender.ts';
import { TacitClient } from '../client/tacit-client.ts';
import { PARTIES } from '../mpc/party.ts';
import { startBidSection } from './bid-section.ts';
import { BidSession } from './bid-session.ts';
import { type ClockReading, clockAheadMs, clockNotice, spokenMark, type Zone } from './deadline-view.ts';
import { byId, setText, setVisible } from './dom.ts';
import { describeFailure } from './errors.ts';
import { askForTender, type Opening } from './open-section.ts';
import { startOutcomeSection } from './outcome-section.ts';
import { type PageConfig, parsePageConfig } from './page-config.ts';
import { askParties, type TenderFindings } from './party-checks.ts';
import { startProgressSection } from './progress-section.ts';
import { hashOfTender, linkOfHash } from './tender-link.ts';
import { showDeadline, showOperators, showState, showTender } from './tender-section.ts';

/** An operator that is down is told of within half a minute; the others' answers are shown only then. */
const PATIENCE = { timeoutMs: 12_000, tries: 2 };
const TICK_MS = 1_000;
/** All pages would ask at the same moment otherwise. */
const SPREAD_MS = 10_000;

const zone: Zone = { locale: 'en-GB', timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone };

async function start(): Promise<void> {
  const link = linkOfHash(location.hash);
  const { tender: linked, invitation } = link;
  if (linked !== undefined) history.replaceState(null, '', hashOfTender(linked));
  const config = await loadConfig();
  const opening =
    linked !== undefined && config !== undefined
      ? { id: linked, urls: config.urls, invitation }
      : await askForTender(link, config?.urls, linked === undefined && location.hash.length > 1);
  history.replaceState(null, '', hashOfTender(opening.id));
  // A page is about one tender: another one begins with a page of its own, and the browser asks about unsaved bids.
  window.addEventListener('hashchange', () => location.reload());
  await open({ urls: opening.urls, consortium: config?.consortium }, opening);
}

/** Undefined where there is none beside the page, and addresses are asked for. */
async function loadConfig(): Promise<PageConfig | undefined> {
  const response = await fetch('config.json', { cache: 'no-store' });
  return response.status === 404 ? undefined : parsePageConfig(await response.json().catch(() => undefined));
}

async function open(config: PageConfig, { id, invitation }: Omit<Opening, 'urls'>): Promise<void> {
  const loading = byId('loading', HTMLElement);
  setVisible(loading, true);
  const parties = config.consortium === undefined ? {} : { parties: config.consortium.parties };
  const client = new TacitClient(config.urls, { ...parties, ...PATIENCE });
  const findings = await askParties(client, id);
  setVisible(loading, false);
  const { tender, refusal } = findings;
  if (refusal !== undefined) return fail(`Do not bid: ${refusal.detail}.`, refusal.code);
  if (tender === undefined) {
    const [first] = findings.checks.filter(({ standing }) => standing === 'differs');
    const check = first ?? findings.checks[0];
    return fail(`None of the three operators gave this tender. ${check?.sentence ?? ''}`, check?.code ?? '');
  }
  showTender(tender, config);
  byId('title', HTMLElement).focus();
  run(tender, { config, client, findings, invitation });
}

interface Opened {
  readonly config: PageConfig;
  readonly client: TacitClient;
  readonly findings: TenderFindings;
  readonly invitation: Invitation | undefined;
}

function run(tender: CheckedTender, { config, client, findings, invitation }: Opened): void {
  const { closesAt } = tender.terms;
  let aheadMs = 0;
  const now = () => Date.now() + aheadMs;
  showOperators(findings, config);
  const { state } = showState(findings, closesAt, now());
  if (state === 'open') {
    const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));
    const session = new BidSession({ tender, client, random, invitation });
    const progress = startProgressSection(session, config, zone);
    startBidSection({ session, tender, ...progress });
    void canSeal().then((able) => {
      if (!able)
        fail('This browser cannot seal bids. Use a current one, or the command line.', 'PAGE_BROWSER');
    });
    window.addEventListener('focus', lookWhetherClosed);
  } else {
    startOutcomeSection(client, tender);
  }

  /** Only as long as it is open, and when somebody looks at the page again: operators have bids to take. */
  async function lookWhetherClosed(): Promise<void> {
    const later = await askParties(client, tender.id);
    if (later.tender === undefined) return;
    if (showState(later, closesAt, now()).state === 'open') return;
    window.removeEventListener('focus', lookWhetherClosed);
    showOperators(later, config);
    for (const id of ['bid-form', 'review']) setVisible(byId(id, HTMLElement), false);
    startOutcomeSection(client, tender);
  }

  if (closesAt === undefined) return;
  void readClocks(config).then((ahead) => {
    aheadMs = ahead;
    const notice = clockNotice(ahead);
    setText(byId('clock-notice', HTMLElement), notice ?? '');
    setVisible(byId('clock-notice', HTMLElement), notice !== undefined);
  });
  let before = now();
  showDeadline(closesAt, before, zone);
  const timer = setInterval(() => {
    const moment = now();
    showDeadline(closesAt, moment, zone);
    const spoken = spokenMark(closesAt, before, moment);
    if (spoken !== undefined) setText(byId('spoken', HTMLElement), spoken);
    before = moment;
    if (moment < closesAt) return;
    clearInterval(timer);
    if (state === 'open') setTimeout(lookWhetherClosed, Math.random() * SPREAD_MS);
  }, TICK_MS);
}

/** An operator that does not tell its time is left out; with none of them this device's clock must do. */
async function readClocks({ urls }: PageConfig): Promise<number> {
  const client = new TacitClient(urls, { tries: 1, timeoutMs: PATIENCE.timeoutMs });
  const readings = await Promise.all(
    PARTIES.map(async (party): Promise<readonly ClockReading[]> => {
      const sentMs = Date.now();
      try {
        const { now } = await client.party(party).status();
        return [{ partyMs: now, sentMs, answeredMs: Date.now() }];
      } catch {
        return [];
      }
    }),
  );
  return clockAheadMs(readings.flat());
}

/** What HPKE takes of the browser (`auction/envelope.ts`): better said before somebody types an amount. */
async function canSeal(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey('X25519', false, ['deriveBits']);
    return true;
  } catch {
    return false;
  }
}

function fail(sentence: string, code: string): void {
  const place = byId('failure', HTMLElement);
  setText(place, code === '' ? sentence : `${sentence} (${code})`);
  setVisible(place, true);
}

start().catch((error: unknown) => {
  const { code, detail } = describeFailure(error);
  setVisible(byId('loading', HTMLElement), false);
  fail(detail, code);
});
