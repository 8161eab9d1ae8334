import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseAmount } from '../../auction/amount.ts';
import type { CheckedTender } from '../../auction/tender.ts';
import { configureProtocol, partyDirectory } from '../../local/consortium.ts';
import type { PartyMessage } from '../../local/party-messages.ts';
import { PartyProcesses } from '../../local/processes.ts';
import { findAmounts, scanParty } from '../../local/table-scan.ts';
import { PARTIES, type PartyIndex } from '../../mpc/party.ts';
import type { ThreePartyName } from '../../mpc/protocols/three-party.ts';
import { LocalWorld } from './local-world.ts';

/** For what would never happen. */
const PATIENCE = { timeout: 100_000 };

let directory: string;
let processes: PartyProcesses;
let world: LocalWorld;
const messages: PartyMessage[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-test-'));
  processes = await PartyProcesses.start(directory, { onMessage: (message) => messages.push(message) });
  world = new LocalWorld(processes);
});

afterAll(async () => {
  await processes?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** What follows by itself within a second or two, on a busy machine later. */
const WAIT = { timeout: 30_000, interval: 200 };

const processIds = () => PARTIES.map((party) => processes.processIdOf(party)!);

describe('three parties on one machine', () => {
  test('clear an auction over HTTP and DynamoDB, and hold no amount in clear but the price', async () => {
    const tender = await world.publish();
    const amounts = ['8700000.10', '8523456.78', '8611111.11', '8999999.99'];
    for (const [bidder, amount] of amounts.entries()) {
      expect(await world.bid(tender, `Bidder ${bidder}`, amount)).toMatchObject({
        standing: 'counts',
        refusals: [],
      });
    }
    expect(await world.bid(tender, 'Bidder 0', '8512345.67', 2)).toMatchObject({ standing: 'counts' });
    expect(await world.close(tender)).toEqual([]);
    const { statement, signatures } = await world.outcome(tender);
    expect(statement.lots).toMatchObject([{ outcome: 'awarded', winner: 'Bidder 0', price: '8512345.67' }]);
    expect(signatures.map(({ party }) => party)).toEqual([0, 1, 2]);
    // Each by itself, without anybody who asks its peers.
    for (const party of PARTIES) {
      await vi.waitFor(async () => expect(await world.signersAt(party, tender)).toEqual([0, 1, 2]), WAIT);
    }
    const protocols = () =>
      messages.flatMap((message) => (message.kind === 'cleared' ? [message.statistics.protocol] : []));
    await vi.waitFor(() => expect(protocols()).toEqual(['verified', 'verified', 'verified']), PATIENCE);

    const minorUnits = (amount: string) => parseAmount(amount, 2);
    for (const party of PARTIES) {
      const items = await scanParty(processes.consortium.parties[party]);
      expect(items.length).toBeGreaterThan(20);
      expect(findAmounts(items, amounts.map(minorUnits), tender.terms)).toEqual([]);
      expect(findAmounts(items, [minorUnits('8512345.67')], tender.terms).length).toBeGreaterThan(0);
    }
  });

  test('look at the outboxes from the start, and say when each answered', async () => {
    for (const party of PARTIES) {
      const found = async () => (await world.client.party(party).status()).outboxes?.parties;
      const answering = { failures: 0, answeredAt: expect.any(Number) };
      // A peer may have started a little later.
      await vi.waitFor(async () => expect(await found()).toEqual([answering, answering, answering]), WAIT);
    }
  });

  test('the search for amounts finds every form that an amount could be stored in', async () => {
    const { terms } = await world.publish();
    const amount = parseAmount('8523456.70', 2);
    const eight = Buffer.alloc(8);
    eight.writeBigUInt64BE(amount);
    const bigEndian = eight.subarray(4);
    const littleEndian = Buffer.from(bigEndian).reverse();
    const planted = [
      'amount 8523456.70 EUR',
      'amount 8523456.7',
      '{"minorUnits":852345670}',
      littleEndian,
      bigEndian,
      littleEndian.toString('base64url'),
      Buffer.concat([Buffer.from([1, 2, 3]), eight, Buffer.from([4])]),
    ];
    for (const value of planted) {
      const items = [{ table: 'planted', key: 'planted', values: [value] }];
      expect(findAmounts(items, [amount], terms)).toMatchObject([{ amount }]);
      expect(findAmounts(items, [amount + 1n], terms)).toEqual([]);
    }
  });

  test('a party that is down while bids come in: two receipts count, and the bidder is told', async () => {
    const tender = await world.publish();
    expect(await world.bid(tender, 'Early', '5000.00')).toMatchObject({ refusals: [] });
    await processes.stopParty(2, 'SIGKILL');
    const submitted = await world.bid(tender, 'Meanwhile', '4000.00');
    expect(submitted.standing).toBe('counts');
    expect(submitted.receipts.map(({ party }) => party)).toEqual([0, 1]);
    expect(submitted.refusals).toMatchObject([{ party: 2, code: 'PARTY_UNREACHABLE' }]);

    await processes.stopParty(1, 'SIGKILL');
    const alone = await world.bid(tender, 'Alone', '3000.00');
    expect(alone).toMatchObject({ standing: 'does-not-count', receipts: [{ party: 0 }] });

    await Promise.all([processes.startParty(1), processes.startParty(2)]);
    expect(await world.close(tender)).toEqual([]);
    const { statement } = await world.outcome(tender);
    expect(statement.lots).toMatchObject([{ winner: 'Meanwhile', price: '4000.00' }]);
    expect(statement.liveBids).toEqual([{ lot: '1', count: 2 }]);
  });

  test('a party that is set to another protocol is named, and nothing is cleared until it is set right', async () => {
    const setTo = async (protocol: ThreePartyName) => {
      await processes.stopParty(2);
      await configureProtocol(partyDirectory(directory, 2), protocol);
      await processes.startParty(2);
    };
    await setTo('replicated');
    const tender = await world.publish();
    await world.bid(tender, 'Patient', '2000.00');
    expect(await world.close(tender)).toEqual([]);
    const failureAt = (party: PartyIndex) =>
      messages.find(
        (message) =>
          message.kind === 'clearing-failed' && message.party === party && message.tenderId === tender.id,
      );
    await vi.waitFor(
      () => expect(PARTIES.every((party) => failureAt(party) !== undefined)).toBe(true),
      PATIENCE,
    );
    for (const party of [0, 1] as const) {
      expect(failureAt(party)).toMatchObject({
        code: 'HANDSHAKE_MISMATCH',
        detail: 'party 2 has another protocol',
      });
    }
    await expect(world.client.outcome(tender)).rejects.toMatchObject({ code: 'OUTCOME_NOT_READY' });
    await setTo('verified');
    const { statement } = await world.outcome(tender);
    expect(statement.lots).toMatchObject([{ winner: 'Patient', price: '2000.00' }]);
  });

  test('a deadline closes the tender at every party by itself', async () => {
    const tender = await closingTender('Punctual', '7000.00');
    const { statement } = await world.outcome(tender);
    expect(statement.lots).toMatchObject([{ winner: 'Punctual', price: '7000.00' }]);
    expect(await world.bid(tender, 'Late', '6000.00')).toMatchObject({
      standing: 'does-not-count',
      refusals: PARTIES.map((party) => ({ party, code: 'BID_AFTER_DEADLINE' })),
    });
  });
});

/** Published and bid for before its deadline, which is later on a machine that is too slow for an earlier one. */
async function closingTender(bidder: string, amount: string): Promise<CheckedTender> {
  for (let leadMs = 1_500; ; leadMs *= 2) {
    const closesAt = new Date(Date.now() + leadMs).toISOString();
    const published = await world.publish({ closesAt }).catch(() => undefined);
    const submitted = published && (await world.bid(published, bidder, amount));
    if (published !== undefined && submitted?.refusals.length === 0) return published;
    expect(leadMs).toBeLessThan(30_000);
  }
}

// What Linux shows of processes in /proc is what these look at; other systems have no such view.
describe.skipIf(process.platform !== 'linux')('the processes of three parties', () => {
  test('are different ones, and not this one', () => {
    expect(new Set([process.pid, ...processIds()]).size).toBe(4);
  });

  test('share no memory', async () => {
    const mappings = await Promise.all(processIds().map(sharedMappingsOf));
    const all = mappings.flatMap((inodes) => [...inodes]);
    expect(new Set(all).size).toBe(all.length);
  });

  test('listen and connect on the loopback interface alone', async () => {
    for (const id of processIds()) {
      const sockets = await tcpSocketsOf(id);
      expect(sockets.length).toBeGreaterThan(0);
      for (const { local } of sockets) expect(local).toMatch(/^0100007F:/);
      expect(await tcpSocketsOf(id, 'tcp6')).toEqual([]);
    }
  });

  test('have open no file of another party', async () => {
    for (const party of PARTIES) {
      const files = await openFilesOf(processes.processIdOf(party)!);
      const inside = files.filter((path) => path.startsWith(directory));
      expect(inside.length).toBeGreaterThan(0);
      for (const path of inside) expect(path.startsWith(`${partyDirectory(directory, party)}/`)).toBe(true);
    }
  });

  test('end when whoever started them is gone', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'tacit-test-'));
    const program = `
      const { PartyProcesses } = await import(${JSON.stringify(new URL('../../local/processes.ts', import.meta.url).href)});
      const processes = await PartyProcesses.start(${JSON.stringify(elsewhere)});
      console.log(JSON.stringify([0, 1, 2].map((party) => processes.processIdOf(party))));
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ids = await new Promise<number[]>((resolve) => {
      parent.stdout.once('data', (data) => resolve(JSON.parse(String(data))));
    });
    expect(await Promise.all(ids.map(isRunning))).toEqual([true, true, true]);
    parent.kill('SIGKILL');
    await expect.poll(() => Promise.all(ids.map(isRunning)), PATIENCE).toEqual([false, false, false]);
    await rm(elsewhere, { recursive: true, force: true });
  });
});

/** A process that ended may stay listed as a zombie until its parent, whoever that is now, asks for it. */
async function isRunning(id: number): Promise<boolean> {
  const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) Z /.test(stat);
}

/** Device and inode of what is mapped writable and shared: event rings of its own, and nothing a peer has. */
async function sharedMappingsOf(id: number): Promise<ReadonlySet<string>> {
  const maps = await readFile(`/proc/${id}/maps`, 'utf8');
  const lines = maps.split('\n').filter((line) => /^\S+ [r-]w.s /.test(line));
  return new Set(lines.map((line) => line.split(/\s+/).slice(3, 5).join(' ')));
}

async function openFilesOf(id: number): Promise<readonly string[]> {
  const descriptors = await readdir(`/proc/${id}/fd`);
  const links = await Promise.all(descriptors.map((fd) => readlink(`/proc/${id}/fd/${fd}`).catch(() => '')));
  return links;
}

/** Addresses in /proc's form: hexadecimal, little-endian; 0100007F is 127.0.0.1. */
async function tcpSocketsOf(
  id: number,
  family: 'tcp' | 'tcp6' = 'tcp',
): Promise<readonly { local: string }[]> {
  const own = new Set((await openFilesOf(id)).map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]));
  const table = await readFile(`/proc/${id}/net/${family}`, 'utf8');
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[9] !== undefined && own.has(fields[9]))
    .map((fields) => ({ local: fields[1] ?? '' }));
}
