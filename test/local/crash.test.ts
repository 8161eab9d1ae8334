import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { outcomeHash, type SignedOutcome } from '../../auction/outcome.ts';
import type { CheckedTender } from '../../auction/tender.ts';
import { PartyProcesses } from '../../local/processes.ts';
import { scanParty } from '../../local/table-scan.ts';
import { PARTIES, type PartyIndex } from '../../mpc/party.ts';
import { LocalWorld } from './local-world.ts';

let directory: string;
let processes: PartyProcesses;
let world: LocalWorld;

/** Codes of clearings that failed, by tender. */
const failures = new Map<string, string[]>();

/** The attempt in which a party cleared a tender, by tender and party. */
const attempts = new Map<string, number>();

/** What the processes said of parties that ended unasked. */
const ended: unknown[] = [];

const MAX_KILLS = 20;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-test-'));
  processes = await PartyProcesses.start(directory, {
    onEnded: (...what) => ended.push(what),
    onMessage: (message) => {
      if (message.kind === 'cleared')
        attempts.set(`${message.tenderId} ${message.party}`, message.statistics.attempt);
      if (message.kind === 'clearing-failed')
        failures.set(message.tenderId, [...(failures.get(message.tenderId) ?? []), message.code]);
    },
  });
  world = new LocalWorld(processes);
});

afterAll(async () => {
  await processes?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** When the tender is closed there, or when its first message of the computation is in its outbox. */
type Moment = 'closing' | 'computing';

/** Clears a tender, kills party 2 at the moment, starts it again, and checks what comes out. */
async function killedAt(moment: Moment): Promise<void> {
  const tender = await world.publish();
  const amounts = ['800.00', '750.50', '750.50', '910.00', '760.00'];
  for (const [bidder, amount] of amounts.entries()) await world.bid(tender, `Bidder ${bidder}`, amount);
  expect(await world.close(tender)).toEqual([]);
  await reaching(tender, moment);
  await processes.stopParty(2, 'SIGKILL');
  expect(processes.processIdOf(2)).toBeUndefined();
  await processes.startParty(2);

  const { statement, signatures } = await world.outcome(tender);
  expect(statement.lots).toMatchObject([{ outcome: 'awarded', winner: 'Bidder 1', price: '750.50' }]);
  expect(signatures.map(({ party }) => party)).toEqual([0, 1, 2]);
  for (const party of PARTIES) {
    // The scheduler starts again what ended with a signature too few.
    await expect.poll(() => world.signersAt(party, tender), { timeout: 30_000 }).toEqual([0, 1, 2]);
    expect([...(await statementsAt(party, tender))]).toEqual([outcomeHash(statement)]);
  }
}

/** Every outcome statement that a party stored or posted, by hash. */
async function statementsAt(party: PartyIndex, { id }: CheckedTender): Promise<ReadonlySet<string>> {
  const items = await scanParty(processes.consortium.parties[party]);
  const hashes = new Set<string>();
  for (const { values } of items) {
    for (const value of values) {
      const text = typeof value === 'string' ? value : Buffer.from(value).toString('utf8');
      if (!text.includes('"kind":"outcome"') || !text.includes(id)) continue;
      JSON.parse(text, (key, found: SignedOutcome['statement']) => {
        if (key === 'statement') hashes.add(outcomeHash(found));
        return found;
      });
    }
  }
  return hashes;
}

describe('a party that is killed', () => {
  test('while it closes and started again clears to the same outcome, and one statement is signed', async () => {
    await killedAt('closing');
  });

  // A kill may come after the party's last message; what is tested is an attempt that was cut off.
  test('while it computes and started again clears in a later attempt, to the same outcome', {
    timeout: 600_000,
  }, async () => {
    for (let tries = 0; tries < MAX_KILLS && Math.max(0, ...attempts.values()) < 2; tries++)
      await killedAt('computing');
    expect(Math.max(...attempts.values())).toBeGreaterThan(1);
  });

  test('and never started again keeps the others from clearing, and loses nothing by it', {
    timeout: 240_000,
  }, async () => {
    const tender = await world.publish();
    await world.bid(tender, 'Only', '640.00');
    await processes.stopParty(1, 'SIGKILL');
    expect(await world.close(tender)).toMatchObject([{ party: 1, code: 'PARTY_UNREACHABLE' }]);
    await expect(world.client.outcome(tender)).rejects.toMatchObject({ code: 'OUTCOME_NOT_READY' });
    await sleep(500);
    await processes.startParty(1);
    expect(await world.close(tender)).toEqual([]);
    const { statement } = await world.outcome(tender);
    expect(statement.lots).toMatchObject([{ winner: 'Only', price: '640.00' }]);
    expect(failures.get(tender.id), 'the others waited for its table').toBeUndefined();
  });

  test('is reported, unless it was stopped on purpose', async () => {
    expect(ended).toEqual([]);
    const processId = processes.processIdOf(0);
    if (processId === undefined) throw new Error('party 0 is not up');
    process.kill(processId, 'SIGKILL');
    while (ended.length === 0) await sleep(10);
    expect(ended).toEqual([[0, 'SIGKILL']]);
  });
});

/** Returns as soon as party 2 is in the phase, or past it. */
async function reaching({ id }: CheckedTender, moment: Moment): Promise<void> {
  for (;;) {
    if (moment === 'closing') {
      if ((await world.client.party(2).tender(id)).phase !== 'open') return;
    } else {
      const items = await scanParty(processes.consortium.parties[2]);
      if (items.some(({ key }) => key.startsWith(`${id}/clearing/attempt/`))) return;
    }
  }
}
