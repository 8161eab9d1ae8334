/**
 * `tacit consortium init | join | check`: how three operators become a consortium.
 *
 * Each makes its keys and exports a signed public record; any of them joins the three records; all three compare
 * the fingerprint by voice. Secret keys stay in the file or the secret that `init` makes.
 */

import { Command } from 'commander';
import {
  type CheckedConsortium,
  checkConsortium,
  checkFingerprint,
  checkOwnKeys,
  joinConsortium,
} from '../../auction/consortium.ts';
import { consortiumChanges, type OperatorChange } from '../../auction/consortium-change.ts';
import { partyRecordOf } from '../../auction/party/keys.ts';
import { systemClock } from '../../functions/system-clock.ts';
import { writePublicDocument } from '../operator-files.ts';
import { readPartyKeys } from '../operator-keys.ts';
import { bold, note, print, printJson, table } from '../output.ts';
import { readJsonFile } from '../workspace.ts';
import { initCommand } from './consortium-init.ts';

interface CheckOptions {
  readonly previous?: string;
  readonly allowSharedAccount?: boolean;
  readonly allowUnendorsed?: boolean;
  readonly keys?: string;
  readonly fingerprint?: string;
  readonly json?: boolean;
}

interface JoinOptions extends CheckOptions {
  readonly out: string;
}

export function consortiumCommand(): Command {
  const joining = withChecks(new Command('join'))
    .description('make a consortium of three records, and show its fingerprint')
    .argument('<records...>', 'the three signed records, in any order')
    .option('--out <file>', 'the document', 'consortium.json')
    .action(joinRecords);
  const check = withChecks(new Command('check'))
    .description('verify a consortium document and show its fingerprint')
    .argument('<file>', 'the document')
    .option('--keys <place>', "an operator's secret keys, which must belong to it; a place as for `init`")
    .option('--fingerprint <digits>', 'the fingerprint that it must have')
    .action(checkDocument);
  return new Command('consortium')
    .description('set up the three operators: keys, records, fingerprint')
    .addCommand(initCommand())
    .addCommand(joining)
    .addCommand(check);
}

function withChecks(command: Command): Command {
  return command
    .option('--previous <file>', 'the consortium before, to show and judge what changes')
    .option(
      '--allow-shared-account',
      'for trials: two parties in one AWS account, whose owner could open every bid',
    )
    .option('--allow-unendorsed', 'a change that no old key signed; you made sure who sent it')
    .option('--json', 'print one JSON value');
}

async function joinRecords(files: readonly string[], options: JoinOptions): Promise<void> {
  const records = await Promise.all(files.map(readJsonFile));
  const consortium = joinConsortium(records, { ...judging(options), now: systemClock.now() });
  const changes = await changesSince(options, consortium);
  await writePublicDocument(options.out, consortium.document);
  report(consortium, changes, options);
  if (options.json !== true) {
    print(
      `\nWritten to ${options.out}. Give it to the two other operators; each runs \`tacit consortium check\`,`,
    );
    print('and all three read the fingerprint to each other before anything is deployed.');
  }
}

async function checkDocument(file: string, options: CheckOptions): Promise<void> {
  const consortium = checkConsortium(await readJsonFile(file), {
    ...judging(options),
    now: systemClock.now(),
  });
  if (options.fingerprint !== undefined) checkFingerprint(consortium, options.fingerprint);
  const own = options.keys === undefined ? undefined : partyRecordOf(await readPartyKeys(options.keys));
  if (own !== undefined) checkOwnKeys(consortium, own);
  const changes = await changesSince(options, consortium);
  report(consortium, changes, options);
  if (own !== undefined && options.json !== true) print(`\nYour keys are those of party ${own.index}.`);
}

function judging({ allowSharedAccount }: CheckOptions) {
  return allowSharedAccount === true ? { allowSharedAccount } : {};
}

/** The previous document may have run out of validity: it is only compared. */
async function changesSince(
  options: CheckOptions,
  consortium: CheckedConsortium,
): Promise<readonly OperatorChange[] | undefined> {
  if (options.previous === undefined) return undefined;
  const previous = checkConsortium(await readJsonFile(options.previous), judging(options));
  return consortiumChanges(previous, consortium, { allowUnendorsed: options.allowUnendorsed === true });
}

function report(
  { operators, parties, fingerprint }: CheckedConsortium,
  changes: readonly OperatorChange[] | undefined,
  { json }: CheckOptions,
): void {
  const shared = new Set(operators.map(({ account }) => account)).size < operators.length;
  if (json === true) {
    const changed = changes?.map(({ index, kind, endorsed }) => ({ index, kind, endorsed }));
    printJson({ fingerprint, operators, parties, sharedAccount: shared, changes: changed ?? null });
    return;
  }
  print(`${bold('Consortium')}\n`);
  print(
    table(
      ['party', 'operator', 'account', 'region', 'valid until', 'signing key'],
      operators.map((record) => [
        String(record.index),
        record.operator,
        record.account,
        record.region,
        record.validUntil.slice(0, 'YYYY-MM-DD'.length),
        `${record.signingKey.slice(0, 16)}...`,
      ]),
    ),
  );
  if (changes !== undefined) print(`\n${changes.map(sentenceOf).join('\n') || '  Nothing changed.'}`);
  print('\nFingerprint, to be read out and compared by all three:\n');
  const groups = fingerprint.split(' ');
  for (let row = 0; row < groups.length; row += GROUPS_IN_ROW) {
    print(`  ${bold(groups.slice(row, row + GROUPS_IN_ROW).join('  '))}`);
  }
  if (shared) {
    note('\nTwo parties share an AWS account: whoever controls it can open every bid. For trials only.');
  }
}

/** Two rows of eight can be read without losing the place. */
const GROUPS_IN_ROW = 8;

function sentenceOf({ index, before, after, kind, endorsed }: OperatorChange): string {
  const what = {
    renewed: `${after.operator} renewed its record`,
    rotated: `${after.operator} has new keys`,
    replaced: `${after.operator} takes the place of ${before.operator}`,
  }[kind];
  return `  Party ${index}: ${what}, ${endorsed ? 'signed by the old key' : 'NOT signed by the old key'}.`;
}
