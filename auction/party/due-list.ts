/**
 * The tenders of a party that wait for something, apart from all those it keeps: what a look for work reads, so that its
 * cost does not grow with the tenders that are settled.
 *
 * A tender is put on the list before anything else is stored by which it begins to wait: with its deadline before the
 * tender itself, and as due at once before an order's closing. So a process may stop between any two writes and no tender
 * that waits is missing; what may be there is one that does not wait, which whoever looks finds out. It is taken off by
 * whoever found it settled, and only as it was read: one that was put again meanwhile stays.
 *
 * The order is that of deadlines, then ids, and so the same at every party, whose clocks differ. Parties that take up
 * tenders in this order, some at a time, take up the same (`functions/clear-tender/clear-in-turn.ts`).
 */

import type { EpochMs } from '../../mpc/clock.ts';
import type { TenderId } from '../tender.ts';

export interface DueTender {
  readonly id: TenderId;
  /** Milliseconds since 1970: the deadline, or `DUE_AT_ONCE`. */
  readonly dueAtMs: number;
  /** When this was put, by the clock of this party. */
  readonly notedAtMs: EpochMs;
}

/** Of a tender that an order closed: the parties take the order at different moments. */
export const DUE_AT_ONCE = 0;

export interface DueList {
  /** By time, then by id. A tender that was closed before its deadline stands here twice. */
  readonly tenders: readonly DueTender[];
  /** What `completeDueList` was last told; undefined where it never was. */
  readonly completedFor: string | undefined;
}

export interface DueListStore {
  /** Puts it, or notes anew that it is there. */
  putDue(due: DueTender): Promise<void>;
  /** Those that are due at a time in milliseconds since 1970; Infinity for all. */
  dueTenders(untilMs: number): Promise<DueList>;
  /** Takes it off unless it was noted again since it was read. */
  removeDue(due: DueTender): Promise<void>;
  /** Keeps beside the list what it was completed for: see `functions/due-tenders.ts`. */
  completeDueList(completedFor: string): Promise<void>;
}

/** Number.MAX_SAFE_INTEGER has 16 decimal digits. */
const TIME_DIGITS = 16;

/** Sorts as the list does. */
export function dueKey({ dueAtMs, id }: Pick<DueTender, 'dueAtMs' | 'id'>): string {
  return `${timeKey(dueAtMs)}#${id}`;
}

/** Sorts behind every key of this time and before those of the next. */
export function behindDueKeysOf(untilMs: number): string {
  return `${timeKey(Math.min(Math.floor(untilMs), Number.MAX_SAFE_INTEGER))}~`;
}

function timeKey(timeMs: number): string {
  return String(timeMs).padStart(TIME_DIGITS, '0');
}
