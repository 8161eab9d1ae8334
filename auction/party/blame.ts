/**
 * Whom an abort is blamed on: a party with evidence that a third party can check, or some under suspicion with
 * the reason why it is no more, or nobody.
 *
 * Evidence is sought in what the party saw (`blame-witness.ts`), then in what its peers saw or proved
 * (`blame-exchange.ts`). A verdict is `proven` only after the same check that any third party makes
 * (`evidence.ts`). Without evidence the code of the abort decides (`blame-codes.ts`). Finding out never hides the
 * abort: whatever goes wrong here ends in less blame, not in another error.
 */

import { MpcError } from '../../mpc/errors.ts';
import { type PartyIndex, peersOf } from '../../mpc/party.ts';
import { AuctionError } from '../errors.ts';
import { checkEvidence } from '../evidence.ts';
import { type Evidence, evidenceSchema } from '../evidence-document.ts';
import { findEvidence, type Proof, type SignedDocuments } from '../evidence-search.ts';
import { parseDocument } from '../fields.ts';
import type { CheckedTender } from '../tender.ts';
import { type BlameRule, blameRule, OWN_FAULT } from './blame-codes.ts';
import { BlameExchange } from './blame-exchange.ts';
import { joinDocuments, type Witness } from './blame-witness.ts';
import type { PartyParameters } from './party-parameters.ts';
import { nodeSignatures } from './signatures-node.ts';

export type Blame =
  | {
      readonly kind: 'proven';
      readonly party: PartyIndex;
      /** Public facts in one sentence. */
      readonly reason: string;
      /** For `checkEvidence` and `tacit evidence check`. */
      readonly evidence: Evidence;
    }
  | {
      readonly kind: 'suspected';
      /** Not the reporting party, which knows that it followed the protocol; others need not believe that. */
      readonly parties: readonly PartyIndex[];
      readonly reason: string;
    }
  | { readonly kind: 'nobody'; readonly reason: string };

/** About 150 KB. */
const MAX_SHOWN_BIDS = 100;

