/**
 * One small auction over the real handlers of a party, recorded for docs/api.md: three parties in this process,
 * party 0 behind HTTP. Keys and clock are fixed; only what HPKE draws, and what follows from it, differs from run to
 * run.
 */

import { hash } from 'node:crypto';
import { createCloseOrder } from '../../auction/close-order.ts';
import { generateThreePartyKeys } from '../../auction/party/in-process.ts';
import { partyRecordOf } from '../../auction/party/keys.ts';
import { MemoryStore } from '../../auction/party/memory-store.ts';
import { AuctionParty } from '../../auction/party/service.ts';
import type { Receipt } from '../../auction/receipt.ts';
import { sealBid } from '../../auction/sealed-bid.ts';
import { createWithdrawal, type Submission } from '../../auction/submission.ts';
import { checkTender, createTender, type PartyRecords } from '../../auction/tender.ts';
import { parseTenderSpec } from '../../auction/tender-spec.ts';
import { sweptClearings } from '../../functions/clearing-starter.ts';
import { createCloseTenderHandler } from '../../functions/close-tender/close-tender.handler.ts';
import { createListTendersHandler } from '../../functions/list-tenders/list-tenders.handler.ts';
import { createPartyInfoHandler } from '../../functions/party-info/party-info.handler.ts';
import { createPartyStatusHandler } from '../../functions/party-status/party-status.handler.ts';
import { createPublishTenderHandler } from '../../functions/publish-tender/publish-tender.handler.ts';
import type { HttpFunctionName } from '../../functions/routes.ts';
import { createShowOpenApiHandler } from '../../functions/show-openapi/show-openapi.handler.ts';
import { createShowOutcomeHandler } from '../../functions/show-outcome/show-outcome.handler.ts';
import { createShowTenderHandler } from '../../functions/show-tender/show-tender.handler.ts';
import { createSubmitBidHandler } from '../../functions/submit-bid/submit-bid.handler.ts';
import { systemClock } from '../../functions/system-clock.ts';
import { createVaultAccessHandler } from '../../functions/vault-access/vault-access.handler.ts';
import { createApiServer } from '../../local/event-adapter.ts';
import { closeServer, listenOnLoopback } from '../../local/listen.ts';
import { createMemoryNetwork } from '../../mpc/channels/memory.ts';
import { type Clock, toEpochMs } from '../../mpc/clock.ts';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: unknown;
}

export interface Exchange extends Answer {
  readonly functionName: HttpFunctionName;
  readonly title: string;
  readonly request: unknown;
}

export interface ExampleParty {
  readonly url: string;
  /** In the order of the auction. */
  readonly exchanges: readonly Exchange[];
  /** Every submission with the receipts of parties 0, 1 and 2. */
  readonly submissions: readonly { readonly submission: Submission; readonly receipts: readonly Receipt[] }[];
  /** A document sent to the running party 0. */
  send(method: string, path: string, body?: string, contentType?: string): Promise<Answer>;
  close(): Promise<void>;
}

const START = Date.parse('2027-01-01T09:00:00Z');

const SPEC = {
  title: 'Road salt, 4,000 tonnes',
  direction: 'lowest',
  rule: 'first-price',
  currency: 'EUR',
  decimals: 2,
  ceiling: '400000.00',
  tieBreak: 'earliest',
};

/** Looks random, is the same in every run, and is used for nothing but examples. */
function exampleBytes(): (bytes: number) => Uint8Array {
  let counter = 0;
  return (bytes) => {
    counter += 1;
    return new Uint8Array(
      hash('shake256', `example ${counter}`, { outputEncoding: 'buffer', outputLength: bytes }),
    );
  };
}

