/** `tacit mpc export`: our circuits as Bristol Fashion, so that `mpc eval` and other engines run them. */

import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { exportBristol } from '../../mpc/bristol/export.ts';
import {
  adderCircuit,
  argBestCircuit,
  lessThanCircuit,
  MAX_EXPORTED_CANDIDATES,
  MAX_OPERAND_BITS,
} from '../../mpc/bristol/named-circuits.ts';
import type { Circuit } from '../../mpc/circuit/circuit.ts';
import { cost } from '../../mpc/circuit/cost.ts';
import { ceilLog2 } from '../../mpc/circuits/tournament.ts';
import { MAX_VALUE_BITS } from '../../mpc/planner/planner.ts';
import { CliError } from '../errors.ts';
import { integer } from '../options.ts';
import { note } from '../output.ts';

const KINDS = ['less-than', 'arg-best', 'second-price', 'adder'] as const;

interface ExportOptions {
  readonly kind: (typeof KINDS)[number];
  readonly bits: number;
  readonly candidates?: number;
  readonly groups?: readonly number[];
  readonly out?: string;
}

export function mpcExportCommand(): Command {
  return new Command('export')
    .description('write a circuit of ours in the Bristol Fashion format')
    .addOption(new Option('--kind <kind>', 'which circuit').choices(KINDS).makeOptionMandatory())
    .requiredOption('--bits <k>', 'bits of every input value', integer(1, MAX_OPERAND_BITS))
    .option(
      '--candidates <n>',
      'values to choose from, for arg-best and second-price',
      integer(1, MAX_EXPORTED_CANDIDATES),
    )
    .option(
      '--groups <sizes>',
      'group size of each level, such as 8,4 (default: pairs, the fewest gates)',
      parseGroups,
    )
    .option('--out <file>', 'where to write it (default: standard output)')
    .addHelpText(
      'after',
      `
Every input value is an unsigned number of K bits, least significant bit on its first wire; outputs likewise.

  kind          input values, in order     output values, in order
  less-than     left, right                1 bit: left < right
  adder         left, right                left + right modulo 2^K
  arg-best      candidate 0, 1, ... N-1    index of the smallest (a tie: the lower index), its value
  second-price  candidate 0, 1, ... N-1    index of the smallest, the second smallest value

An index has ceil(log2 N) bits, at least 1. For arg-best and second-price K is at most ${MAX_VALUE_BITS}.`,
    )
    .action(runExport);
}

async function runExport(options: ExportOptions): Promise<void> {
  const circuit = circuitFor(options);
  const text = exportBristol(circuit);
  const { out } = options;
  if (out === undefined) {
    // A reader that has seen enough, such as `head`, closes the pipe; that is no failure.
    process.stdout.once('error', (error) => {
      if (!('code' in error && error.code === 'EPIPE')) throw error;
    });
    process.stdout.write(text);
    return;
  }
  try {
    await writeFile(out, text);
  } catch (cause) {
    throw new CliError('FILE_UNWRITABLE', `the file ${out} cannot be written`, { path: out }, { cause });
  }
  const { ands, depth } = cost(circuit);
  note(`${out}: ${options.kind}, ${ands.toLocaleString('en')} AND gates, AND depth ${depth}`);
}

function circuitFor({ kind, bits, candidates, groups }: ExportOptions): Circuit {
  if (kind === 'less-than' || kind === 'adder') {
    if (candidates !== undefined || groups !== undefined) {
      throw new CliError('USAGE', `--candidates and --groups do not belong to --kind ${kind}`);
    }
    return kind === 'less-than' ? lessThanCircuit(bits) : adderCircuit(bits);
  }
  const price = kind === 'arg-best' ? 'best' : 'second';
  const fewest = kind === 'arg-best' ? 1 : 2;
  if (candidates === undefined || candidates < fewest) {
    throw new CliError('USAGE', `--kind ${kind} needs --candidates, at least ${fewest}`);
  }
  if (bits > MAX_VALUE_BITS) {
    throw new CliError('USAGE', `--kind ${kind} takes at most ${MAX_VALUE_BITS} bits`);
  }
  return argBestCircuit({ candidates, bits, price, groups: groups ?? pairs(candidates) });
}

/** A file is as long as it has gates, and a tournament of pairs has the fewest. */
function pairs(candidates: number): readonly number[] {
  return Array.from({ length: ceilLog2(candidates) }, () => 2);
}

/** Commander's parser for group sizes. */
function parseGroups(text: string): readonly number[] {
  const groups = text.split(',').map((size) => (/^\s*\d+\s*$/.test(size) ? Number(size) : Number.NaN));
  if (!groups.every((size) => size >= 2 && size <= MAX_EXPORTED_CANDIDATES)) {
    throw new InvalidArgumentError(
      `it must be whole numbers from 2 to ${MAX_EXPORTED_CANDIDATES}, separated by commas`,
    );
  }
  return groups;
}
