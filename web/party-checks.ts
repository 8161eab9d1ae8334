/**
 * Whether all three operators tell the same tender, and how far it is with each.
 *
 * A tender's id is the hash of all of it, so one correct answer is enough to show it; an operator that tells another one,
 * or has none, is named. Bidding goes on all the same, because one operator that lies must not keep anybody from bidding,
 * but for one case: keys other than the consortium's, in the tender itself, would open the bids to whoever made it.
 */

import type { CheckedTender, TenderId } from '../auction/tender.ts';
import type { TacitClient } from '../client/tacit-client.ts';
import { PARTIES, type PartyIndex } from '../mpc/party.ts';
import { describeFailure, type Failure } from './errors.ts';

export type Phase = 'open' | 'closing' | 'clearing' | 'cleared';

export interface PartyCheck {
  readonly party: PartyIndex;
  /** `silent`: it did not answer, which happens; `differs`: its answer is wrong, or it has none. */
  readonly standing: 'agrees' | 'differs' | 'silent';
  readonly sentence: string;
  readonly code?: string;
  readonly phase?: Phase;
}

export interface TenderFindings {
  /** Undefined where no operator gave it. */
  readonly tender: CheckedTender | undefined;
  /** One for each operator. */
  readonly checks: readonly PartyCheck[];
  /** Set where nobody should bid on it, whatever the operators say. */
  readonly refusal: Failure | undefined;
}

export async function askParties(client: TacitClient, id: TenderId): Promise<TenderFindings> {
  const answers = await Promise.all(
    PARTIES.map((party) =>
      client.tenderAt(party, id).then(
        ({ tender, phase }) => ({ tender, check: agreeing(party, phase), refusal: undefined }),
        (error: unknown) => {
          const failure = describeFailure(error);
          const refusal = failure.code === 'TENDER_OTHER_PARTIES' ? failure : undefined;
          return { tender: undefined, check: differing(party, failure), refusal };
        },
      ),
    ),
  );
  return {
    tender: answers.find(({ tender }) => tender !== undefined)?.tender,
    checks: answers.map(({ check }) => check),
    refusal: answers.find(({ refusal }) => refusal !== undefined)?.refusal,
  };
}

const PHASES: Readonly<Record<Phase, string>> = {
  open: 'takes bids',
  closing: 'takes no more bids and is closing',
  clearing: 'is computing the outcome',
  cleared: 'has signed the outcome',
};

function agreeing(party: PartyIndex, phase: Phase): PartyCheck {
  return { party, standing: 'agrees', phase, sentence: `Tells the same tender, and ${PHASES[phase]}.` };
}

function differing(party: PartyIndex, { code, detail }: Failure): PartyCheck {
  if (code === 'PARTY_UNREACHABLE' || code === 'PARTY_BUSY') {
    return { party, code, standing: 'silent', sentence: 'Does not answer at the moment.' };
  }
  if (code === 'TENDER_UNKNOWN') {
    const sentence = 'Has no tender of this id. Without it there will be no outcome: ask the auctioneer.';
    return { party, code, standing: 'differs', sentence };
  }
  return { party, code, standing: 'differs', sentence: `Its answer does not check: ${detail}.` };
}

export interface TenderState {
  readonly state: 'open' | 'closed' | 'cleared' | 'unknown';
  readonly sentence: string;
}

/**
 * The state as a whole. As long as one operator takes bids before the deadline it is open: one that lies must not keep
 * anybody from bidding, and a bid that comes too late is refused anyway.
 */
export function tenderState(
  checks: readonly PartyCheck[],
  closesAt: number | undefined,
  now: number,
): TenderState {
  const phases = checks.flatMap(({ phase }) => phase ?? []);
  if (phases.length === 0)
    return { state: 'unknown', sentence: 'No operator tells the state of this tender.' };
  const passed = closesAt !== undefined && now >= closesAt;
  if (!passed && phases.includes('open')) return { state: 'open', sentence: 'Open for bids.' };
  if (phases.includes('cleared')) return { state: 'cleared', sentence: 'Closed. The outcome is below.' };
  return { state: 'closed', sentence: 'Closed for bids. The operators are computing the outcome.' };
}