export async function runExampleExchange(): Promise<ExampleParty> {
  const random = exampleBytes();
  const keys = await generateThreePartyKeys(random);
  const parties: PartyRecords = [partyRecordOf(keys[0]), partyRecordOf(keys[1]), partyRecordOf(keys[2])];
  let now = START;
  const clock: Clock = { ...systemClock, now: () => toEpochMs(now) };
  const network = createMemoryNetwork();
  const [first, second, third] = ([0, 1, 2] as const).map(
    (index) =>
      new AuctionParty({
        keys: keys[index],
        peers: parties,
        store: new MemoryStore(),
        channel: network[index],
        clock,
        random,
      }),
  );
  if (first === undefined || second === undefined || third === undefined) throw new Error('three parties');
  const server = createApiServer({
    'show-openapi': createShowOpenApiHandler(),
    'party-info': createPartyInfoHandler(parties[0]),
    'party-status': createPartyStatusHandler({ latest: async () => undefined }, parties[0], clock),
    'publish-tender': createPublishTenderHandler(first, sweptClearings),
    'list-tenders': createListTendersHandler(first),
    'show-tender': createShowTenderHandler(first),
    'close-tender': createCloseTenderHandler(first, sweptClearings),
    'submit-bid': createSubmitBidHandler(first),
    'show-outcome': createShowOutcomeHandler(first),
    'vault-access': createVaultAccessHandler(undefined),
  });
  const url = `http://127.0.0.1:${await listenOnLoopback(server, 0)}`;
  const send = async (method: string, path: string, body?: string, contentType = 'application/json') => {
    const request = body === undefined ? {} : { body, headers: { 'content-type': contentType } };
    const response = await fetch(`${url}${path}`, { method, ...request });
    const answer: unknown = await response.json();
    return {
      status: response.status,
      type: response.headers.get('content-type') ?? '',
      headers: new Map(response.headers),
      body: answer,
    };
  };
  const exchanges: Exchange[] = [];
  const record = async (functionName: HttpFunctionName, title: string, path: string, request?: unknown) => {
    const method = request === undefined ? 'GET' : 'POST';
    const answer = await send(method, path, request === undefined ? undefined : JSON.stringify(request));
    exchanges.push({ functionName, title, request, ...answer });
  };

  const auctioneer = random(32);
  const signed = createTender(parseTenderSpec(SPEC), parties, auctioneer, random(16));
  const { id, terms } = checkTender(signed);
  const bid = (bidder: string, bidderSecretKey: Uint8Array, amount: bigint) =>
    sealBid({ terms, parties, lot: '1', bidder, bidderSecretKey, version: 1, amount, random });
  const [salineKey, halitKey] = [random(32), random(32)];
  const saline = await bid('Saline Ltd', salineKey, 31_250_000n);
  const halit = await bid('Halit GmbH', halitKey, 29_999_950n);
  const withdrawal = createWithdrawal({
    terms,
    lot: '1',
    bidder: 'Saline Ltd',
    bidderSecretKey: salineKey,
    version: 2,
  });
  const order = createCloseOrder(id, auctioneer);

  await record('party-info', 'Who the party is', '/party');
  await record('publish-tender', 'Publishing a tender', '/tenders', signed);
  await record('list-tenders', 'Tenders published here', '/tenders');
  await record('show-tender', 'A tender and its state', `/tenders/${id}`);
  await Promise.all([second.publishTender(signed), third.publishTender(signed)]);
  const submissions: { submission: Submission; receipts: readonly Receipt[] }[] = [];
  const submitTo = async (at: readonly AuctionParty[], submission: Submission) =>
    await Promise.all(at.map((party) => party.submit(id, submission)));
  await record('submit-bid', 'A sealed bid and its receipt', `/tenders/${id}/submissions`, halit);
  now += 1000;
  submissions.push({ submission: saline, receipts: await submitTo([first, second, third], saline) });
  now += 1000;
  await record('submit-bid', 'A withdrawal and its receipt', `/tenders/${id}/submissions`, withdrawal);
  for (const submission of [withdrawal, halit]) {
    submissions.push({ submission, receipts: await submitTo([first, second, third], submission) });
  }
  await record('show-outcome', 'Too early: a problem document', `/tenders/${id}/outcome`);
  now += 1000;
  await record('close-tender', 'A close order', `/tenders/${id}/close`, order);
  await Promise.all([second.close(id, order), third.close(id, order)]);
  await Promise.all([first, second, third].map((party) => party.clear(id)));
  await record('show-outcome', 'The outcome', `/tenders/${id}/outcome`);
  return { url, exchanges, submissions, send, close: () => closeServer(server) };
}
