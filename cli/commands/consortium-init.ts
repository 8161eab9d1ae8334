/**
 * `tacit consortium init`: an operator's keys, made once in a file that only it can read or in AWS Secrets Manager, and
 * its signed public record.
 *
 * For AWS the content of a key file goes to Secrets Manager as it is. With `--replaces` the record takes the place
 * of an earlier one: with `--old-keys` the earlier key signs that, too.
 */

import { join } from 'node:path';
import { Command } from 'commander';
import { PROTOCOL } from '../../auction/canonical.ts';
import {
  checkOperatorFields,
  checkOperatorRecord,
  DEFAULT_ENGINE_ROLE,
  DEFAULT_OUTBOX_TABLE,
  type OperatorRecord,
  operatorRecordHash,
  signOperatorRecord,
} from '../../auction/operator-record.ts';
import { systemClock } from '../../functions/system-clock.ts';
import { type PartyIndex, toPartyIndex } from '../../mpc/party.ts';
import { CliError } from '../errors.ts';
import { writePublicDocument } from '../operator-files.ts';
import { openPartyKeys, readPartyKeys } from '../operator-keys.ts';
import { durationMs, integer } from '../options.ts';
import { note, print, printJson } from '../output.ts';
import { DEFAULT_DIRECTORY, readJsonFile } from '../workspace.ts';

interface InitOptions {
  readonly index: number;
  readonly operator: string;
  readonly account: string;
  readonly region: string;
  readonly dir: string;
  readonly keys?: string;
  readonly out?: string;
  readonly outboxTable: string;
  readonly engineRole: string;
  readonly url?: string;
  readonly validFor: number;
  readonly replaces?: string;
  readonly oldKeys?: string;
  readonly json?: boolean;
}

/** Two years: long enough to be no burden, short enough that forgotten deployments are noticed. */
const DEFAULT_VALIDITY = '730d';

/** A record made on a machine whose clock is ahead is still valid on its peers'. */
const CLOCK_TOLERANCE_MS = 3_600_000;

export function initCommand(): Command {
  return new Command('init')
    .description("make an operator's keys and export its signed public record")
    .requiredOption('--index <party>', '0, 1 or 2, as the three operators agreed', integer(0, 2))
    .requiredOption('--operator <name>', 'the organisation that runs the party')
    .requiredOption('--account <id>', 'its AWS account, 12 digits')
    .requiredOption('--region <region>', 'its AWS region, such as eu-central-1')
    .option('--dir <directory>', 'where keys and record are kept', DEFAULT_DIRECTORY)
    .option(
      '--keys <place>',
      'secret keys, made when missing: a file, or secretsmanager:<name> of AWS Secrets Manager (default: operator/party-<index>.keys.json in --dir)',
    )
    .option('--out <file>', 'the record (default: operator/party-<index>.record.json in --dir)')
    .option('--outbox-table <name>', 'DynamoDB table that the peers read', DEFAULT_OUTBOX_TABLE)
    .option('--engine-role <name>', "IAM role that reads the peers' tables", DEFAULT_ENGINE_ROLE)
    .option('--url <https-url>', 'address of its API, where it is known')
    .option(
      '--valid-for <duration>',
      'how long deployments may be made from it',
      durationMs,
      durationMs(DEFAULT_VALIDITY),
    )
    .option('--replaces <file>', 'the record whose place this one takes')
    .option('--old-keys <place>', 'the keys of that record, which sign the change; a place as for --keys')
    .option('--json', 'print one JSON value')
    .action(initialise);
}

async function initialise(options: InitOptions): Promise<void> {
  const index = toPartyIndex(options.index);
  if (index === undefined) throw new CliError('USAGE', '--index is 0, 1 or 2');
  const replaced = await replacedRecord(options, index);
  const replacedBy =
    options.oldKeys === undefined ? undefined : await readPartyKeys(options.oldKeys, options.region);
  if (replacedBy !== undefined && replaced?.signingKey !== replacedBy.signing.publicKey) {
    const detail = '--old-keys are the keys of the record that --replaces names';
    throw new CliError('USAGE', detail, { path: options.oldKeys });
  }
  const file = (kind: string) => join(options.dir, 'operator', `party-${index}.${kind}.json`);
  const recordPath = options.out ?? file('record');
  const now = systemClock.now();
  const fields = {
    protocol: PROTOCOL,
    index,
    operator: options.operator,
    account: options.account,
    region: options.region,
    outboxTable: options.outboxTable,
    engineRole: options.engineRole,
    ...(options.url === undefined ? {} : { url: options.url }),
    validFrom: new Date(now - CLOCK_TOLERANCE_MS).toISOString(),
    validUntil: new Date(now + options.validFor).toISOString(),
    ...(replaced === undefined ? {} : { replaces: operatorRecordHash(replaced) }),
  } as const;
  checkOperatorFields(fields);
  const { keys, created, place } = await openPartyKeys(options.keys ?? file('keys'), index, options.region);
  const record: OperatorRecord = {
    ...fields,
    signingKey: keys.signing.publicKey,
    sealingKey: keys.sealing.publicKey,
  };
  const isNewKey = replacedBy !== undefined && replacedBy.signing.publicKey !== record.signingKey;
  const signed = signOperatorRecord(record, keys.signing, isNewKey ? replacedBy.signing : undefined);
  await writePublicDocument(recordPath, signed);
  if (options.json === true) {
    printJson({ keys: place, keysCreated: created, file: recordPath, record: signed });
    return;
  }
  note(
    created ? `Made keys in ${place}: whoever reads them is party ${index}.` : `Used the keys in ${place}.`,
  );
  print(`The record of party ${index} is in ${recordPath}: give it to the two other operators.`);
  print(`It is public and signed by ${record.signingKey}, valid until ${record.validUntil}.`);
}

async function replacedRecord(
  { replaces, oldKeys }: InitOptions,
  index: PartyIndex,
): Promise<OperatorRecord | undefined> {
  if (replaces === undefined) {
    if (oldKeys === undefined) return undefined;
    throw new CliError(
      'USAGE',
      '--old-keys is for a record that takes the place of another: name it with --replaces',
    );
  }
  const { record } = checkOperatorRecord(await readJsonFile(replaces));
  if (record.index === index) return record;
  const detail = `the record in ${replaces} is that of party ${record.index}: only a record of party ${index} can be replaced`;
  throw new CliError('USAGE', detail, { path: replaces });
}
