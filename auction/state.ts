/**
 * The life of a tender at one party, as a closed union of phases and a pure, total transition function.
 *
 * SPEC.md beside this file has the whole table and the invariants. Time only decides whether a deadline has
 * passed; a phase never goes back; an event that repeats what already happened changes nothing, so every
 * caller may retry.
 */

import * as z from 'zod/mini';
import { type EpochMs, toEpochMs } from '../mpc/clock.ts';
import { AuctionError } from './errors.ts';
import { hashField, parseDocument, timeField } from './fields.ts';
import type { TenderTerms } from './tender.ts';

export type TenderState =
  | { readonly phase: 'open' }
  | { readonly phase: 'closing'; readonly closedAt: EpochMs }
  | { readonly phase: 'clearing'; readonly closedAt: EpochMs; readonly closingRoot: string }
  | {
      readonly phase: 'cleared';
      readonly closedAt: EpochMs;
      readonly closingRoot: string;
      readonly outcomeHash: string;
    };

export type TenderPhase = TenderState['phase'];

export type TenderEvent =
  /** A closing order of the auctioneer was checked. */
  | { readonly kind: 'close-ordered' }
  /** Somebody asks to close because the deadline has passed. */
  | { readonly kind: 'deadline-passed' }
  /** The three lists were exchanged and give this root. */
  | { readonly kind: 'set-agreed'; readonly closingRoot: string }
  /** This party signed the outcome. */
  | { readonly kind: 'outcome-signed'; readonly outcomeHash: string };

export const OPEN: TenderState = { phase: 'open' };

/** Whether a submission received now would count at this party. */
export function acceptsSubmissions(
  state: TenderState,
  now: EpochMs,
  terms: Pick<TenderTerms, 'closesAt'>,
): boolean {
  return state.phase === 'open' && (terms.closesAt === undefined || now < terms.closesAt);
}

/**
 * @param now by the clock of this party
 * @throws AuctionError CLOSE_BEFORE_DEADLINE, STATE_OUT_OF_ORDER, STATE_ROOT_CONFLICT, OUTCOME_CONFLICT
 */
export function transition(
  state: TenderState,
  event: TenderEvent,
  now: EpochMs,
  terms: Pick<TenderTerms, 'closesAt'>,
): TenderState {
  switch (event.kind) {
    case 'close-ordered':
      return state.phase === 'open' ? closedAt(now, terms) : state;
    case 'deadline-passed':
      if (state.phase !== 'open') return state;
      if (terms.closesAt === undefined || now < terms.closesAt) {
        throw new AuctionError(
          'CLOSE_BEFORE_DEADLINE',
          'the deadline of the tender has not passed, or it has none',
        );
      }
      return closedAt(now, terms);
    case 'set-agreed':
      return afterAgreement(state, event.closingRoot);
    case 'outcome-signed':
      return afterSigning(state, event.outcomeHash);
  }
}

/** A party that notices the deadline late still closed at the deadline. */
function closedAt(now: EpochMs, { closesAt }: Pick<TenderTerms, 'closesAt'>): TenderState {
  return { phase: 'closing', closedAt: closesAt !== undefined && closesAt < now ? closesAt : now };
}

function afterAgreement(state: TenderState, closingRoot: string): TenderState {
  if (state.phase === 'open') throw outOfOrder(state, 'set-agreed');
  if (state.phase === 'closing') return { phase: 'clearing', closedAt: state.closedAt, closingRoot };
  if (state.closingRoot === closingRoot) return state;
  throw new AuctionError('STATE_ROOT_CONFLICT', 'another closing set was already agreed', {
    agreed: state.closingRoot,
    offered: closingRoot,
  });
}

function afterSigning(state: TenderState, outcomeHash: string): TenderState {
  if (state.phase === 'open' || state.phase === 'closing') throw outOfOrder(state, 'outcome-signed');
  if (state.phase === 'clearing') {
    return { phase: 'cleared', closedAt: state.closedAt, closingRoot: state.closingRoot, outcomeHash };
  }
  if (state.outcomeHash === outcomeHash) return state;
  throw new AuctionError('OUTCOME_CONFLICT', 'this party already signed another outcome', {
    signed: state.outcomeHash,
    offered: outcomeHash,
  });
}

function outOfOrder(state: TenderState, event: TenderEvent['kind']): AuctionError {
  return new AuctionError('STATE_OUT_OF_ORDER', `${event} cannot happen while the tender is ${state.phase}`, {
    phase: state.phase,
    event,
  });
}

export const tenderStateSchema = z.discriminatedUnion('phase', [
  z.strictObject({ phase: z.literal('open') }),
  z.strictObject({ phase: z.literal('closing'), closedAt: timeField }),
  z.strictObject({ phase: z.literal('clearing'), closedAt: timeField, closingRoot: hashField }),
  z.strictObject({
    phase: z.literal('cleared'),
    closedAt: timeField,
    closingRoot: hashField,
    outcomeHash: hashField,
  }),
]);

/** The state as a store gives it back. @throws AuctionError STATE_MALFORMED */
export function parseTenderState(json: unknown): TenderState {
  const state = parseDocument(tenderStateSchema, json, 'STATE_MALFORMED', 'state');
  return state.phase === 'open' ? state : { ...state, closedAt: toEpochMs(state.closedAt) };
}
