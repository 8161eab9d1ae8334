/**
 * Sealed bids a second that three local parties take in over HTTP: `node bench/intake.ts [bids] [bidders at once]`.
 *
 * Each party is a process with its own DynamoDB in it; this process plays the bidders. A bid counts here when all
 * three answered with a receipt that checks. Bids are sealed before the clock starts, and what sealing costs is
 * printed apart; a last series seals each bid just before it is sent. The parties then close and clear, so that
 * what they spend on opening envelopes again shows too.
 *
 * Other work on the machine changes bids a second, and hardly the CPU time a bid: compare versions by the latter.
 */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCloseOrder } from '../auction/close-order.ts';
import { nodeSignatures } from '../auction/party/signatures-node.ts';
import { sealBid } from '../auction/sealed-bid.ts';
import type { SealedBid } from '../auction/submission.ts';
import { type CheckedTender, checkTender, createTender, TENDER_NONCE_BYTES } from '../auction/tender.ts';
import { parseTenderSpec } from '../auction/tender-spec.ts';
import { type Refusal, TacitClient } from '../client/tacit-client.ts';
import type { PartyMessage } from '../local/party-messages.ts';
import { PartyProcesses } from '../local/processes.ts';
import { PARTIES } from '../mpc/party.ts';
import { machineLine } from './machine.ts';

const SPEC = {
  title: 'Intake benchmark',
  direction: 'lowest',
  rule: 'first-price',
  currency: 'EUR',
  decimals: 2,
  ceiling: '2500000.00',
  minimumBids: 2,
  tieBreak: 'earliest',
  lots: [{ id: 'A', title: 'The lot' }],
} as const;

/** Before the clock starts: the parties' code gets compiled and their connections opened. */
const WARM_UP_BIDS = 100;
/** Bids a second are taken for each of these many and the median is printed. */
const CHUNK_BIDS = 50;
/** In the last series, which seals while it submits. */
const END_TO_END_BIDS = 200;
/** Ends a run in which a party hangs. */
const TIME_LIMIT_MS = 300_000;
/** USER_HZ, in which /proc counts CPU time, is 100 on every Linux that Node supports. */
const TICK_MS = 10;

interface Series {
  readonly bids: number;
  readonly perSecond: number;
  readonly medianPerSecond: number;
  readonly latencyMs: { readonly p50: number; readonly p95: number };
  /** Of parties 0, 1 and 2 and of this process, user and system. */
  readonly cpuMsPerBid: readonly number[];
}

/** Runs `task` for each item, `atOnce` at a time, and times it all. */
async function measure<Item>(
  processIds: readonly number[],
  items: readonly Item[],
  atOnce: number,
  task: (item: Item) => Promise<void>,
): Promise<Series> {
  const finishedAt: number[] = [];
  const latencies: number[] = [];
  const queue = items.values();
  const cpuBefore = processIds.map(cpuMsOf);
  const startedAt = performance.now();
  const bidder = async () => {
    for (const item of queue) {
      const sentAt = performance.now();
      await task(item);
      finishedAt.push(performance.now());
      latencies.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, bidder));
  const tookMs = performance.now() - startedAt;
  const rates: number[] = [];
  for (let end = CHUNK_BIDS; end <= finishedAt.length; end += CHUNK_BIDS) {
    const begin = finishedAt[end - CHUNK_BIDS - 1] ?? startedAt;
    rates.push((CHUNK_BIDS / (finishedAt[end - 1]! - begin)) * 1000);
  }
  return {
    bids: items.length,
    perSecond: (items.length / tookMs) * 1000,
    medianPerSecond: quantile(rates, 0.5),
    latencyMs: { p50: quantile(latencies, 0.5), p95: quantile(latencies, 0.95) },
    cpuMsPerBid: processIds.map((id, index) => (cpuMsOf(id) - cpuBefore[index]!) / items.length),
  };
}

