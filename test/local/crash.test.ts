import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-test-'));
  processes = await PartyProcesses.start(directory);
  world = new LocalWorld(processes);
});

afterAll(async () => {
  await processes?.stop();
  await rm(directory, { recursive: true, force: true });
});

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
  test.each(['closing', 'clearing'] as const)(
    'in phase %s and started again clears to the same outcome, and one statement is signed',
    { timeout: 60_000 },
    async (phase) => {
      const tender = await world.publish();
      const amounts = ['800.00', '750.50', '750.50', '910.00', '760.00'];
      for (const [bidder, amount] of amounts.entries()) await world.bid(tender, `Bidder ${bidder}`, amount);
      expect(await world.close(tender)).toEqual([]);
      await reaching(tender, 2, phase);
      await processes.stopParty(2, 'SIGKILL');
      expect(processes.processIdOf(2)).toBeUndefined();
      await processes.startParty(2);

      const { statement, signatures } = await world.outcome(tender, 50_000);
      expect(statement.lots).toMatchObject([{ outcome: 'awarded', winner: 'Bidder 1', price: '750.50' }]);
      expect(signatures.map(({ party }) => party)).toEqual([0, 1, 2]);
      for (const party of PARTIES) {
        expect([...(await statementsAt(party, tender))]).toEqual([outcomeHash(statement)]);
      }
    },
  );

  test('and never started again keeps the others from clearing, and loses nothing by it', {
    timeout: 60_000,
  }, async () => {
    const tender = await world.publish();
    await world.bid(tender, 'Only', '640.00');
    await processes.stopParty(1, 'SIGKILL');
    expect(await world.close(tender)).toMatchObject([{ party: 1, code: 'PARTY_UNREACHABLE' }]);
    await expect(world.client.outcome(tender)).rejects.toMatchObject({ code: 'OUTCOME_NOT_READY' });
    await processes.startParty(1);
    expect(await world.close(tender)).toEqual([]);
    const { statement } = await world.outcome(tender, 50_000);
    expect(statement.lots).toMatchObject([{ winner: 'Only', price: '640.00' }]);
  });
});

/** Returns as soon as the party is in the phase, or past it. */
async function reaching(
  tender: CheckedTender,
  party: PartyIndex,
  phase: 'closing' | 'clearing',
): Promise<void> {
  for (;;) {
    const shown = await world.client.party(party).tender(tender.id);
    if (shown.phase === phase || shown.phase === 'cleared') return;
  }
}
