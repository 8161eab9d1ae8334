/** The outcomes of parties that run side by side, as codes: what most adversary tests compare. */

import { MpcError } from '../../mpc/errors.ts';

/** 'done', the code of an MpcError, or a rethrown surprise. */
export async function outcomeOf(run: Promise<unknown>): Promise<string> {
  try {
    await run;
    return 'done';
  } catch (error) {
    if (error instanceof MpcError) return error.code;
    throw error;
  }
}

export function outcomesOf(runs: readonly Promise<unknown>[]): Promise<string[]> {
  return Promise.all(runs.map(outcomeOf));
}

/** The same for what runs at once. */
export function codeOf(body: () => unknown): string {
  try {
    body();
    return 'done';
  } catch (error) {
    if (error instanceof MpcError) return error.code;
    throw error;
  }
}
