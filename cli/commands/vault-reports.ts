/** `tacit vault stats | trace`: how full it is and what it used, and what the owner of its tree table saw. */

import { Command } from 'commander';
import { placesOf, readKey } from '../../local/vault-directory.ts';
import { MAX_TRACED_ACCESSES, readTrace } from '../../local/vault-trace.ts';
import { addUnits } from '../../local/vault-usage.ts';
import { comparison, traceTable } from '../access-table.ts';
import { integer } from '../options.ts';
import { print, printJson, table } from '../output.ts';
import { directoryOnly, type VaultCommandOptions, withVaultOptions } from '../vault-place.ts';
import { withVault } from '../vault-session.ts';

interface TraceOptions extends VaultCommandOptions {
  readonly last: number;
}

const DEFAULT_LAST = 10;

export function statsCommand(): Command {
  return withVaultOptions(new Command('stats'))
    .description('how full the vault is, its stash, and the request units of its life')
    .action(showStats);
}

export function traceCommand(): Command {
  return withVaultOptions(new Command('trace'))
    .description("what the tree table's owner saw of the last accesses, of embedded tables")
    .option('--last <n>', 'accesses', integer(1, MAX_TRACED_ACCESSES), DEFAULT_LAST)
    .action(showTrace);
}

async function showStats(name: string, options: VaultCommandOptions): Promise<void> {
  const { parameters, stats, usage, usageOf } = await withVault(name, options, async (opened) => ({
    parameters: opened.vault.parameters,
    stats: opened.vault.stats(),
    usage: await opened.usage(),
    usageOf: opened.usageOf,
  }));
  const { units: _ofThisProcess, poisonedBy, ...counts } = stats;
  const total = addUnits(addUnits(usage.opening, usage.access), usage.bulk);
  if (options.json === true) {
    const { layout, blockBytes, blocksPerRecord } = parameters;
    printJson({
      name,
      layout,
      blockBytes,
      blocksPerRecord,
      ...counts,
      ...total,
      usage,
      poisonedBy: poisonedBy ?? null,
    });
    return;
  }
  const number = (value: number) => value.toLocaleString('en');
  const lines: readonly (readonly [string, string])[] = [
    ['records', `${number(counts.records)} of ${number(counts.capacity)}`],
    ['layout', parameters.layout],
    [
      'tree',
      `height ${counts.height}, ${counts.bucketSize} blocks a bucket, ${counts.cachedLevels} levels with the reader`,
    ],
    ['stash', `${number(counts.stash)} blocks, never more than ${number(counts.stashMax)}`],
    ['pool', `${number(counts.pool)} of ${number(counts.poolCapacity)} blocks`],
    ['client state', `${number(counts.stateBytes)} bytes`],
    ['accesses', `${number(counts.accesses)} in ${number(counts.epochs)} epochs`],
  ];
  print(table([`Vault ${name}`, ''], lines));
  print(`\nRequest units ${usageOf === 'life' ? 'since it was made' : 'of this command'}:\n`);
  print(
    table(
      ['spent on', '>requests', '>read units', '>write units'],
      Object.entries({ ...usage, total }).map(([kind, units]) => [
        kind,
        ...[units.requests, units.readUnits, units.writeUnits].map(number),
      ]),
    ),
  );
  if (poisonedBy !== undefined) {
    print(`\nIt is closed for writing since a check failed (${poisonedBy}): see \`tacit vault reshuffle\`.`);
  }
}

async function showTrace(name: string, options: TraceOptions): Promise<void> {
  const why = "what reaches the tree's table elsewhere is in the logs of its owner";
  const places = placesOf(directoryOnly(name, options, why).directory, name);
  await readKey(places);
  const accesses = await readTrace(places, options.last);
  if (options.json === true) {
    printJson(accesses);
    return;
  }
  print(traceTable(accesses));
  if (accesses.length > 1) print(`\n${comparison(accesses)}`);
}
