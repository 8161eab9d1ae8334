/**
 * A whole auction in one process: three parties with stores and outboxes in memory, and bidders and auctioneer
 * played by the caller's rows. What `tacit auction run --channel memory` runs, and what tests compare with
 * plain arithmetic.
 *
 * Bids are really sealed, submitted, closed and cleared; only who could look into the memory of all three
 * parties at once, that is whoever runs this, learns them. With protocol `clear` no parties run at all.
 */

import { createMemoryNetwork } from '../../mpc/channels/memory.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import type { PartyIndex } from '../../mpc/party.ts';
import type { ProtocolName } from '../../mpc/protocols/protocol.ts';
import type { ThreePartyName } from '../../mpc/protocols/three-party.ts';
import { rankOf } from '../amount.ts';
import { toBase64url } from '../canonical.ts';
import { createCloseOrder } from '../close-order.ts';
import type { LiveBid } from '../closing-set.ts';
import { AuctionError } from '../errors.ts';
import type { Invitation } from '../invitation.ts';
import { invitationFor } from '../invite-bidders.ts';
import { COIN_BYTES, tieOrder } from '../lottery.ts';
import type { LiveBidCount, LotOutcome, SignedOutcome } from '../outcome.ts';
import { sealBid } from '../sealed-bid.ts';
import { createWithdrawal, type Submission } from '../submission.ts';
import {
  type CheckedTender,
  checkTender,
  createTender,
  type PartyRecords,
  TENDER_NONCE_BYTES,
  type TenderId,
} from '../tender.ts';
import type { TenderSpec } from '../tender-spec.ts';
import { clearInTheClear } from './clear-reference.ts';
import type { ClearingProgress } from './clearing-run.ts';
import { inParallel } from './in-parallel.ts';
import { generatePartyKeys, loadPartyKeys, type PartyKeys, partyRecordOf } from './keys.ts';
import { MemoryStore } from './memory-store.ts';
import { AuctionParty } from './service.ts';
import { nodeSignatures } from './signatures-node.ts';
import type { ClearingStatistics } from './statistics.ts';
import { SteppingClock } from './stepping-clock.ts';
import type { PartyTimeouts } from './timeouts.ts';

/** One row of a bids file; a later row of a bidder in a lot amends the earlier. */
export interface BidRow {
  readonly bidder: string;
  readonly lot: string;
  /** Minor units. */
  readonly amount: bigint | 'withdraw';
}

export type ThreePartyKeys = readonly [PartyKeys, PartyKeys, PartyKeys];

export interface InProcessOptions {
  readonly spec: TenderSpec;
  /** In the order of submission. */
  readonly bids: readonly BidRow[];
  readonly protocol: ProtocolName;
  /** That many bytes from a cryptographic generator. */
  random(bytes: number): Uint8Array;
  /** Made anew where left out. */
  readonly keys?: ThreePartyKeys;
  /** Seeds of bidders by name; those left out are drawn. A tender that lists its bidders needs theirs. */
  readonly bidderSecretKeys?: ReadonlyMap<string, Uint8Array>;
  /** Of the bidders whom the tender invites, as `inviteBidders` made them. */
  invitations?(tender: TenderId): readonly Invitation[];
  /** A monotonic clock in milliseconds, for the statistics; without one no time passes. */
  elapsedMs?(): number;
  readonly timeouts?: Partial<PartyTimeouts>;
  onProgress?(progress: InProcessProgress): void;
}

export type InProcessProgress =
  | { readonly step: 'sealed'; readonly rows: number }
  | { readonly step: 'submitted'; readonly done: number; readonly rows: number }
  | { readonly step: 'clearing'; readonly party: PartyIndex; readonly progress: ClearingProgress };

export interface InProcessAuction {
  readonly tender: CheckedTender;
  readonly lots: readonly LotOutcome[];
  readonly liveBids: readonly LiveBidCount[];
  /** Signed by all three; undefined with protocol `clear`, which nobody signs. */
  readonly outcome: SignedOutcome | undefined;
  /** Of parties 0, 1 and 2; one entry with protocol `clear`. */
  readonly statistics: readonly [ClearingStatistics, ...ClearingStatistics[]];
}

/** @throws AuctionError whatever a bidder, an auctioneer or a party would have been told; MpcError */
export async function runAuctionInProcess(options: InProcessOptions): Promise<InProcessAuction> {
  const keys = options.keys ?? (await generateThreePartyKeys(options.random));
  const auctioneer = options.random(32);
  const nonce = options.random(TENDER_NONCE_BYTES);
  const parties: PartyRecords = [partyRecordOf(keys[0]), partyRecordOf(keys[1]), partyRecordOf(keys[2])];
  const signed = createTender(options.spec, parties, auctioneer, nonce, nodeSignatures);
  const tender = checkTender(signed, nodeSignatures);
  return options.protocol === 'clear'
    ? await runInTheClear(options, tender)
    : await runParties(options, options.protocol, tender, keys, auctioneer);
}

