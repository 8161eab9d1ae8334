/**
 * What `tacit status` finds out about one's own party: whether its table answers, how its engine last found the
 * outboxes, which tenders are open, due and cleared there, and how its clock compares with its peers'.
 *
 * All of it is what parties say of themselves, over the same requests that anybody may make; nothing of it is
 * proof. Clocks are compared through this machine: each party says what time it has, in the middle of a request whose
 * duration is known, so two of them are compared up to half of both durations, whatever this machine's clock says.
 */

import type { OutboxLook } from '../auction/api-answers.ts';
import { checkOutcome } from '../auction/outcome.ts';
import { type CheckedTender, checkTender } from '../auction/tender.ts';
import { PartyClient, PartyClientError } from '../client/party-client.ts';
import type { PartyIndex } from '../mpc/party.ts';
import { parseTenderId } from './party-options.ts';

export interface ClockReading {
  readonly url: string;
  /** Undefined where the party did not answer. */
  readonly index: PartyIndex | undefined;
  /** Ahead of the own party's clock, in milliseconds; 0 for the own party. */
  readonly aheadMs: number | undefined;
  /** How far that may be off. */
  readonly uncertaintyMs: number | undefined;
}

export interface KnownTender {
  readonly id: string;
  readonly title: string;
  readonly phase: 'open' | 'closing' | 'clearing' | 'cleared';
  readonly closesAt: string | undefined;
  readonly closedAtMs: number | undefined;
}

export interface OutcomeSeen {
  readonly id: string;
  readonly title: string;
  readonly closedAtMs: number | undefined;
  /** Parties whose signatures this party has. */
  readonly signedBy: number;
}

export interface StatusReport {
  readonly url: string;
  readonly index: PartyIndex;
  readonly signingKey: string;
  /** Whether its own table answers it. */
  readonly stateAnswers: boolean;
  /** Undefined before its engine first looked at them. */
  readonly outboxes: OutboxLook | undefined;
  readonly clockSkewMs: number | undefined;
  readonly clocks: readonly ClockReading[];
  readonly open: readonly KnownTender[];
  /** Open beyond their deadline by the party's clock, or closed without an outcome. */
  readonly due: readonly KnownTender[];
  /** Cleared tenders that were looked at, latest first, as many as were asked for. */
  readonly outcomes: readonly OutcomeSeen[];
  readonly cleared: number;
  /** Whether there are more tenders than were looked at. */
  readonly more: boolean;
  /** What an operator should look into, in sentences. */
  readonly problems: readonly string[];
}

export interface StatusRequest {
  readonly url: string;
  readonly peers: readonly string[];
  /** Tenders to look at, at most. */
  readonly maxTenders: number;
  readonly maxOutcomes: number;
  /** Milliseconds since 1970, of this machine. */
  now(): number;
}

/** A party whose clock is that far off judges bids near a deadline wrongly. */
export const MAX_CLOCK_DIFFERENCE_MS = 2_000;

/** A clearing starts at the deadline, at worst a minute after it, and is tried again from then on. */
export const OVERDUE_AFTER_MS = 5 * 60_000;

/** A party's engine looks at the outboxes every five minutes: by then three looks are missing. */
export const LOOK_OVERDUE_AFTER_MS = 16 * 60_000;

/** Requests to one party at the same time. */
const IN_FLIGHT = 8;

/** @throws PartyClientError where the own party does not answer */
export async function statusOf(request: StatusRequest): Promise<StatusReport> {
  const { url, peers, maxTenders, maxOutcomes } = request;
  const party = new PartyClient(url, { tries: 2 });
  const { signingKey } = await party.info();
  const own = await timed(request, party);
  const others = await Promise.all(
    peers.map(async (peer) => {
      const answer = await timed(request, new PartyClient(peer, { tries: 1 })).catch(refusalOnly);
      return comparedWith(own, peer, answer);
    }),
  );
  const { tenders, more } = await tendersOf(party, maxTenders);
  const nowMs = own.status.now;
  const cleared = tenders.filter(({ known }) => known.phase === 'cleared');
  const latest = cleared
    .toSorted((left, right) => (right.known.closedAtMs ?? 0) - (left.known.closedAtMs ?? 0))
    .slice(0, maxOutcomes);
  const waiting = tenders.map(({ known }) => known).filter(({ phase }) => phase !== 'cleared');
  const isDue = (tender: KnownTender) => tender.phase !== 'open' || isPastDeadline(tender, nowMs);
  const found = {
    url: party.url,
    index: own.status.index,
    signingKey,
    stateAnswers: own.status.stateAnswers,
    outboxes: own.status.outboxes,
    clockSkewMs: own.status.clockSkewMs,
    clocks: [{ url: party.url, index: own.status.index, aheadMs: 0, uncertaintyMs: 0 }, ...others],
    open: waiting.filter((tender) => !isDue(tender)),
    due: waiting.filter(isDue),
    outcomes: await inParallel(latest, (tender) => outcomeOf(party, tender)),
    cleared: cleared.length,
    more,
  };
  return { ...found, problems: problemsOf(found, nowMs) };
}

