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

export interface CompletionParameters {
  readonly party: Pick<AuctionParty, 'tender' | 'tenders'>;
  readonly dueList: Pick<DueListStore, 'putDue' | 'completeDueList'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Ids of the destinations that there are now. */
  readonly destinations: readonly string[];
}

/**
 * Puts every tender on the list that may lack there; repeated until it was done once to the end.
 * @param completedFor as it was read with the list
 * @returns whether any were put
 */
export async function completeDueList(
  { party, dueList, clock, destinations }: CompletionParameters,
  completedFor: string | undefined,
): Promise<boolean> {
  const now = JSON.stringify([...destinations].sort());
  if (completedFor === now) return false;
  const before =
    completedFor === undefined ? undefined : z.parse(z.array(z.string()), JSON.parse(completedFor));
  // A destination that is gone is no longer in the list then, so that it is new when it comes back.
  const gone = before !== undefined && destinations.every((id) => before.includes(id));
  if (!gone) {
    await inParallel(await party.tenders(), async (id) => {
      const { signed, state } = await party.tender(id);
      const { closesAt } = signed.tender.spec;
      if (closesAt === undefined && state.phase === 'open') return;
      const dueAtMs = closesAt === undefined ? DUE_AT_ONCE : Date.parse(closesAt);
      await dueList.putDue({ id, dueAtMs, notedAtMs: clock.now() });
    });
  }
  await dueList.completeDueList(now);
  return !gone;
}
