/** One party in memory behind the real handlers and the real event adapter, and documents to send to it. */

import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { OutboxLook } from '../../auction/api-answers.ts';
import { generatePartyKeys, loadPartyKeys, partyRecordOf } from '../../auction/party/keys.ts';
import { MemoryStore } from '../../auction/party/memory-store.ts';
import type { PartyParameters } from '../../auction/party/party-parameters.ts';
import { AuctionParty } from '../../auction/party/service.ts';
import type { AuctionStore } from '../../auction/party/store.ts';
import { sealBid } from '../../auction/sealed-bid.ts';
import type { SealedBid } from '../../auction/submission.ts';
import { type CheckedTender, checkTender, createTender } from '../../auction/tender.ts';
import { parseTenderSpec } from '../../auction/tender-spec.ts';
import type { ClearingStarter } from '../../functions/clearing-starter.ts';
import { createCloseTenderHandler } from '../../functions/close-tender/close-tender.handler.ts';
import { createListTendersHandler } from '../../functions/list-tenders/list-tenders.handler.ts';
import type { OutboxLooks } from '../../functions/outbox-looks.ts';
import { createPartyInfoHandler } from '../../functions/party-info/party-info.handler.ts';
import { createPartyStatusHandler } from '../../functions/party-status/party-status.handler.ts';
import { createPublishTenderHandler } from '../../functions/publish-tender/publish-tender.handler.ts';
import { createShowOpenApiHandler } from '../../functions/show-openapi/show-openapi.handler.ts';
import { createShowOutcomeHandler } from '../../functions/show-outcome/show-outcome.handler.ts';
import { createShowTenderHandler } from '../../functions/show-tender/show-tender.handler.ts';
import { createSubmitBidHandler } from '../../functions/submit-bid/submit-bid.handler.ts';
import {
  createVaultAccessHandler,
  type VaultAccess,
} from '../../functions/vault-access/vault-access.handler.ts';
import { createApiServer } from '../../local/event-adapter.ts';
import { closeServer, listenOnLoopback } from '../../local/listen.ts';
import { createMemoryNetwork } from '../../mpc/channels/memory.ts';
import { type EpochMs, toEpochMs } from '../../mpc/clock.ts';

export const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

export const START = toEpochMs(Date.parse('2027-01-01T00:00:00Z'));

export interface PartyHost {
  /** What the party is made of. */
  readonly parameters: PartyParameters;
  readonly party: AuctionParty;
  readonly store: AuctionStore;
  /** What its status shows of the outboxes; none at the start. */
  readonly looks: OutboxLooks;
  readonly url: string;
  readonly started: string[];
  readonly startedAt: Map<string, number>;
  /** The party's clock stands still until it is moved. */
  moveClock(to: EpochMs): void;
  /** A signed tender of this consortium. */
  tender(spec?: Record<string, unknown>): CheckedTender;
  readonly auctioneer: Uint8Array;
  close(): Promise<void>;
}

/** @param vaultAccess of its vaults, where it has any */
export async function startPartyHost(vaultAccess?: VaultAccess): Promise<PartyHost> {
  const keys = await Promise.all(
    ([0, 1, 2] as const).map(async (index) => loadPartyKeys(await generatePartyKeys(index, random))),
  );
  const [first, second, third] = keys.map(partyRecordOf);
  const records = [first!, second!, third!] as const;
  let now: EpochMs = START;
  const store = new MemoryStore();
  const parameters: PartyParameters = {
    keys: keys[0]!,
    peers: records,
    store,
    channel: createMemoryNetwork()[0],
    clock: { now: () => now, sleep: () => new Promise(() => {}) },
    random,
  };
  const party = new AuctionParty(parameters);
  const looks = memoryLooks();
  const started: string[] = [];
  const startedAt = new Map<string, number>();
  const starter: ClearingStarter = {
    start: async (id) => void started.push(id),
    startAt: async (id, closesAtMs) => void startedAt.set(id, closesAtMs),
  };
  const server: Server = createApiServer({
    'show-openapi': createShowOpenApiHandler(),
    'party-info': createPartyInfoHandler(records[0]),
    'party-status': createPartyStatusHandler(looks, records[0], { now: () => now }),
    'publish-tender': createPublishTenderHandler(party, starter),
    'list-tenders': createListTendersHandler(party),
    'show-tender': createShowTenderHandler(party),
    'close-tender': createCloseTenderHandler(party, starter),
    'submit-bid': createSubmitBidHandler(party),
    'show-outcome': createShowOutcomeHandler(party),
    'vault-access': createVaultAccessHandler(vaultAccess),
  });
  const auctioneer = random(32);
  return {
    parameters,
    party,
    store,
    looks,
    url: `http://127.0.0.1:${await listenOnLoopback(server, 0)}`,
    started,
    startedAt,
    moveClock: (to) => {
      now = to;
    },
    tender: (spec = {}) =>
      checkTender(createTender(parseTenderSpec({ ...SPEC, ...spec }), records, auctioneer, random(16))),
    auctioneer,
    close: () => closeServer(server),
  };
}

export function memoryLooks(): OutboxLooks {
  let kept: OutboxLook | undefined;
  return {
    latest: async () => kept,
    keep: async (look) => {
      kept = look;
    },
  };
}

const SPEC = {
  title: 'Road salt',
  direction: 'lowest',
  rule: 'first-price',
  currency: 'EUR',
  decimals: 2,
  ceiling: '5000.00',
  tieBreak: 'earliest',
};

export interface BidFacts {
  readonly bidder?: string;
  readonly secretKey?: Uint8Array;
  readonly version?: number;
  readonly lot?: string;
}

export function bidFor({ terms, signed }: CheckedTender, facts: BidFacts = {}): Promise<SealedBid> {
  const { bidder = 'Saline Ltd', secretKey = random(32), version = 1, lot = '1' } = facts;
  const { parties } = signed.tender;
  return sealBid({
    terms,
    parties,
    lot,
    bidder,
    bidderSecretKey: secretKey,
    version,
    amount: 123_456n,
    random,
  });
}

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export async function post(url: string, body: unknown, contentType = 'application/json'): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return answerOf(await fetch(url, { method: 'POST', headers: { 'content-type': contentType }, body: text }));
}

export async function get(url: string): Promise<Answer> {
  return answerOf(await fetch(url));
}

async function answerOf(response: Response): Promise<Answer> {
  const body = (await response.json()) as Record<string, unknown>;
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    headers: response.headers,
    body,
  };
}