interface TimedStatus {
  readonly status: Awaited<ReturnType<PartyClient['status']>>;
  /** The party's clock minus this machine's, in the middle of the request. */
  readonly offsetMs: number;
  readonly halfDurationMs: number;
}

async function timed({ now }: StatusRequest, party: PartyClient): Promise<TimedStatus> {
  // The first request opens the connection; the second is timed.
  await party.status();
  const sentAtMs = now();
  const status = await party.status();
  const halfDurationMs = (now() - sentAtMs) / 2;
  return { status, offsetMs: status.now - (sentAtMs + halfDurationMs), halfDurationMs };
}

function comparedWith(own: TimedStatus, url: string, peer: TimedStatus | undefined): ClockReading {
  if (peer === undefined) return { url, index: undefined, aheadMs: undefined, uncertaintyMs: undefined };
  return {
    url,
    index: peer.status.index,
    aheadMs: Math.round(peer.offsetMs - own.offsetMs),
    uncertaintyMs: Math.ceil(peer.halfDurationMs + own.halfDurationMs),
  };
}

function refusalOnly(error: unknown): undefined {
  if (!(error instanceof PartyClientError)) throw error;
}

interface LookedAt {
  readonly known: KnownTender;
  readonly checked: CheckedTender;
}

async function tendersOf(
  party: PartyClient,
  maxTenders: number,
): Promise<{ readonly tenders: readonly LookedAt[]; readonly more: boolean }> {
  const ids: string[] = [];
  let more = false;
  for await (const id of party.tenders()) {
    more = ids.length >= maxTenders;
    if (more) break;
    ids.push(id);
  }
  return { tenders: await inParallel(ids, (id) => lookAt(party, id)), more };
}

async function lookAt(party: PartyClient, id: string): Promise<LookedAt> {
  const { signed, phase, closedAtMs } = await party.tender(parseTenderId(id));
  const checked = checkTender(signed);
  const { title, closesAt } = checked.terms.spec;
  return { checked, known: { id, title, phase, closesAt, closedAtMs } };
}

async function outcomeOf(party: PartyClient, { checked, known }: LookedAt): Promise<OutcomeSeen> {
  const { id, title, closedAtMs } = known;
  const context = { terms: checked.terms, parties: checked.signed.tender.parties, required: 1 } as const;
  const outcome = await party.outcome(checked.id).catch(refusalOnly);
  const signedBy = outcome === undefined ? 0 : checkOutcome(outcome, context).signatures.length;
  return { id, title, closedAtMs, signedBy };
}

function isPastDeadline({ closesAt }: KnownTender, nowMs: number): boolean {
  return closesAt !== undefined && Date.parse(closesAt) <= nowMs;
}

function problemsOf(found: Omit<StatusReport, 'problems'>, nowMs: number): readonly string[] {
  const { stateAnswers, outboxes, clockSkewMs = 0, clocks, due } = found;
  const problems: string[] = [];
  if (!stateAnswers) problems.push('its own table does not answer');
  for (const [index, { code }] of outboxes?.parties.entries() ?? []) {
    if (code !== undefined) problems.push(`the outbox of party ${index} does not answer it (${code})`);
  }
  if (outboxes !== undefined && nowMs - outboxes.lookedAt > LOOK_OVERDUE_AFTER_MS) {
    problems.push(
      `its engine has not looked at the outboxes since ${new Date(outboxes.lookedAt).toISOString()}`,
    );
  }
  if (clockSkewMs > MAX_CLOCK_DIFFERENCE_MS) problems.push(`its clock is ${clockSkewMs} ms off its region's`);
  for (const { index, aheadMs = 0, uncertaintyMs = 0 } of clocks) {
    if (Math.abs(aheadMs) - uncertaintyMs <= MAX_CLOCK_DIFFERENCE_MS) continue;
    problems.push(`the clock of party ${index} is ${aheadMs} ms ahead of its own`);
  }
  for (const { id, phase, closesAt, closedAtMs } of due) {
    const since = closedAtMs ?? Date.parse(closesAt ?? '');
    if (nowMs - since > OVERDUE_AFTER_MS) problems.push(`tender ${id} is ${phase} and overdue`);
  }
  return problems;
}

/** Answers in the order of the items. */
async function inParallel<Item, Answer>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const answers = new Map<number, Answer>();
  const queue = items.entries();
  const worker = async () => {
    for (const [position, item] of queue) answers.set(position, await ask(item));
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, items.length) }, worker));
  return items.flatMap((_, position) => answers.get(position) ?? []);
}
