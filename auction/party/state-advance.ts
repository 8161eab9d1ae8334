/**
 * Moving a tender's stored state by compare-and-set: `state.ts` says what an event leads to, this writes it.
 */

import type { Clock } from '../../mpc/clock.ts';
import { AuctionError } from '../errors.ts';
import { type TenderEvent, type TenderState, transition } from '../state.ts';
import type { TenderTerms } from '../tender.ts';
import { DUE_AT_ONCE } from './due-list.ts';
import type { AuctionStore } from './store.ts';

/** A tender has three transitions, so whoever loses more races than that does not race with transitions. */
const MAX_TRIES = 5;

/** @throws AuctionError what `transition` throws; STATE_CONFLICT */
export async function advance(
  { store, clock }: { readonly store: AuctionStore; readonly clock: Clock },
  terms: TenderTerms,
  event: TenderEvent,
): Promise<TenderState> {
  for (let tried = 0; tried < MAX_TRIES; tried++) {
    const { state, revision } = await store.state(terms.id);
    const next = transition(state, event, clock.now(), terms);
    // A deadline is on the list since the tender was published; an order is not, and must be before it counts.
    if (next !== state && event.kind === 'close-ordered') {
      await store.putDue({ id: terms.id, dueAtMs: DUE_AT_ONCE, notedAtMs: clock.now() });
    }
    if (next === state || (await store.putState(terms.id, revision, next))) return next;
  }
  throw new AuctionError('STATE_CONFLICT', 'the state of the tender keeps changing; try again');
}
