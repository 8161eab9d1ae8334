/**
 * The outcome as three operators tell it, with every check that this page made and whether it passed.
 *
 * An outcome is shown once two operators have signed it, since at most one is taken to be corrupt. Two different
 * statements that are both signed are shown to nobody as a result: they prove that somebody cheated. What no check here
 * can say is whether the computation was right beyond the signatures; with all three, one honest operator is enough.
 */

import { AuctionError } from '../auction/errors.ts';
import { checkOutcome, mergeOutcomes, outcomeHash, type SignedOutcome } from '../auction/outcome.ts';
import type { CheckedTender } from '../auction/tender.ts';
import type { TacitClient } from '../client/tacit-client.ts';
import { PARTIES, type PartyIndex } from '../mpc/party.ts';
import { describeFailure, type Failure } from './errors.ts';

export interface Check {
  /** `open`: nothing speaks against it, and it cannot be said yet, or not from here. */
  readonly standing: 'passed' | 'failed' | 'open';
  readonly sentence: string;
  readonly code?: string;
}

export interface OutcomeReport {
  readonly state: 'waiting' | 'shown' | 'refused';
  readonly checks: readonly Check[];
  /** Signed by two at least. */
  readonly outcome: SignedOutcome | undefined;
}

/** What one operator answered, or why it did not. */
export type OutcomeAnswer = { readonly json: unknown } | { readonly failure: Failure };

/** More than can be corrupt. */
const SIGNATURES_SHOWN = 2;

/** Not wrong, only not there. */
const ABSENT: readonly string[] = ['OUTCOME_NOT_READY', 'PARTY_UNREACHABLE', 'PARTY_BUSY'];

export async function fetchOutcome(client: TacitClient, tender: CheckedTender): Promise<OutcomeReport> {
  const ask = (party: PartyIndex) =>
    client
      .party(party)
      .outcome(tender.id)
      .then(
        (json): OutcomeAnswer => ({ json }),
        (error: unknown): OutcomeAnswer => ({ failure: describeFailure(error) }),
      );
  return reportOutcome(await Promise.all(PARTIES.map(ask)), tender);
}

/** @param answers of parties 0, 1 and 2 */
export function reportOutcome(answers: readonly OutcomeAnswer[], tender: CheckedTender): OutcomeReport {
  const checks: Check[] = [];
  const outcomes: SignedOutcome[] = [];
  for (const party of PARTIES) {
    const judged = judge(answers[party], party, tender);
    if ('outcome' in judged) outcomes.push(judged.outcome);
    else checks.push(judged.check);
  }
  const [first, ...others] = outcomes;
  if (first === undefined) return { state: 'waiting', checks, outcome: undefined };
  const hashes = new Set(outcomes.map(({ statement }) => outcomeHash(statement)));
  if (hashes.size > 1) {
    const sentence =
      'Operators signed different outcomes for this tender. None of them is to be relied on: ask the operators.';
    return {
      state: 'refused',
      checks: [...checks, { standing: 'failed', code: 'OUTCOME_CONFLICT', sentence }],
      outcome: undefined,
    };
  }
  const outcome = others.reduce(mergeOutcomes, first);
  const all: readonly Check[] = [
    { standing: 'passed', sentence: 'The tender is the one of this id, signed by its auctioneer.' },
    {
      standing: 'passed',
      sentence: 'The outcome is of this tender and keeps to its rules: lots, ceiling, reserve, minimum.',
    },
    outcomes.length === PARTIES.length
      ? { standing: 'passed', sentence: 'All three operators tell the same outcome.' }
      : { standing: 'open', sentence: `${outcomes.length} of the three operators tell it so far.` },
    ...PARTIES.map((party) => signatureCheck(party, outcome)),
    ...checks,
  ];
  const enough = outcome.signatures.length >= SIGNATURES_SHOWN;
  return { state: enough ? 'shown' : 'waiting', checks: all, outcome: enough ? outcome : undefined };
}

function judge(
  answer: OutcomeAnswer | undefined,
  party: PartyIndex,
  { terms, signed }: CheckedTender,
): { readonly outcome: SignedOutcome } | { readonly check: Check } {
  if (answer === undefined || 'failure' in answer) {
    const { code, detail } = answer?.failure ?? { code: 'PARTY_UNREACHABLE', detail: 'it was not asked' };
    const standing = ABSENT.includes(code) ? 'open' : 'failed';
    const sentence =
      code === 'OUTCOME_NOT_READY'
        ? `Operator ${party} has no outcome yet.`
        : standing === 'open'
          ? `Operator ${party} does not answer at the moment.`
          : `Operator ${party}: ${detail}.`;
    return { check: { standing, code, sentence } };
  }
  try {
    return { outcome: checkOutcome(answer.json, { terms, parties: signed.tender.parties, required: 1 }) };
  } catch (error) {
    if (!(error instanceof AuctionError)) throw error;
    const sentence = `What operator ${party} answers does not check: ${error.detail}.`;
    return { check: { standing: 'failed', code: error.code, sentence } };
  }
}

function signatureCheck(party: PartyIndex, { signatures }: SignedOutcome): Check {
  return signatures.some((entry) => entry.party === party)
    ? { standing: 'passed', sentence: `Operator ${party} signed it with the key that the tender names.` }
    : { standing: 'open', sentence: `Operator ${party} has not signed it yet.` };
}
