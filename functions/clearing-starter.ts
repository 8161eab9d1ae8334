/**
 * How a clearing gets started: a port, because an HTTP function must answer long before a clearing ends.
 *
 * Both calls are hints that may be lost or repeated. Correctness never rests on them: clearing is idempotent,
 * and whoever hosts a party looks again for tenders that are due (`due-tenders.ts`).
 */

export interface ClearingStarter {
  /** The tender is closed: start its clearing soon. */
  start(tenderId: string): Promise<void>;
  /** The tender closes at `closesAtMs` (milliseconds since 1970): start its clearing then. */
  startAt(tenderId: string, closesAtMs: number): Promise<void>;
}

/** For hosts that only look again: a schedule invokes `sweep-tenders` every minute. */
export const sweptClearings: ClearingStarter = {
  start: async () => {},
  startAt: async () => {},
};
