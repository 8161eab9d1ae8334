/**
 * For each code with which a clearing can end: what proves a fault behind it, and whom the party suspects where
 * nothing does.
 *
 * "Suspected" is what the party itself can rule out no further, given that it followed the protocol; the reason
 * says why nobody else has to believe even that. The table in docs/blame.md is generated from this one.
 */

import type { MpcErrorCode } from '../../mpc/errors.ts';
import type { AuctionErrorCode } from '../errors.ts';
import type { Fault } from '../evidence-document.ts';

export type AbortCode = AuctionErrorCode | MpcErrorCode;

export interface BlameRule {
  /**
   * Whom the party suspects without evidence: the peer that the error names (both where it names none), both
   * peers, or nobody.
   */
  readonly otherwise: 'named' | 'peers' | 'nobody';
  /** Where an error without a name is about this party's own records. */
  readonly unnamed?: 'nobody';
  /** Why that, and why it is no proof. */
  readonly reason: string;
  /** The faults that typically prove it; absent where the party does not look for evidence at all. */
  readonly provenBy?: readonly Fault[];
  /** What the parties show each other to find a proof that neither has alone. */
  readonly exchange?: 'lists' | 'hellos' | 'outcomes' | 'proofs';
}

const UNSIGNED =
  'what the outbox held is not signed by the party whose outbox it is, so whoever carries the outbox may have put it there';
const PAIRWISE =
  'messages of the computation are authenticated between two parties by a key that both hold, so neither can show a third who wrote them';
const PROGRAMS = 'parties with other programs or settings differ in the same way';
/** Also where an error that could name a peer names the party itself. */
export const OWN_FAULT = 'this is about the program, tables, keys or settings of the party that reports it';

