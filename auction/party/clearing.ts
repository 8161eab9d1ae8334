/**
 * From the closing set to the statement of the outcome: one session in which the three parties find winner and price of
 * every lot, and open nothing else.
 *
 * Against whom depends on the protocol (`ProtocolManifest.corruption`). With `verified`, the default, one party may do
 * anything: the outcome is right or the attempt aborts, and nothing but the outcome opens. With `replicated` a party that deviates can
 * make the outcome wrong without being noticed. The shares are those the bidders committed to, so a party that uses
 * others fails the check of its ANDs, which its neighbours compute from their own. The session is bound to the circuit and to the closing root, so no party can be led
 * to compute other rules or on other bids than its peers.
 *
 * The statement is a function of tender and closing set, whatever attempt succeeds. Cost: `ClearingStatistics`
 * has it predicted and counted.
 */

import { planesOfShares } from '../../mpc/bits/bit-planes.ts';
import type { Channel } from '../../mpc/channels/channel.ts';
import { circuitHash } from '../../mpc/circuit/circuit-hash.ts';
import { cost } from '../../mpc/circuit/cost.ts';
import type { Clock } from '../../mpc/clock.ts';
import { DEFAULT_LINK, type Link, sameLink } from '../../mpc/planner/link.ts';
import { type PredictedCost, predictCost } from '../../mpc/protocols/protocol.ts';
import { ReplicatedVector } from '../../mpc/protocols/replicated/shares.ts';
import {
  createThreePartyProtocol,
  DEFAULT_PROTOCOL,
  THREE_PARTY_MANIFESTS,
  type ThreePartyName,
} from '../../mpc/protocols/three-party.ts';
import { agreeOnPlan, measureLink } from '../../mpc/session/link-measurement.ts';
import type { LinkCounters } from '../../mpc/session/links.ts';
import { runAttempts, type Session, type SessionParameters } from '../../mpc/session/session.ts';
import { amountOf, formatAmount } from '../amount.ts';
import { fromBase64url } from '../canonical.ts';
import type { LiveBid } from '../closing-set.ts';
import { AuctionError } from '../errors.ts';
import { tieOrder } from '../lottery.ts';
import type { LotOutcome, OutcomeStatement } from '../outcome.ts';
import type { PartyRecords, TenderTerms } from '../tender.ts';
import {
  type CircuitLot,
  type ClearingCircuit,
  clearingCircuit,
  hasEnoughBids,
  type LotResult,
  readResults,
} from './clearing-circuit.ts';
import type { Closing } from './closing.ts';
import type { PartyKeys } from './keys.ts';
import type { ClearingStatistics } from './statistics.ts';

/** A peer that crashed is started again within minutes; more attempts than this in one run help nobody. */
const MAX_ATTEMPTS = 3;

/** A hello from each party; measuring the link is counted by the links. */
const HELLO_ROUNDS = 1;

/** Lists, then coins and passed-on bids. */
const UNREPAIRED_CLOSING_ROUNDS = 2;

export interface ClearingParameters {
  readonly terms: TenderTerms;
  readonly parties: PartyRecords;
  readonly keys: PartyKeys;
  readonly channel: Channel;
  readonly clock: Clock;
  readonly protocol?: ThreePartyName;
  random(bytes: number): Uint8Array;
  readonly closing: Closing;
  readonly handshakeTimeoutMs: number;
  readonly messageTimeoutMs: number;
  readonly watchIntervalMs?: number;
  /** As in `PartyParameters`. */
  readonly linkFloor?: Link;
  readonly signal: AbortSignal;
  onStage(stage: SessionStage): void;
}

/** Where the joint computation stands, with what this party sent in the attempt so far; public facts only. */
export type SessionStage =
  | { readonly stage: 'hello' }
  | {
      readonly stage: 'measuring' | 'proving' | 'opening' | 'opened';
      readonly attempt: number;
      readonly sent: LinkCounters;
    }
  | {
      readonly stage: 'computing';
      readonly attempt: number;
      readonly bids: number;
      /** As predicted, of the computation alone. */
      readonly rounds: number;
      readonly sent: LinkCounters;
    };

export interface Computed {
  readonly statement: OutcomeStatement;
  readonly statistics: ClearingStatistics;
}

/** @throws MpcError; the attempts end without a result, and nothing about a bid is known */
export async function computeOutcome(parameters: ClearingParameters): Promise<Computed> {
  const { terms, closing, protocol: name = DEFAULT_PROTOCOL } = parameters;
  const manifest = THREE_PARTY_MANIFESTS[name];
  const order = new Map(terms.lots.map((lot) => [lot, tieOrder(terms, closing.set, closing.coins, lot)]));
  const bidsOf = (lot: string) => order.get(lot) ?? [];
  const clearing = clearingCircuit(terms, (lot) => bidsOf(lot).length, manifest);
  if (clearing === undefined) {
    return {
      statement: statementOf(terms, closing, bidsOf, []),
      statistics: statisticsWithoutSession(terms, closing, name),
    };
  }
  const bids = clearing.lots.reduce((sum, lot) => sum + lot.bids, 0);
  const inputs = new Map(
    clearing.lots.map((lot) => [lot.input, inputOf(lot, bidsOf(lot.lot), terms, closing)]),
  );
  const run = await runAttempts(
    sessionOf(parameters, name, circuitHash(clearing.circuit)),
    MAX_ATTEMPTS,
    async (session) => {
      const { links, attempt } = session;
      const reached = (stage: 'measuring' | 'proving' | 'opening' | 'opened') =>
        parameters.onStage({ stage, attempt, sent: links.counters() });
      reached('measuring');
      const planned = await planFor(session, parameters, clearing, (link) =>
        clearingCircuit(terms, (lot) => bidsOf(lot).length, manifest, link),
      );
      const before = links.counters();
      const predicted = predictCost(manifest, cost(planned.circuit));
      parameters.onStage({ stage: 'computing', attempt, bids, rounds: predicted.rounds, sent: before });
      const startedAt = parameters.clock.now();
      const protocol = createThreePartyProtocol(name, session, parameters.random, () => reached('proving'));
      const evaluated = await protocol.evaluate(planned.circuit, inputs);
      reached('opening');
      const opened = await protocol.open(evaluated);
      reached('opened');
      const clearingMs = parameters.clock.now() - startedAt;
      const { rounds, bytesSent } = links.counters();
      return {
        results: readResults(planned, opened),
        handshakeRounds: HELLO_ROUNDS + before.rounds,
        rounds: rounds - before.rounds,
        bytesSent: bytesSent - before.bytesSent,
        predicted,
        clearingMs,
      };
    },
    () => parameters.onStage({ stage: 'hello' }),
  );
  const { results, ...counted } = run.result;
  return {
    statement: statementOf(terms, closing, bidsOf, results),
    statistics: {
      bids,
      bits: terms.bits,
      protocol: name,
      ands: counted.predicted.ands,
      attempt: run.attempt,
      closingRounds: closing.rounds,
      ...counted,
    },
  };
}