/** User and system time of all threads of a process since it began, in steps of 10 ms. */
function cpuMsOf(processId: number): number {
  const stat = readFileSync(`/proc/${processId}/stat`, 'utf8');
  // The second field is the program's name in brackets, which may hold spaces; utime and stime are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

function print(name: string, { bids, perSecond, medianPerSecond, latencyMs, cpuMsPerBid }: Series): void {
  const cpu = cpuMsPerBid.map((milliseconds) => milliseconds.toFixed(1));
  const total = cpuMsPerBid.reduce((sum, milliseconds) => sum + milliseconds, 0);
  console.log(
    `${name}: ${bids} bids, ${perSecond.toFixed(1)} bids/s (median of chunks ${medianPerSecond.toFixed(1)}), ` +
      `latency p50 ${latencyMs.p50.toFixed(0)} ms, p95 ${latencyMs.p95.toFixed(0)} ms\n` +
      `  CPU ms per bid: parties ${cpu.slice(0, 3).join(', ')}; client ${cpu[3]}; all ${total.toFixed(1)}`,
  );
}

function requireAll(refusals: readonly Refusal[]): void {
  const [first] = refusals;
  if (first !== undefined) throw new Error(`party ${first.party}: ${first.code}: ${first.detail}`);
}

async function publish(client: TacitClient, auctioneer: Uint8Array, processes: PartyProcesses) {
  const [first, second, third] = processes.consortium.parties;
  const signed = createTender(
    parseTenderSpec(SPEC),
    [first.record, second.record, third.record],
    auctioneer,
    random(TENDER_NONCE_BYTES),
    nodeSignatures,
  );
  requireAll(await client.publish(signed));
  return checkTender(signed, nodeSignatures);
}

function sealOne({ terms, signed }: CheckedTender, number: number): Promise<SealedBid> {
  return sealBid({
    terms,
    parties: signed.tender.parties,
    lot: 'A',
    bidder: `Bidder ${number}`,
    bidderSecretKey: random(32),
    version: 1,
    amount: BigInt(100_000_000 + number),
    random,
    signatures: nodeSignatures,
  });
}

function random(bytes: number): Uint8Array {
  return new Uint8Array(randomBytes(bytes));
}

async function run(bids: number, atOnce: number): Promise<void> {
  console.log(machineLine());
  const directory = await mkdtemp(join(tmpdir(), 'tacit-bench-'));
  const cleared = Promise.withResolvers<void>();
  const reports: PartyMessage[] = [];
  const onMessage = (message: PartyMessage) => {
    if (message.kind === 'clearing-failed') cleared.reject(new Error(`clearing failed: ${message.code}`));
    if (message.kind === 'cleared' && reports.push(message) === PARTIES.length) cleared.resolve();
  };
  const processes = await PartyProcesses.start(directory, { onMessage });
  try {
    const partyIds = PARTIES.map((party) => processes.processIdOf(party)!);
    const processIds = [...partyIds, process.pid];
    const client = new TacitClient(processes.urls, { receiptSignatures: nodeSignatures });
    const auctioneer = random(32);
    const tender = await publish(client, auctioneer, processes);
    const submit = async (bid: SealedBid) => requireAll((await client.submit(bid, tender)).refusals);

    const cpuBefore = cpuMsOf(process.pid);
    const sealed: SealedBid[] = [];
    for (let number = 0; number < WARM_UP_BIDS + bids; number++) sealed.push(await sealOne(tender, number));
    const sealingMs = (cpuMsOf(process.pid) - cpuBefore) / sealed.length;
    console.log(`sealing: ${sealingMs.toFixed(1)} ms of CPU per bid`);

    await measure(processIds, sealed.slice(0, WARM_UP_BIDS), atOnce, submit);
    print('sealed before', await measure(processIds, sealed.slice(WARM_UP_BIDS), atOnce, submit));
    const numbers = Array.from(
      { length: Math.min(END_TO_END_BIDS, bids) },
      (_, index) => sealed.length + index,
    );
    const sealAndSubmit = async (number: number) => submit(await sealOne(tender, number));
    print('sealed meanwhile', await measure(processIds, numbers, atOnce, sealAndSubmit));

    const closing = partyIds.map(cpuMsOf);
    const closedAt = performance.now();
    requireAll(await client.close(tender.id, createCloseOrder(tender.id, auctioneer, nodeSignatures)));
    await cleared.promise;
    const tookMs = performance.now() - closedAt;
    const computing = reports.map((report) => (report.kind === 'cleared' ? report.statistics.clearingMs : 0));
    const cpu = partyIds.map((id, index) => ((cpuMsOf(id) - closing[index]!) / 1000).toFixed(2));
    console.log(
      `closing and clearing ${sealed.length + numbers.length} bids: ${(tookMs / 1000).toFixed(1)} s, ` +
        `of which computing ${(Math.max(...computing) / 1000).toFixed(1)} s; CPU s: parties ${cpu.join(', ')}`,
    );
  } finally {
    await processes.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

const [, , bids = '1000', atOnce = '16'] = process.argv;
const limit = setTimeout(() => {
  console.error(`not done within ${TIME_LIMIT_MS / 1000} s`);
  process.exit(1);
}, TIME_LIMIT_MS);
await run(Number(bids), Number(atOnce));
clearTimeout(limit);
