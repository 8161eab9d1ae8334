/**
 * Three parties, an auctioneer and as many bidders as a test likes, in one process and under its control:
 * clocks move by hand, stores and channels can be wrapped, and everything posted can be read or changed.
 */

import { randomBytes } from 'node:crypto';
import { createCloseOrder } from '../../auction/close-order.ts';
import { generateThreePartyKeys, type ThreePartyKeys } from '../../auction/party/in-process.ts';
import { partyRecordOf } from '../../auction/party/keys.ts';
import { MemoryStore } from '../../auction/party/memory-store.ts';
import { AuctionParty } from '../../auction/party/service.ts';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import type { AuctionStore } from '../../auction/party/store.ts';
import type { PartyTimeouts } from '../../auction/party/timeouts.ts';
import type { Receipt } from '../../auction/receipt.ts';
import { sealBid } from '../../auction/sealed-bid.ts';
import { createWithdrawal, type Submission } from '../../auction/submission.ts';
import { type CheckedTender, checkTender, createTender, type PartyRecords } from '../../auction/tender.ts';
import { parseTenderSpec, type TenderSpec } from '../../auction/tender-spec.ts';
import type { Channel } from '../../mpc/channels/channel.ts';
import { createMemoryNetwork, type MemoryNetworkOptions } from '../../mpc/channels/memory.ts';
import { type Clock, type EpochMs, toEpochMs } from '../../mpc/clock.ts';
import { PARTIES, type PartyIndex } from '../../mpc/party.ts';
import type { Link } from '../../mpc/planner/link.ts';
import { turningClock } from './turning-clock.ts';

export const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

let keys: Promise<ThreePartyKeys> | undefined;

/** The same keys for every world of a test file: making them takes longer than a small auction. */
export function partyKeys(): Promise<ThreePartyKeys> {
  keys ??= generateThreePartyKeys(random);
  return keys;
}

