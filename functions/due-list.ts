/**
 * What a tender on the list of due ones needs, decided from the party's own store, and how the list comes to be whole.
 *
 * Tenders enter the list before they begin to wait (`auction/party/due-list.ts`); the sweep takes off those that it finds
 * settled. Two things can leave a tender outside that waits all the same: a table from before there was a list, and a
 * destination of events that is new, to which tenders that were settled without it have yet to be told. So beside the
 * list it is kept for which destinations it was completed, and where one is missing there, every tender that is kept is
 * put on the list once, and the next sweeps sort them out.
 */

import * as z from 'zod/mini';
import { AuctionError } from '../auction/errors.ts';
import { DUE_AT_ONCE, type DueListStore } from '../auction/party/due-list.ts';
import { inParallel } from '../auction/party/in-parallel.ts';
import type { AuctionParty } from '../auction/party/service.ts';
import type { TenderId } from '../auction/tender.ts';
import type { Clock } from '../mpc/clock.ts';
import { PARTIES } from '../mpc/party.ts';
import type { Events } from './events.ts';
import { logError } from './log.ts';

/**
 * `clearing`: it is due and has no outcome here, or one that lacks a signature, since a peer may need this party to reach
 * it. `telling`: a destination has yet to be told. `waiting`: the same, later. `premature`: it is open, or not known here,
 * so what was to follow when it was put on the list has not happened yet, or never will.
 */
export type Need = 'clearing' | 'telling' | 'waiting' | 'settled' | 'premature';

export interface NeedParameters {
  readonly party: Pick<AuctionParty, 'tender' | 'signatures'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly events?: Pick<Events, 'standing'> | undefined;
}

export async function needOf({ party, clock, events }: NeedParameters, id: TenderId): Promise<Need> {
  const known = await party.tender(id).catch((error: unknown) => {
    if (error instanceof AuctionError && error.code === 'TENDER_UNKNOWN') return undefined;
    throw error;
  });
  if (known === undefined) return 'premature';
  const { signed, state } = known;
  if (state.phase === 'open') {
    const { closesAt } = signed.tender.spec;
    return closesAt !== undefined && Date.parse(closesAt) <= clock.now() ? 'clearing' : 'premature';
  }
  if (state.phase !== 'cleared') return 'clearing';
  if ((await party.signatures(id)) < PARTIES.length) return 'clearing';
  const standing = (await events?.standing(id)) ?? 'settled';
  return standing === 'due' ? 'telling' : standing;
}

/**
 * After it, a publication or close order that was cut off between the list and what was to follow has not survived in
 * any environment of Lambda, whose code may go on when it is invoked again. Sent again, it is put on the list again.
 */
export const PREMATURE_LIFETIME_MS = 24 * 3_600_000;

export interface StockParameters extends NeedParameters {
  readonly party: Pick<AuctionParty, 'tenders' | 'tender' | 'signatures'>;
  readonly dueList: DueListStore;
  readonly events?: Pick<Events, 'standing' | 'destinationIds'> | undefined;
}

export interface Listed {
  /** `unknown`: it could not be found out, and the tender stays on the list. */
  readonly need: Need | 'unknown';
  /** The first of its times. */
  readonly dueAtMs: number;
  /** Why it is unknown. */
  readonly failure?: unknown;
}

/**
 * Takes off the list what is settled, and what nothing has followed for a day. One tender that cannot be read, such as one
 * that a later version stored, keeps no other from being found.
 * @param untilMs of those that are due at a time, Infinity for all
 * @returns the others, each once, in the order of the list
 */
export async function takeStock(
  parameters: StockParameters,
  untilMs: number,
): Promise<ReadonlyMap<TenderId, Listed>> {
  const { dueList, clock } = parameters;
  const read = await dueList.dueTenders(untilMs);
  const added = await completeDueList(parameters, read.completedFor);
  const tenders = added ? (await dueList.dueTenders(untilMs)).tenders : read.tenders;
  const found = await inParallel(tenders, ({ id, dueAtMs }) =>
    needOf(parameters, id).then(
      (need): Listed => ({ need, dueAtMs }),
      (failure: unknown): Listed => ({ need: 'unknown', dueAtMs, failure }),
    ),
  );
  const left = new Map<TenderId, Listed>();
  for (const [position, listed] of found.entries()) {
    const due = tenders[position];
    if (due === undefined) continue;
    // A deadline may have come since the need was found: what was premature then waits by now, however old the note is.
    const isLate = Math.max(due.dueAtMs, due.notedAtMs) + PREMATURE_LIFETIME_MS < clock.now();
    if (listed.need === 'settled' || (listed.need === 'premature' && isLate)) await dueList.removeDue(due);
    else if (!left.has(due.id)) left.set(due.id, listed);
  }
  return left;
}

/** Puts every tender on the list that may lack there; repeated until it was done once to the end. */
async function completeDueList(
  { party, dueList, clock, events }: StockParameters,
  completedFor: string | undefined,
): Promise<boolean> {
  const destinations = events?.destinationIds ?? [];
  const now = JSON.stringify([...destinations].sort());
  if (completedFor === now) return false;
  const before =
    completedFor === undefined ? undefined : z.parse(z.array(z.string()), JSON.parse(completedFor));
  // A destination that is gone is no longer in the list then, so that it is new when it comes back.
  const gone = before !== undefined && destinations.every((id) => before.includes(id));
  if (!gone) {
    await inParallel(await party.tenders(), async (id) => {
      const known = await party.tender(id).catch((error: unknown) => {
        // What this version cannot read it cannot clear: it must not keep the others from the list.
        if (!(error instanceof AuctionError)) throw error;
        logError('a tender cannot be read', { tenderId: id, code: error.code });
        return undefined;
      });
      if (known === undefined) return;
      const { signed, state } = known;
      const { closesAt } = signed.tender.spec;
      if (closesAt === undefined && state.phase === 'open') return;
      const dueAtMs = closesAt === undefined ? DUE_AT_ONCE : Date.parse(closesAt);
      await dueList.putDue({ id, dueAtMs, notedAtMs: clock.now() });
    });
  }
  await dueList.completeDueList(now);
  return !gone;
}