/**
 * The circuit for the link as measured: the one bound in the hellos where that is the default link. A
 * closing that had to repair bids has used up its rounds, and is not measured.
 */
async function planFor(
  { links }: Session,
  { clock, closing, linkFloor }: ClearingParameters,
  bound: ClearingCircuit,
  circuitFor: (link: Link) => ClearingCircuit | undefined,
): Promise<ClearingCircuit> {
  if (closing.rounds > UNREPAIRED_CLOSING_ROUNDS) return bound;
  const link = await measureLink(links, clock, linkFloor);
  const planned = sameLink(link, DEFAULT_LINK) ? bound : (circuitFor(link) ?? bound);
  if (planned !== bound) await agreeOnPlan(links, circuitHash(planned.circuit));
  return planned;
}

/** Where every lot has too few bids, or where the outcome was taken over from the peers. */
export function statisticsWithoutSession(
  terms: TenderTerms,
  closing: Closing,
  protocol: ThreePartyName,
): ClearingStatistics {
  const nothing: PredictedCost = { rounds: 0, ands: 0, bytes: 0 };
  return {
    bids: 0,
    bits: terms.bits,
    protocol,
    rounds: 0,
    ands: 0,
    bytesSent: 0,
    predicted: nothing,
    attempt: 0,
    closingRounds: closing.rounds,
    handshakeRounds: 0,
    clearingMs: 0,
  };
}

function sessionOf(
  parameters: ClearingParameters,
  protocol: ThreePartyName,
  circuitHashBytes: Uint8Array,
): SessionParameters {
  const { terms, parties, keys, closing } = parameters;
  const publicOf = (index: 0 | 1 | 2) => ({ signingKey: fromBase64url(parties[index].signingKey) });
  return {
    ...parameters,
    sessionId: `${terms.id}/clearing`,
    identity: { index: keys.index, sign: keys.signing.sign },
    parties: [publicOf(0), publicOf(1), publicOf(2)],
    binding: {
      protocol,
      circuitHash: circuitHashBytes,
      inputSetRoot: fromBase64url(closing.set.root),
    },
  };
}

/** This party's summands of the ranks of a lot, candidates in tie order. */
function inputOf(
  { lot }: CircuitLot,
  bids: readonly LiveBid[],
  { bits }: TenderTerms,
  { shares }: Closing,
): ReplicatedVector {
  const pairs = bids.map(({ submission }) => {
    const pair = shares.get(submission);
    if (pair !== undefined) return pair;
    throw new AuctionError('CLOSING_SHARES_LOST', 'this party has no shares of a bid that counts', { lot });
  });
  return new ReplicatedVector(
    planesOfShares(
      pairs.map(({ first }) => first.share),
      bits,
    ),
    planesOfShares(
      pairs.map(({ second }) => second.share),
      bits,
    ),
  );
}

function statementOf(
  terms: TenderTerms,
  { set, coins }: Closing,
  bidsOf: (lot: string) => readonly LiveBid[],
  results: readonly LotResult[],
): OutcomeStatement {
  return {
    kind: 'outcome',
    tender: terms.id,
    closingRoot: set.root,
    liveBids: terms.lots.map((lot) => ({ lot, count: bidsOf(lot).length })),
    ...(terms.spec.tieBreak === 'lottery' ? { coins } : {}),
    lots: terms.lots.map((lot) =>
      lotOutcome(
        terms,
        lot,
        bidsOf(lot),
        results.find((result) => result.lot === lot),
      ),
    ),
  };
}

/**
 * @param candidates the live bids of the lot in tie order
 * @param result undefined where too few bids kept the lot from being computed
 */
export function lotOutcome(
  terms: TenderTerms,
  lot: string,
  candidates: readonly Pick<LiveBid, 'bidder' | 'bidderKey'>[],
  result: LotResult | undefined,
): LotOutcome {
  if (!hasEnoughBids(terms, candidates.length)) return { lot, outcome: 'no-sale', reason: 'too-few-bids' };
  if (result === undefined) throw new RangeError(`lot ${lot} was not computed`);
  const winner = result.winner === undefined ? undefined : candidates[result.winner];
  if (winner === undefined) return { lot, outcome: 'no-sale', reason: 'reserve-not-met' };
  const price = formatAmount(amountOf(result.price, terms), terms.spec.decimals);
  return { lot, outcome: 'awarded', winner: winner.bidder, winnerKey: winner.bidderKey, price };
}