const ABORT_RULES: Readonly<Partial<Record<AbortCode, BlameRule>>> = {
  LOT_UNKNOWN: { otherwise: 'named', reason: UNSIGNED, provenBy: ['list-breaks-rules'] },
  CLOSING_LIST_MALFORMED: { otherwise: 'named', reason: UNSIGNED, provenBy: ['list-breaks-rules'] },
  CLOSING_LIST_SIGNATURE: { otherwise: 'named', reason: UNSIGNED, provenBy: [] },
  CLOSING_LIST_OTHER_TENDER: {
    otherwise: 'named',
    reason: 'a list for another tender is no false statement; whoever carries the outbox may have moved it',
    provenBy: [],
  },
  CLOSING_LIST_DUPLICATE: { otherwise: 'named', reason: UNSIGNED, provenBy: ['list-breaks-rules'] },
  CLOSING_LISTS_DIFFER: {
    otherwise: 'peers',
    reason: 'this party does not hold the submission, so it cannot tell which of the two lists is false',
    provenBy: ['entry-contradicts-submission'],
    exchange: 'proofs',
  },
  CLOSING_BID_MISSING: { otherwise: 'named', reason: UNSIGNED, provenBy: ['bid-not-passed'] },
  CLOSING_REPAIR_FAILED: {
    otherwise: 'named',
    reason:
      'the shares were sealed to this party, and to show what it found it would have to give away its sealing key; nor can it show that the sender saw its request',
    provenBy: ['two-messages'],
  },
  CLOSING_VIEWS_DIFFER: {
    otherwise: 'peers',
    reason:
      'no two signed versions of one list were found: a party showed two and the other copy was not shown here, or a party only says that it saw another',
    provenBy: ['two-lists', 'two-messages'],
    exchange: 'lists',
  },
  CLOSING_ROOTS_DIFFER: { otherwise: 'named', reason: PROGRAMS, provenBy: ['root-mismatch', 'two-roots'] },
  CLOSING_MESSAGE_MALFORMED: { otherwise: 'named', reason: UNSIGNED, provenBy: [] },
  CLOSING_MESSAGE_SIGNATURE: { otherwise: 'named', reason: UNSIGNED, provenBy: [] },
  COIN_MISMATCH: { otherwise: 'named', reason: UNSIGNED, provenBy: ['coin-mismatch'] },
  OUTCOME_MALFORMED: { otherwise: 'named', reason: UNSIGNED, provenBy: [] },
  OUTCOME_OTHER_TENDER: {
    otherwise: 'named',
    reason:
      'an outcome of another tender is no false statement; whoever carries the outbox may have moved it',
    provenBy: [],
  },
  OUTCOME_INCONSISTENT: {
    otherwise: 'named',
    reason: `an unsigned statement may have been put there by whoever carries the outbox; one that this party computed itself means that a peer deviated, and ${PAIRWISE}`,
    provenBy: ['outcome-breaks-rules'],
  },
  OUTCOME_SET_MISMATCH: { otherwise: 'peers', reason: PROGRAMS, provenBy: ['outcome-contradicts-lists'] },
  OUTCOME_SIGNATURE: { otherwise: 'named', reason: UNSIGNED, provenBy: ['two-outcomes'] },
  OUTCOME_CONFLICT: {
    otherwise: 'named',
    unnamed: 'nobody',
    reason:
      'two parties signed different winners or prices; which is right follows from the bids, which nobody may open. Another statement of the same party, which the third party may show, would prove it',
    provenBy: ['two-outcomes', 'outcome-contradicts-lists', 'two-roots'],
    exchange: 'outcomes',
  },
  CHANNEL_TIMEOUT: {
    otherwise: 'nobody',
    reason:
      'a party that is silent, one that waits itself and a network that loses messages look alike, and silence leaves no document',
    provenBy: [],
  },
  CHANNEL_ITEM_MALFORMED: { otherwise: 'named', reason: UNSIGNED, provenBy: [] },
  CHANNEL_FRAME_MALFORMED: {
    otherwise: 'nobody',
    reason: 'whoever reaches the port can send anything',
  },
  CHANNEL_UNAVAILABLE: {
    otherwise: 'nobody',
    reason: 'an outbox that is down and a network that does not reach it look alike',
  },
  CHANNEL_FLOODED: { otherwise: 'named', reason: UNSIGNED, provenBy: [] },
  MESSAGE_FORGED: {
    otherwise: 'peers',
    reason: `the sender, whoever carries its messages, or the third party by showing two hellos; ${PAIRWISE}`,
    provenBy: ['two-hellos'],
    exchange: 'hellos',
  },
  MESSAGE_MALFORMED: { otherwise: 'named', reason: PAIRWISE, provenBy: [] },
  HANDSHAKE_SIGNATURE: { otherwise: 'named', reason: UNSIGNED, provenBy: [] },
  HANDSHAKE_MISMATCH: {
    otherwise: 'named',
    reason: `${PROGRAMS}, and a hello of another attempt may have been moved by whoever carries the outbox`,
    provenBy: ['two-roots', 'two-hellos', 'hello-breaks-rules'],
  },
  HANDSHAKE_KEY: { otherwise: 'named', reason: UNSIGNED, provenBy: ['hello-breaks-rules'] },
  CHECK_FAILED: {
    otherwise: 'peers',
    reason: `the prover sent a wrong message, or the other verifier sent a wrong verdict; ${PAIRWISE}`,
    provenBy: [],
  },
  CHECK_SEED_DIFFERS: {
    otherwise: 'peers',
    reason: `the other verifier gave the prover another seed, or the prover says so; ${PAIRWISE}`,
    provenBy: [],
  },
  CHECK_CHALLENGES_DIFFER: {
    otherwise: 'peers',
    reason: `the prover showed its verifiers different proofs, or the other verifier says so; ${PAIRWISE}`,
    provenBy: [],
  },
  CHECK_UNBLINDED: {
    otherwise: 'named',
    reason: `by chance it happens about never, but ${PAIRWISE}`,
    provenBy: [],
  },
  REVEAL_MISMATCH: {
    otherwise: 'peers',
    reason: `one neighbour sent a wrong share or the other a wrong hash of it; ${PAIRWISE}`,
    provenBy: [],
  },
  ATTEMPT_SUPERSEDED: {
    otherwise: 'nobody',
    reason: 'a peer that was started again begins a later attempt, as it should',
  },
  ATTEMPT_USED: {
    otherwise: 'nobody',
    reason: 'announcements of attempts are read without their signatures, so nobody is bound to them',
  },
};

/** Refusals of what bidders and auctioneers send, and faults at home. */
const NO_PEER_INVOLVED: BlameRule = { otherwise: 'nobody', reason: OWN_FAULT };

export function blameRule(code: AbortCode): BlameRule {
  return ABORT_RULES[code] ?? NO_PEER_INVOLVED;
}

/** The codes that a peer, or a network, can cause. */
export function abortCodes(): readonly AbortCode[] {
  return Object.keys(ABORT_RULES).filter(isAbortCode);
}

function isAbortCode(name: string): name is AbortCode {
  return name in ABORT_RULES;
}
