/** `tacit plan`: what clearing will cost on a given link, every way that was weighed, and why one is picked. */

import { Command, Option } from 'commander';
import type { Link } from '../../mpc/planner/link.ts';
import { MAX_CANDIDATES, MAX_VALUE_BITS, planGroups, type Way } from '../../mpc/planner/planner.ts';
import { THREE_PARTY_MANIFESTS, type ThreePartyName } from '../../mpc/protocols/three-party.ts';
import { decimal, integer } from '../options.ts';
import { bold, print, printJson, table } from '../output.ts';
import { threePartyProtocolOption, withstands } from '../protocol-option.ts';

interface PlanOptions {
  readonly bids: number;
  readonly bits: number;
  readonly rtt: number;
  readonly bandwidth: number;
  readonly rule: 'first-price' | 'second-price';
  readonly protocol: ThreePartyName;
  readonly json?: boolean;
}

/** Candidates that a clearing adds to the bids (`auction/party/clearing-circuit.ts`). */
const PHANTOMS = { 'first-price': 1, 'second-price': 2 } as const;

export function planCommand(): Command {
  return new Command('plan')
    .description('predict rounds, AND gates, bytes and time for each way of clearing one lot')
    .requiredOption('--bids <n>', 'live bids in the lot', integer(1, MAX_CANDIDATES - 2))
    .requiredOption('--bits <k>', 'width of a bid, from the ceiling', integer(1, MAX_VALUE_BITS))
    .requiredOption('--rtt <ms>', 'round-trip time between two parties', decimal(0, 600_000))
    .requiredOption('--bandwidth <mbps>', 'outgoing megabits a second of a party', decimal(0.001, 1_000_000))
    .addOption(
      new Option('--rule <rule>', 'pricing rule')
        .choices(['first-price', 'second-price'])
        .default('first-price'),
    )
    .addOption(threePartyProtocolOption())
    .option('--json', 'print one JSON object')
    .action(runPlan);
}

function runPlan(options: PlanOptions): void {
  const { bids, bits, rule, protocol } = options;
  const link: Link = { roundTripMs: options.rtt, bandwidthMbps: options.bandwidth };
  const candidates = bids + PHANTOMS[rule];
  const waysWith = (name: ThreePartyName) =>
    planGroups({
      candidates,
      bits,
      price: rule === 'first-price' ? 'best' : 'second',
      link,
      protocol: THREE_PARTY_MANIFESTS[name],
    }).ways;
  const ways = waysWith(protocol);
  const other = protocol === 'verified' ? 'replicated' : 'verified';
  const [otherWay] = waysWith(other).filter(({ picked }) => picked);
  if (options.json === true) {
    printJson({
      bids,
      candidates,
      bits,
      rule,
      link,
      protocol,
      ways,
      comparison: { protocol: other, ...otherWay },
    });
    return;
  }
  print(bold(`One lot, ${bids} bids of ${bits} bits, ${rule}`));
  print(
    `Link: ${options.rtt} ms there and back, ${options.bandwidth} Mbit/s out of each party; protocol ${protocol}.`,
  );
  print(`${PHANTOMS[rule]} of the ${candidates} candidates stand for the reserve or ceiling.\n`);
  const rows = ways.map((way) => [
    way.picked ? '*' : '',
    groupsOf(way),
    String(way.rounds),
    way.ands.toLocaleString('en'),
    way.bytes.toLocaleString('en'),
    `${way.timeMs.toFixed(0)} ms`,
  ]);
  print(table(['', 'groups', '>rounds', '>AND gates', '>bytes a party', '>time'], rows));
  print();
  for (const way of ways) print(`${way.picked ? '* ' : '  '}${way.reason}`);
  print(`\nRounds and bytes include the opening and the protocol's check. ${withstands(protocol)}.`);
  if (otherWay !== undefined) {
    const { rounds, bytes, timeMs } = otherWay;
    print(
      `With ${other}: groups ${groupsOf(otherWay)}, ${rounds} rounds, ${bytes.toLocaleString('en')} bytes a party, ${timeMs.toFixed(0)} ms.`,
    );
  }
}

function groupsOf({ groups }: Way): string {
  return groups.join(' x ') || '-';
}
