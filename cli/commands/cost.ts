/** `tacit cost auction`: what a tender will cost the three operators on AWS, and what a party costs while idle. */

import { Command, Option } from 'commander';
import { type CostLine, idleCost, tenderCost } from '../../auction/party/tender-cost.ts';
import { MAX_WEBHOOKS } from '../../functions/webhook.ts';
import { MAX_CANDIDATES, MAX_VALUE_BITS } from '../../mpc/planner/planner.ts';
import { PRICES_AS_OF, PRICES_REGION } from '../../mpc/prices.ts';
import type { ThreePartyName } from '../../mpc/protocols/three-party.ts';
import { integer } from '../options.ts';
import { bold, print, printJson, table } from '../output.ts';
import { threePartyProtocolOption } from '../protocol-option.ts';

interface CostOptions {
  readonly bids: number;
  readonly bits: number;
  readonly rule: 'first-price' | 'second-price';
  readonly protocol: ThreePartyName;
  readonly bus: boolean;
  readonly webhooks: number;
  readonly json?: boolean;
}

const WORDS: Readonly<Record<CostLine['what'], string>> = {
  writes: 'DynamoDB write units',
  reads: 'DynamoDB read units',
  api: 'API requests',
  invocations: 'Lambda invocations',
  compute: 'Lambda GB-seconds',
  keys: 'key requests',
  traces: 'X-Ray traces',
  events: 'EventBridge events',
};

export function costCommand(): Command {
  const auction = new Command('auction')
    .description('what one tender costs in all three accounts together, from counted request units')
    .requiredOption('--bids <n>', 'live bids', integer(1, MAX_CANDIDATES - 2))
    .requiredOption('--bits <k>', 'width of a bid, from the ceiling', integer(1, MAX_VALUE_BITS))
    .addOption(
      new Option('--rule <rule>', 'pricing rule')
        .choices(['first-price', 'second-price'])
        .default('first-price'),
    )
    .addOption(threePartyProtocolOption())
    .option('--bus', 'with outcomes told to an event bus of each party', false)
    .option('--webhooks <n>', 'with outcomes told to so many webhooks', integer(0, MAX_WEBHOOKS), 0)
    .option('--json', 'print one JSON object')
    .action(costOfAuction);
  return new Command('cost')
    .description('what it costs on AWS, from the price table of this version')
    .addCommand(auction);
}

function costOfAuction({ json, bus, webhooks, ...shape }: CostOptions): void {
  const { units, telling, lines, dollars, clearingSeconds } = tenderCost(shape, { bus, webhooks });
  const idle = idleCost();
  const prices = { region: PRICES_REGION, asOf: PRICES_AS_OF };
  if (json === true) {
    printJson({
      ...{ ...shape, bus, webhooks },
      dollars,
      lines,
      clearingSeconds,
      unitsOfAParty: { ...units, telling: { writes: telling.writes, reads: telling.reads } },
      idleMonthOfAParty: idle,
      prices,
    });
    return;
  }
  print(bold(`One tender of ${shape.bids} bids of ${shape.bits} bits, ${shape.rule}, ${shape.protocol}`));
  print(`All three accounts together, prices of ${prices.region} on ${prices.asOf}, without free tiers.\n`);
  const rows = lines.map(({ what, amount, dollars: cost }) => [
    WORDS[what],
    Math.ceil(amount).toLocaleString('en'),
    dollarText(cost),
  ]);
  print(table(['', '>amount', '>dollars'], [...rows, ['together', '', dollarText(dollars)]]));
  print(
    `\nClearing takes each party about ${clearingSeconds.toFixed(0)} s, some of it waiting for the others to start.`,
  );
  print(
    `\nWithout any tender a party costs ${monthText(idle.total)} a month: keys ${monthText(idle.keys)}, secret ${monthText(idle.secrets)}, alarms ${monthText(idle.alarms)}, dashboard ${monthText(idle.dashboards)}, ${monthText(idle.watch)} for looking every five minutes whether the peers answer, and ${monthText(idle.sweep)} for looking once a minute whether a tender is due, however many are kept.`,
  );
}

function dollarText(dollars: number): string {
  return `$${dollars.toFixed(6)}`;
}

function monthText(dollars: number): string {
  return `$${dollars.toFixed(2)}`;
}
