import { describe, expect, test } from 'vitest';
import { tacit } from './run.ts';

describe('tacit cost auction', () => {
  test('prints one JSON object with units, dollars, idle cost and the date of the prices', async () => {
    const { code, stdout, stderr } = await tacit(
      'cost',
      'auction',
      '--bids',
      '100',
      '--bits',
      '64',
      '--json',
    );
    expect([code, stderr]).toEqual([0, '']);
    const cost = JSON.parse(stdout);
    expect(cost).toMatchObject({
      bids: 100,
      bits: 64,
      rule: 'first-price',
      protocol: 'verified',
      prices: { region: 'us-east-1', asOf: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/) },
    });
    expect(cost.dollars).toBeLessThan(0.01);
    expect(cost.unitsOfAParty.intake.writes).toBeGreaterThan(200);
    expect(cost.idleMonthOfAParty.total).toBeGreaterThan(1);
  });

  test('says the same in words', async () => {
    const { code, stdout } = await tacit('cost', 'auction', '--bids', '100', '--bits', '64');
    expect(code).toBe(0);
    for (const word of ['DynamoDB write units', 'Lambda GB-seconds', 'together', 'us-east-1', 'a month']) {
      expect(stdout).toContain(word);
    }
  });

  test('takes events in, where they are told to a bus or to webhooks', async () => {
    const shape = ['cost', 'auction', '--bids', '5', '--bits', '16', '--json'];
    const silent = JSON.parse((await tacit(...shape)).stdout);
    const told = JSON.parse((await tacit(...shape, '--bus', '--webhooks', '2')).stdout);
    expect(silent).toMatchObject({ bus: false, webhooks: 0, unitsOfAParty: { telling: { writes: 0 } } });
    expect(told).toMatchObject({ bus: true, webhooks: 2 });
    expect(told.lines).toContainEqual({ what: 'events', amount: 3, dollars: 0.000003 });
    expect(told.dollars).toBeGreaterThan(silent.dollars);
    expect((await tacit(...shape, '--webhooks', '6')).code).toBe(2);
  });

  test('refuses what no tender can have', async () => {
    expect((await tacit('cost', 'auction', '--bids', '0', '--bits', '64')).code).toBe(2);
    expect((await tacit('cost', 'auction', '--bids', '5', '--bits', '65')).code).toBe(2);
    expect((await tacit('cost', 'auction', '--bids', '5')).code).toBe(2);
  });
});
