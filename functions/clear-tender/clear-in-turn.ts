/**
 * Clears what is due in the order that all parties agree on, a few tenders at a time, whichever of them a run was started
 * for.
 *
 * A clearing needs all three parties at the same time. Starts come in any order, and more of them than may run: parties
 * that cleared what they happened to be started for would wait for each other, each for a tender that a peer has not
 * begun. So a run takes a slot (`clearing-slots.ts`), and in it the first tender of the list of what is due
 * (`auction/party/due-list.ts`) that nobody clears and that is not paused, then the next, until none is left. Deadlines
 * and ids are the same everywhere, so parties are at the same tenders as far as their lists agree. Where they do not yet,
 * because an order reached one before another, a run that still waits for its peers gives way to a tender that comes
 * before its own, without counting as failed: soon every party has the first few of the same list under way.
 *
 * A run that finds every slot taken ends: whoever has them comes to its tender. A run looks at the list once more after it
 * gave its slot back, so that a tender which was put there before another run was turned away is seen by one of the two.
 * Telling of a tender goes on while the next is cleared and outlasts the slot. What is left for want of time, or where runs
 * are cut off, the sweep starts again.
 */

import type { Context } from 'aws-lambda';
import type { DueListStore } from '../../auction/party/due-list.ts';
import type { AuctionParty, ClearingProgress } from '../../auction/party/service.ts';
import type { TenderId } from '../../auction/tender.ts';
import type { Clock } from '../../mpc/clock.ts';
import { MpcError } from '../../mpc/errors.ts';
import type { ClearingLeases } from '../clearing-lease.ts';
import type { ClearingSlots } from '../clearing-slots.ts';
import { needOf } from '../due-list.ts';

/** How a tender is cleared that may have to give way. */
export interface Turn {
  /** Aborts when another goes first. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ClearingProgress) => void;
}

type Invocation<Result> = (event: unknown, context: Context) => Promise<Result>;

export interface InTurnParameters<Result> {
  readonly party: Pick<AuctionParty, 'tender' | 'signatures'>;
  readonly dueList: Pick<DueListStore, 'dueTenders'>;
  readonly leases: Pick<ClearingLeases, 'standing'>;
  readonly slots: Pick<ClearingSlots, 'hold'>;
  readonly clock: Clock;
  /** Clears one tender under its lease. */
  readonly clear: (event: unknown, context: Context, turn?: Turn) => Promise<Result>;
  /** Adds the telling to a clearing. */
  readonly telling: (clear: Invocation<Result>) => Invocation<Result>;
  /** Undefined for an invocation that names none. */
  readonly tenderOf: (event: unknown) => TenderId | undefined;
  /** How often a run that waits for its peers looks whether another should go first. */
  readonly lookIntervalMs?: number;
}

/** A clearing that waits for peers in vain takes four minutes, and the telling of the last one some seconds. */
const ENOUGH_TIME_MS = 300_000;

/** A few reads for each tender that comes first; a run that never gives way fails after two minutes. */
const LOOK_INTERVAL_MS = 10_000;

/** Until both peers have entered the same attempt. */
const WAITING: ReadonlySet<ClearingProgress['stage']> = new Set(['closing', 'hello']);

export function createClearingInTurn<Result>(
  parameters: InTurnParameters<Result>,
): Invocation<Result | { readonly busy: true }> {
  const { party, dueList, leases, slots, clock, clear, telling, tenderOf } = parameters;
  const { lookIntervalMs = LOOK_INTERVAL_MS } = parameters;
  /** Found to need no clearing any more, and still on the list. */
  let settled: ReadonlySet<TenderId> = new Set();

  const inOrder = async (): Promise<readonly TenderId[]> => {
    const { tenders } = await dueList.dueTenders(clock.now());
    const ids = [...new Set(tenders.map(({ id }) => id))];
    settled = new Set(ids.filter((id) => settled.has(id)));
    return ids.filter((id) => !settled.has(id));
  };

  /** @param urgent one that is not left alone for having failed */
  const firstFree = async (ids: readonly TenderId[], urgent?: TenderId): Promise<TenderId | undefined> => {
    for (const id of ids) {
      const standing = await leases.standing(id);
      if (standing === 'held' || (standing === 'paused' && id !== urgent)) continue;
      // One that cannot be read is the sweep's to tell of, and keeps no other from its turn.
      const need = await needOf({ party, clock }, id).catch(() => 'unknown');
      if (need === 'clearing') return id;
      if (need === 'settled') settled = new Set([...settled, id]);
    }
    return undefined;
  };

  /** One before this is free, and of those under way this is the last. */
  const shouldGiveWay = async (own: TenderId): Promise<boolean> => {
    const ids = await inOrder();
    const place = ids.indexOf(own);
    if ((await firstFree(place < 0 ? ids : ids.slice(0, place))) === undefined) return false;
    for (const later of place < 0 ? [] : ids.slice(place + 1)) {
      if ((await leases.standing(later)) === 'held') return false;
    }
    return true;
  };

  const watched = async (id: TenderId, run: (turn: Turn) => Promise<Result>): Promise<Result> => {
    const givingWay = new AbortController();
    const over = new AbortController();
    let isWaiting = true;
    const watch = async () => {
      for (;;) {
        await clock.sleep(lookIntervalMs, over.signal);
        // A look that fails is made again.
        if (isWaiting && (await shouldGiveWay(id).catch(() => false)) && isWaiting) {
          givingWay.abort(new MpcError('CHANNEL_CLOSED', 'a tender that is due earlier is cleared first'));
          return;
        }
      }
    };
    watch().catch(() => {});
    const onProgress = ({ stage }: ClearingProgress) => {
      isWaiting = WAITING.has(stage);
    };
    return await run({ signal: givingWay.signal, onProgress }).finally(() => over.abort());
  };

  return async (event, context) => {
    const own = tenderOf(event);
    if (own === undefined || (await needOf({ party, clock }, own)) !== 'clearing') {
      return await telling((one, its) => clear(one, its))(event, context);
    }
    const hasTime = () => context.getRemainingTimeInMillis() > ENOUGH_TIME_MS;
    const tellings: Promise<unknown>[] = [];
    /** Whoever invokes this for a tender wants a try now; the sweep waits for the end of the pause. */
    let urgent: TenderId | undefined = own;
    const next = async () => {
      if (!hasTime()) return undefined;
      const ids = await inOrder();
      // One that the list lacks comes last.
      return await firstFree(settled.has(own) ? ids : [...new Set([...ids, own])], urgent);
    };
    let ofOwn: PromiseSettledResult<Result> | undefined;

    /** Ends with the clearing; the telling goes on. */
    const clearOne = async (id: TenderId): Promise<void> => {
      if (id === own) urgent = undefined;
      const cleared = Promise.withResolvers<void>();
      const whole = telling((one, its) =>
        watched(id, (turn) => clear(one, its, turn)).finally(() => cleared.resolve()),
      )({ tenderId: id }, context);
      const ended = Promise.allSettled([whole]).then(([result]) => {
        cleared.resolve();
        if (id === own) ofOwn = result;
      });
      tellings.push(ended);
      await cleared.promise;
    };

    const clearAll = async () => {
      for (let id = await next(); id !== undefined; id = await next()) await clearOne(id);
    };
    while ((await slots.hold(context.awsRequestId, clearAll)) && (await next()) !== undefined);
    await Promise.all(tellings);
    if (ofOwn?.status === 'rejected') throw ofOwn.reason;
    return ofOwn?.value ?? { busy: true };
  };
}
