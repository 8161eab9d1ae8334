/**
 * One process at a time in a vault's directory: a LevelDB of its own, which only one process can hold open.
 *
 * LevelDB locks a file through the operating system, which frees it when the process dies, however it dies; a
 * lock file with a process number in it would have to be judged stale by guessing. The embedded DynamoDB has
 * the same lock on its files, but ends the process that meets it, so this one is taken before.
 */

import { ClassicLevel } from 'classic-level';
import type { Clock } from '../mpc/clock.ts';
import { OramError } from '../oram/errors.ts';

/** How often a process that waits looks again. */
const RETRY_MS = 50;

/**
 * Takes the lock, waiting for whoever holds it.
 * @param path a directory for the lock alone; it is made where it is missing
 * @returns frees the lock
 * @throws OramError VAULT_BUSY after `waitMs`; STORE_REFUSED where the directory cannot be used at all
 */
export async function takeLock(path: string, waitMs: number, clock: Clock): Promise<() => Promise<void>> {
  const deadline = clock.now() + waitMs;
  for (;;) {
    const lock = new ClassicLevel(path);
    try {
      await lock.open();
      return () => lock.close();
    } catch (error) {
      await lock.close();
      if (!isHeld(error)) {
        const detail = `${path} cannot be opened: check that it can be written, is no other program's and is not damaged`;
        throw new OramError('STORE_REFUSED', detail, { path }, { cause: error });
      }
    }
    if (clock.now() >= deadline) {
      const detail = `another process has been using ${path} for ${waitMs / 1000} s: wait until it ends, or end it`;
      throw new OramError('VAULT_BUSY', detail, { path, waitMs });
    }
    await clock.sleep(RETRY_MS);
  }
}

function isHeld(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED';
}
