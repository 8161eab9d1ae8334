/**
 * The trace of one access to a vault: a span for the access and in it one for each phase. Its facts are the vault's name and
 * the code of what went wrong on this side; a refusal is the requester's, and what was asked is nobody's.
 */

import { problemOf } from '../problem-details.ts';
import type { Span, Traces } from '../traces.ts';

export type VaultPhase = 'taking the nonce' | 'opening the vault' | 'operations';

const SERVER_ERROR = 500;

/** @param serve says when a phase begins, which ends the one before */
export async function tracedAccess<Answer>(
  traces: Traces,
  vault: string,
  serve: (phase: (name: VaultPhase) => void) => Promise<Answer>,
): Promise<Answer> {
  const access = traces.begin('vault access');
  let current: Span | undefined;
  const phase = (name: VaultPhase) => {
    current?.end();
    current = access.begin(name);
  };
  let code: string | undefined;
  try {
    return await serve(phase);
  } catch (error) {
    const problem = problemOf(error, '');
    if (problem.status >= SERVER_ERROR) code = problem.code;
    throw error;
  } finally {
    current?.end();
    access.end({ vault, ...(code === undefined ? {} : { code }) });
    await traces.flush();
  }
}
