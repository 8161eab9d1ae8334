/**
 * `tacit vault cost`: what an access of given sizes costs in request units, money and time, before anything is made, and
 * what other choices would cost.
 */

import { Command } from 'commander';
import { type AccessCost, type CostChoice, costChoices, costOf, type VaultCost } from '../../oram/cost.ts';
import { chooseParameters, valueBytes } from '../../oram/parameters.ts';
import { bold, print, printJson, table } from '../output.ts';
import { type SizeOptions, sizesOf, withSizeOptions } from './vault-bulk.ts';

interface CostOptions extends SizeOptions {
  readonly json?: boolean;
}

export function costCommand(): Command {
  return withSizeOptions(new Command('cost'))
    .description('request units, dollars, storage, round trips and time of an access')
    .option('--json', 'print one JSON object')
    .action(showCost);
}

function showCost(options: CostOptions): void {
  const sizes = sizesOf(options);
  const cost = costOf(chooseParameters(sizes));
  const choices = costChoices(sizes);
  if (options.json === true) {
    printJson({ ...cost, choices: choices.map(({ changed, cost }) => ({ changed, ...cost })) });
    return;
  }
  const { parameters, blockEdges } = cost;
  print(bold(`${parameters.capacity.toLocaleString('en')} records of ${valueBytes(parameters)} bytes`));
  print(`${shapeOf(cost)}\n`);
  print(
    table(
      ['an access', '>read units', '>write units', '>round trips', '>dollars a million', '>about'],
      [
        ['alone', ...cells(cost.single)],
        ['in an epoch of 8', ...cells(cost.epochOf8)],
      ],
    ),
  );
  print(
    `\nStored: ${megabytes(cost.storageBytes)} in both tables, ${dollars(cost.dollarsPerMonthStored)} a month.`,
  );
  print(
    `A cold open reads ${units(cost.coldOpen.readUnits)} units at most; a checkpoint writes ${units(cost.checkpoint.writeUnits)}, whose share is in the figures above.`,
  );
  if (choices.length > 0) {
    print('\nOther choices:\n');
    print(
      table(
        ['with', '>write units alone', '>in an epoch of 8', '>dollars a million', '>about', '>stored'],
        choices.map(({ changed, cost }) => [
          `${CHANGES[changed.name]} ${changed.to}`,
          units(cost.single.writeUnits),
          units(cost.epochOf8.writeUnits),
          dollars(cost.single.dollarsPerMillion),
          milliseconds(cost.single.latencyMs),
          megabytes(cost.storageBytes),
        ]),
      ),
    );
  }
  const { largestAtThisPrice } = blockEdges;
  if (largestAtThisPrice > parameters.blockBytes) {
    print(`\nBlocks of up to ${largestAtThisPrice} bytes take as many write units.`);
  }
}

const CHANGES = {
  layout: 'layout',
  cachedLevels: 'levels with the reader:',
  blockBytes: 'blocks of bytes:',
} as const satisfies Readonly<Record<CostChoice['changed']['name'], string>>;

function shapeOf({ parameters, itemBytes }: VaultCost): string {
  const { layout, levels, cachedLevels } = parameters;
  if (layout === 'scan')
    return `One sealed item of ${itemBytes.toLocaleString('en')} bytes, read and rewritten.`;
  return `A tree of ${levels} levels, ${levels - cachedLevels} of them in the table, with buckets of ${itemBytes.toLocaleString('en')} bytes.`;
}

function cells({
  readUnits,
  writeUnits,
  roundTrips,
  dollarsPerMillion,
  latencyMs,
}: AccessCost): readonly string[] {
  return [
    units(readUnits),
    units(writeUnits),
    String(roundTrips),
    dollars(dollarsPerMillion),
    milliseconds(latencyMs),
  ];
}

function units(value: number): string {
  return value.toFixed(1);
}

function dollars(value: number): string {
  return `$${value.toFixed(2)}`;
}

function milliseconds(value: number): string {
  return `${value.toFixed(0)} ms`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
