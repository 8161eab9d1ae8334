/** Outcomes on the bus and at the webhook that the templates name, and what happens where the permission is missing. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Rehearsal } from '../../../local/rehearsal/rehearsal.ts';
import { type Receiver, startReceiver } from '../../functions/receiver.ts';
import { withoutAction } from './alterations.ts';
import { type DeployedConsortium, synthesiseConsortium } from './consortium-assembly.ts';
import { DeployedWorld, rehearse } from './deployed-world.ts';

const SYNTHESIS_TIMEOUT_MS = 180_000;
const AUCTION_TIMEOUT_MS = 120_000;

let receiver: Receiver;
let consortium: DeployedConsortium;

beforeAll(async () => {
  receiver = await startReceiver();
  consortium = await synthesiseConsortium({
    events: { bus: 'tenders', webhooks: [receiver.url] },
    detailedMetrics: true,
  });
}, SYNTHESIS_TIMEOUT_MS);

afterAll(async () => {
  consortium?.dispose();
  await receiver?.close();
});

async function clearedIn(rehearsal: Rehearsal): Promise<string> {
  const world = new DeployedWorld(rehearsal, consortium.parties);
  const tender = await world.publish();
  await world.bid(tender, 'Cairn', '120000.00');
  await world.close(tender);
  await world.outcome(tender, 60_000);
  return tender.id;
}

/** With "npm run test:slow": the receivers and the telling have tests of their own, on real tables. */
describe.runIf(process.env['TACIT_SLOW'] === '1')('a deployment with a bus and a webhook', () => {
  test(
    'tells each outcome to both, once for each party, and measures the clearings',
    async () => {
      receiver.received.length = 0;
      const rehearsal = await rehearse({ assembly: consortium.assembly, keys: consortium.keys });
      try {
        const id = await clearedIn(rehearsal);
        await expect.poll(() => rehearsal.busEvents.length, { timeout: 30_000 }).toBe(3);
        await expect.poll(() => receiver.received.length, { timeout: 30_000 }).toBe(3);
        const told = receiver.events(consortium.parties.map(({ signingKey }) => signingKey));
        expect(new Set(told.map(({ kind, tender, party }) => `${kind} ${tender} ${party}`))).toEqual(
          new Set([0, 1, 2].map((party) => `tender.cleared ${id} ${party}`)),
        );
        expect(rehearsal.busEvents.map(({ detail }) => detail)).toEqual(expect.arrayContaining([...told]));
        expect(rehearsal.busEvents[0]).toMatchObject({ source: 'tacit', detailType: 'tender.cleared' });
        expect(new Set(rehearsal.busEvents.map(({ bus }) => bus)).size).toBe(3);

        // What was told is settled: the sweep has nothing told again.
        await rehearsal.tick();
        await rehearsal.tick();
        expect([rehearsal.busEvents.length, receiver.received.length]).toEqual([3, 3]);
        expect(rehearsal.refused).toEqual([]);

        const [[, lines = []] = []] = [...rehearsal.logs].filter(([name]) => name.includes('cleartender'));
        expect(lines.join('\n')).toMatch(/"service":"TacitParty\d".*"ClearingRounds":\d+/);
      } finally {
        await rehearsal.stop();
      }
    },
    AUCTION_TIMEOUT_MS,
  );

  test(
    'clears without the permission to put events, and still tells the webhook',
    async () => {
      receiver.received.length = 0;
      const altered = consortium.altered({
        TacitParty0: withoutAction('AWS::IAM::Policy', 'Functions', 'events:PutEvents'),
      });
      const rehearsal = await rehearse({ assembly: altered, keys: consortium.keys });
      try {
        await clearedIn(rehearsal);
        await expect.poll(() => receiver.received.length, { timeout: 30_000 }).toBe(3);
        await expect
          .poll(() => rehearsal.refused.join('\n'), { timeout: 30_000 })
          .toMatch(/111111111111:role\/tacit-engine events:PutEvents .*event-bus\/tenders: not allowed/);
        expect(rehearsal.busEvents.map(({ bus }) => bus.split(':')[4])).not.toContain('111111111111');
      } finally {
        await rehearsal.stop();
      }
    },
    AUCTION_TIMEOUT_MS,
  );
});