/** Waits take real time and turns of the event loop, `now` moves by hand. */
export class ManualClock implements Clock {
  #nowMs: number;

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  now(): EpochMs {
    return toEpochMs(this.#nowMs);
  }

  set(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  advance(durationMs: number): void {
    this.#nowMs += durationMs;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return turningClock.sleep(durationMs, signal);
  }
}

export const DEFAULT_SPEC = {
  title: 'Paper',
  direction: 'lowest',
  rule: 'second-price',
  currency: 'EUR',
  decimals: 0,
  ceiling: '1000',
  tieBreak: 'earliest',
};

export function specOf(fields: Readonly<Record<string, unknown>> = {}): TenderSpec {
  return parseTenderSpec({ ...DEFAULT_SPEC, ...fields });
}

export interface WorldOptions {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly network?: MemoryNetworkOptions;
  readonly timeouts?: Partial<PartyTimeouts>;
  readonly nowMs?: number;
  /** In place of one whose waits take real time. */
  readonly clock?: ManualClock;
}

/** Peers that are there answer at once, even on a busy machine. */
const PATIENT: PartyTimeouts = {
  closingTimeoutMs: 60_000,
  handshakeTimeoutMs: 60_000,
  messageTimeoutMs: 60_000,
  signatureTimeoutMs: 60_000,
  watchIntervalMs: 3,
  outcomeWatchIntervalMs: 3,
};

export class AuctionWorld {
  readonly keys: ThreePartyKeys;
  readonly tender: CheckedTender;
  readonly clock: ManualClock;
  readonly stores: readonly [AuctionStore, AuctionStore, AuctionStore];
  readonly channels: readonly [Channel, Channel, Channel];
  readonly parties: [AuctionParty, AuctionParty, AuctionParty];
  readonly #auctioneer: Uint8Array;
  readonly #timeouts: Partial<PartyTimeouts>;
  readonly #bidders = new Map<string, Uint8Array>();

  constructor(
    worldKeys: ThreePartyKeys,
    tender: CheckedTender,
    auctioneer: Uint8Array,
    options: WorldOptions,
  ) {
    this.keys = worldKeys;
    this.tender = tender;
    this.#auctioneer = auctioneer;
    this.#timeouts = { ...PATIENT, ...options.timeouts };
    this.clock = options.clock ?? new ManualClock(options.nowMs ?? 1_000);
    this.stores = [new MemoryStore(), new MemoryStore(), new MemoryStore()];
    this.channels = createMemoryNetwork(options.network);
    this.parties = [this.start(0), this.start(1), this.start(2)];
  }

  /** A fresh process of a party, over its own store and channel unless others are given. */
  start(
    index: PartyIndex,
    over: {
      readonly store?: AuctionStore;
      readonly channel?: Channel;
      readonly timeouts?: Partial<PartyTimeouts>;
      readonly linkFloor?: Link;
    } = {},
  ): AuctionParty {
    return new AuctionParty({
      keys: this.keys[index],
      peers: this.records,
      store: over.store ?? this.stores[index],
      channel: over.channel ?? this.channels[index],
      clock: this.clock,
      random,
      timeouts: { ...this.#timeouts, ...over.timeouts },
      ...(over.linkFloor === undefined ? {} : { linkFloor: over.linkFloor }),
    });
  }

  /** Fresh processes of all parties that wait for their peers as long as it takes. */
  restartPatiently(): void {
    for (const index of PARTIES) this.parties[index] = this.start(index, { timeouts: PATIENT });
  }

  get id() {
    return this.tender.id;
  }

  get records(): PartyRecords {
    return this.tender.signed.tender.parties;
  }

  bidderSecretKey(bidder: string): Uint8Array {
    const secretKey = this.#bidders.get(bidder) ?? random(32);
    this.#bidders.set(bidder, secretKey);
    return secretKey;
  }

  async bid(
    bidder: string,
    amount: bigint,
    facts: {
      readonly lot?: string;
      readonly version?: number;
      readonly secretKey?: Uint8Array;
      readonly invitation?: string | undefined;
    } = {},
  ): Promise<Submission> {
    return await sealBid({
      terms: this.tender.terms,
      parties: this.records,
      lot: facts.lot ?? '1',
      bidder,
      bidderSecretKey: facts.secretKey ?? this.bidderSecretKey(bidder),
      version: facts.version ?? 1,
      invitation: facts.invitation,
      amount,
      random,
      signatures: nodeSignatures,
    });
  }

  withdrawal(bidder: string, version: number, lot = '1', invitation?: string): Submission {
    return createWithdrawal({
      terms: this.tender.terms,
      lot,
      bidder,
      bidderSecretKey: this.bidderSecretKey(bidder),
      version,
      invitation,
      signatures: nodeSignatures,
    });
  }

  /** One millisecond later at each of the parties named. */
  async submit(submission: Submission, to: readonly PartyIndex[] = PARTIES): Promise<readonly Receipt[]> {
    this.clock.advance(1);
    return await Promise.all(to.map((index) => this.parties[index].submit(this.id, submission)));
  }

  closeOrder() {
    return createCloseOrder(this.id, this.#auctioneer, nodeSignatures);
  }

  async closeAll(): Promise<void> {
    this.clock.advance(1);
    for (const party of this.parties) await party.close(this.id, this.closeOrder());
  }

  clearAll() {
    return Promise.all(this.parties.map((party) => party.clear(this.id)));
  }

  /** What each party's clearing ends with; rejections as values. */
  clearEach(which: readonly PartyIndex[] = PARTIES) {
    return Promise.allSettled(which.map((index) => this.parties[index].clear(this.id)));
  }
}

/** A published tender, open for bids. */
export async function openWorld(options: WorldOptions = {}): Promise<AuctionWorld> {
  const worldKeys = await partyKeys();
  const records: PartyRecords = [
    partyRecordOf(worldKeys[0]),
    partyRecordOf(worldKeys[1]),
    partyRecordOf(worldKeys[2]),
  ];
  const auctioneer = random(32);
  const signed = createTender(specOf(options.spec), records, auctioneer, random(16), nodeSignatures);
  const world = new AuctionWorld(worldKeys, checkTender(signed, nodeSignatures), auctioneer, options);
  for (const party of world.parties) await party.publishTender(signed);
  return world;
}

/** The code of an error of the auction or the engine. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** The codes that settled promises were rejected with; 'fulfilled' where they were not. */
export function codesOf(settled: readonly PromiseSettledResult<unknown>[]): readonly string[] {
  return settled.map((result) => (result.status === 'fulfilled' ? 'fulfilled' : codeOf(result.reason)));
}
