/** Three party processes that tell a real receiver, and one that is killed between its outcome and the telling. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkOutcome } from '../../auction/outcome.ts';
import { PartyProcesses } from '../../local/processes.ts';
import { type Receiver, startReceiver } from '../functions/receiver.ts';
import { LocalWorld } from './local-world.ts';

const POLL = { timeout: 60_000, interval: 100 };
const TEST_TIMEOUT_MS = 120_000;

let directory: string;
let receiver: Receiver;
let processes: PartyProcesses;
let world: LocalWorld;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-test-'));
  receiver = await startReceiver();
  processes = await PartyProcesses.start(directory, { webhooks: [receiver.url] });
  world = new LocalWorld(processes);
});

afterAll(async () => {
  await processes?.stop();
  await receiver?.close();
  await rm(directory, { recursive: true, force: true });
});

const events = () => receiver.events(processes.consortium.parties.map(({ record }) => record.signingKey));

async function closedTender() {
  const tender = await world.publish();
  await world.bid(tender, 'Cairn', '800.00');
  await world.bid(tender, 'Jessop', '750.50');
  expect(await world.close(tender)).toEqual([]);
  return tender;
}

test(
  'each party tells of the outcome once, and what it tells checks',
  async () => {
    const tender = await closedTender();
    await expect.poll(() => receiver.received.length, POLL).toBe(3);
    const told = events();
    expect(new Set(told.map(({ party }) => party))).toEqual(new Set([0, 1, 2]));
    const { terms, signed } = tender;
    for (const event of told) {
      if (event.kind !== 'tender.cleared') throw new Error(event.kind);
      const { statement } = checkOutcome(event.outcome, {
        terms,
        parties: signed.tender.parties,
        required: 1,
      });
      expect(statement.lots).toMatchObject([{ winner: 'Jessop', price: '750.50' }]);
    }
    expect(await readFile(join(directory, 'party-0', 'party.log'), 'utf8')).not.toContain('quarry');
  },
  TEST_TIMEOUT_MS,
);

test(
  'a party that is killed before the receiver took the event tells it when it is up again',
  async () => {
    receiver.received.length = 0;
    receiver.answer = 'never';
    const tender = await closedTender();
    // All three have their outcome, and wait for the receiver.
    await expect.poll(() => new Set(events().map(({ party }) => party)).size, POLL).toBe(3);
    await processes.stopParty(0, 'SIGKILL');
    const before = events().find(({ party }) => party === 0)!;
    receiver.received.length = 0;
    receiver.answer = 204;
    await processes.startParty(0);
    await expect.poll(() => events().find(({ party }) => party === 0), POLL).toEqual(before);
    expect(before).toMatchObject({ kind: 'tender.cleared', tender: tender.id });
  },
  TEST_TIMEOUT_MS,
);