export interface BlameContext {
  readonly parameters: Pick<PartyParameters, 'keys' | 'store' | 'clock'>;
  readonly tender: CheckedTender;
  readonly witness: Witness;
  /** How long peers are waited for in this phase at most. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Errors are thrown on unchanged, so that their codes and classes stay; the blame is kept beside them. */
const blames = new WeakMap<object, Blame>();

/** What `AuctionParty.clear` found out about an error that it threw; undefined for any other. */
export function blameOf(error: unknown): Blame | undefined {
  return typeof error === 'object' && error !== null ? blames.get(error) : undefined;
}

/** Finds out whom an abort is blamed on, for `blameOf`; errors without a code of ours are passed over. */
export async function assignBlame(error: unknown, context: BlameContext): Promise<void> {
  if (!(error instanceof AuctionError || error instanceof MpcError)) return;
  const rule = blameRule(error.code);
  const proof = rule.provenBy === undefined ? undefined : await proofBehind(error, rule, context);
  blames.set(error, proof === undefined ? withoutProof(error, rule, context) : provenBy(proof));
}

/** The parties blamed, for a log. */
export function blamedParties(blame: Blame): readonly PartyIndex[] {
  if (blame.kind === 'nobody') return [];
  return blame.kind === 'proven' ? [blame.party] : blame.parties;
}

/** One line for an operator. */
export function describeBlame(blame: Blame): string {
  switch (blame.kind) {
    case 'proven':
      return `proven: ${blame.reason}`;
    case 'suspected':
      return `suspected: party ${blame.parties.join(' or ')}, without proof: ${blame.reason}`;
    case 'nobody':
      return `nobody to blame: ${blame.reason}`;
  }
}

function provenBy({ evidence, verdict }: Proof): Blame {
  return { kind: 'proven', party: verdict.party, reason: verdict.sentence, evidence };
}

function withoutProof(
  { facts }: AuctionError | MpcError,
  { otherwise, unnamed, reason }: BlameRule,
  { witness }: BlameContext,
): Blame {
  if (otherwise === 'nobody') return { kind: 'nobody', reason };
  const peers = [...peersOf(witness.self)].sort();
  if (otherwise === 'peers') return { kind: 'suspected', parties: peers, reason };
  const named = facts['party'] ?? facts['from'] ?? facts['prover'];
  if (named === witness.self || (named === undefined && unnamed === 'nobody')) {
    return { kind: 'nobody', reason: OWN_FAULT };
  }
  const parties = peers.filter((peer) => peer === named);
  return { kind: 'suspected', parties: parties.length > 0 ? parties : peers, reason };
}

async function proofBehind(
  error: AuctionError | MpcError,
  rule: BlameRule,
  context: BlameContext,
): Promise<Proof | undefined> {
  try {
    return await seekProof(error, rule, context);
  } catch {
    // Whatever failed here, a channel or a store: the abort itself is what the operator must see.
    return undefined;
  }
}

async function seekProof(
  error: AuctionError | MpcError,
  rule: BlameRule,
  context: BlameContext,
): Promise<Proof | undefined> {
  const { parameters, tender, witness, timeoutMs, signal } = context;
  const exchange = new BlameExchange({
    channel: witness,
    clock: parameters.clock,
    tender: tender.id,
    timeoutMs,
    signal,
  });
  const seen = joinDocuments(witness.documents(), await ownSubmissions(error, context));
  const proof =
    firstProof(seen, tender) ??
    (await firstPosted(exchange, tender)) ??
    (await exchanged(exchange, rule, seen, context));
  if (proof !== undefined) await exchange.postProof(proof).catch(() => undefined);
  return proof;
}

/** The submission that the error names, if this party holds it: its body says which list is false. */
async function ownSubmissions(
  { facts }: AuctionError | MpcError,
  { parameters, tender }: BlameContext,
): Promise<Partial<SignedDocuments>> {
  const { submission: named } = facts;
  if (typeof named !== 'string') return {};
  const held = (await parameters.store.submissions(tender.id)).find(({ hash }) => hash === named);
  return held === undefined ? {} : { submissions: [held.submission] };
}

function firstProof(documents: SignedDocuments, tender: CheckedTender): Proof | undefined {
  return findEvidence(documents, tender, nodeSignatures)[0];
}

async function firstPosted(exchange: BlameExchange, tender: CheckedTender): Promise<Proof | undefined> {
  for (const json of await exchange.postedProofs()) {
    const proof = proofOf(json, tender);
    if (proof !== undefined) return proof;
  }
  return undefined;
}

async function exchanged(
  exchange: BlameExchange,
  rule: BlameRule,
  seen: SignedDocuments,
  { tender, witness }: BlameContext,
): Promise<Proof | undefined> {
  const conclude = (documents: Partial<SignedDocuments>) =>
    firstProof(joinDocuments(seen, documents), tender);
  switch (rule.exchange) {
    case 'lists':
      return await exchange.show(
        'lists',
        { lists: seen.lists, messages: seen.messages.filter(isShort) },
        conclude,
      );
    case 'outcomes':
      return await exchange.show('outcomes', { outcomes: seen.outcomes }, conclude);
    case 'hellos': {
      const attempt = witness.lastAttempt();
      if (attempt === undefined) return undefined;
      return await exchange.show(`hellos.${attempt}`, { hellos: witness.hellosOf(attempt) }, conclude);
    }
    case 'proofs':
      return await exchange.awaitProofs((json) => proofOf(json, tender));
    case undefined:
      return undefined;
  }
}

/** Bids that were passed on are not sent round once more for the sake of a view. */
function isShort({ bids }: SignedDocuments['messages'][number]): boolean {
  return !Array.isArray(bids) || bids.length <= MAX_SHOWN_BIDS;
}

function proofOf(json: unknown, tender: CheckedTender): Proof | undefined {
  try {
    const evidence = parseDocument(evidenceSchema, json, 'EVIDENCE_MALFORMED', 'evidence');
    return { evidence, verdict: checkEvidence(evidence, tender, nodeSignatures) };
  } catch (error) {
    if (error instanceof AuctionError) return undefined;
    throw error;
  }
}