/** Keys of all three parties, for use in one process only. */
export async function generateThreePartyKeys(random: (bytes: number) => Uint8Array): Promise<ThreePartyKeys> {
  const keysOf = async (index: PartyIndex) => loadPartyKeys(await generatePartyKeys(index, random));
  return [await keysOf(0), await keysOf(1), await keysOf(2)];
}

async function runParties(
  options: InProcessOptions,
  protocol: ThreePartyName,
  tender: CheckedTender,
  keys: ThreePartyKeys,
  auctioneer: Uint8Array,
): Promise<InProcessAuction> {
  const { bids, random, timeouts = {}, onProgress = () => {} } = options;
  const { id, terms, signed } = tender;
  const clock = new SteppingClock(terms.closesAt === undefined ? 0 : terms.closesAt - bids.length - 1);
  const network = createMemoryNetwork();
  const partyOf = (index: PartyIndex) =>
    new AuctionParty({
      keys: keys[index],
      peers: signed.tender.parties,
      store: new MemoryStore(),
      channel: network[index],
      clock,
      random,
      protocol,
      timeouts,
    });
  const parties = [partyOf(0), partyOf(1), partyOf(2)] as const;
  for (const party of parties) await party.publishTender(signed);
  const submissions = await sealAll(options, tender);
  onProgress({ step: 'sealed', rows: bids.length });
  for (const [done, submission] of submissions.entries()) {
    clock.step();
    await Promise.all(parties.map((party) => party.submit(id, submission)));
    onProgress({ step: 'submitted', done: done + 1, rows: bids.length });
  }
  const order = createCloseOrder(id, auctioneer, nodeSignatures);
  for (const party of parties) await party.close(id, order);
  if (options.elapsedMs !== undefined) clock.run(options.elapsedMs);
  const clear = (party: PartyIndex) =>
    parties[party].clear(id, { onProgress: (progress) => onProgress({ step: 'clearing', party, progress }) });
  const [first, second, third] = await Promise.all([clear(0), clear(1), clear(2)]);
  const { outcome } = first;
  const { lots, liveBids } = outcome.statement;
  return {
    tender,
    lots,
    liveBids,
    outcome,
    statistics: [first.statistics, second.statistics, third.statistics],
  };
}

/** What the bidders send, in the order of the rows. */
function sealAll(
  { bids, random, bidderSecretKeys, invitations }: InProcessOptions,
  { id, terms, signed }: CheckedTender,
): Promise<readonly Submission[]> {
  const secretKeys = new Map(bidderSecretKeys);
  const versions = new Map<string, number>();
  const links = invitations?.(id) ?? [];
  const numbered = bids.map((row) => {
    const bidderSecretKey = secretKeys.get(row.bidder) ?? random(32);
    secretKeys.set(row.bidder, bidderSecretKey);
    const place = JSON.stringify([row.lot, row.bidder]);
    const version = (versions.get(place) ?? 0) + 1;
    versions.set(place, version);
    const invitation = invitationFor(links, row.bidder, bidderSecretKey, nodeSignatures);
    return { ...row, bidderSecretKey, version, invitation };
  });
  const { parties } = signed.tender;
  return inParallel(numbered, async ({ amount, ...row }) =>
    amount === 'withdraw'
      ? createWithdrawal({ ...row, terms, signatures: nodeSignatures })
      : await sealBid({ ...row, amount, terms, parties, random, signatures: nodeSignatures }),
  );
}

async function runInTheClear(
  { bids, random }: InProcessOptions,
  tender: CheckedTender,
): Promise<InProcessAuction> {
  const { terms } = tender;
  const standing = new Map(
    terms.lots.map((lot) => [lot, new Map<string, LiveBid & { readonly rank: bigint }>()]),
  );
  for (const [position, { bidder, lot, amount }] of bids.entries()) {
    const ofLot = standing.get(lot);
    if (ofLot === undefined)
      throw new AuctionError('LOT_UNKNOWN', 'the tender has no lot of this id', { lot });
    ofLot.delete(bidder);
    if (amount === 'withdraw') continue;
    const submission = String(position);
    const bidderKey = toBase64url(random(32));
    const place = toEpochMs(position);
    ofLot.set(bidder, { submission, lot, bidder, bidderKey, version: 1, place, rank: rankOf(amount, terms) });
  }
  const live = new Map([...standing].map(([lot, bidders]) => [lot, [...bidders.values()]]));
  const coin = () => toBase64url(random(COIN_BYTES));
  const coins = [coin(), coin(), coin()] as const;
  const set = { root: coin(), counted: [], live };
  const ranks = new Map([...live.values()].flat().map(({ submission, rank }) => [submission, rank]));
  const { lots, statistics } = await clearInTheClear(terms, (lot) =>
    tieOrder(terms, set, coins, lot).map((bid) => ({ ...bid, rank: ranks.get(bid.submission) ?? 0n })),
  );
  const liveBids = terms.lots.map((lot) => ({ lot, count: live.get(lot)?.length ?? 0 }));
  return { tender, lots, liveBids, outcome: undefined, statistics: [statistics] };
}
