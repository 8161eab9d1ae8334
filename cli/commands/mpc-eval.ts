/** `tacit mpc eval`: one Bristol Fashion circuit among three parties in this process, and what it took. */

import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { Command, Option } from 'commander';
import { systemClock } from '../../functions/system-clock.ts';
import { MAX_GATES } from '../../mpc/bristol/bristol-circuit.ts';
import { prepareEvaluation } from '../../mpc/bristol/evaluate.ts';
import { cost } from '../../mpc/circuit/cost.ts';
import { MpcError } from '../../mpc/errors.ts';
import { CLEAR_MANIFEST } from '../../mpc/protocols/clear.ts';
import { runLocally } from '../../mpc/protocols/local-run.ts';
import { PROTOCOL_NAMES, type ProtocolName, predictCost } from '../../mpc/protocols/protocol.ts';
import { THREE_PARTY_MANIFESTS } from '../../mpc/protocols/three-party.ts';
import { CliError } from '../errors.ts';
import { bold, print, printJson, table } from '../output.ts';

/** A gate of a circuit of the largest size takes at most 36 characters; so many of them, and the header. */
const MAX_FILE_BYTES = 40 * MAX_GATES;

interface EvalOptions {
  readonly circuit: string;
  readonly inputs: readonly string[];
  readonly protocol: ProtocolName;
  readonly json?: boolean;
}

export function mpcEvalCommand(): Command {
  return new Command('eval')
    .description('evaluate a Bristol Fashion circuit among three parties in this process')
    .requiredOption('--circuit <file>', 'circuit in the Bristol Fashion format, basic or with MAND')
    .requiredOption(
      '--inputs <values>',
      'one 0x... number for each input value, separated by commas',
      parseInputs,
    )
    .addOption(
      new Option('--protocol <name>', 'who is withstood').choices(PROTOCOL_NAMES).default('verified'),
    )
    .option('--json', 'print one JSON object: outputs, rounds, ands, bytesSent')
    .addHelpText(
      'after',
      `
Values are in the order of the file, most significant digit first; leading zeros may be left out. Outputs come the
same way. Rounds are counted from the first layer of ANDs to the opening, bytes as sent by parties 0, 1 and 2.

  clear       no party, no secrecy: 0 rounds
  replicated  three parties, one of them semi-honest
  verified    three parties, one of them malicious: the right result or an abort

All three parties run in this process, which sees the inputs: it is for trying circuits, not for hiding anything.`,
    )
    .action(runEval);
}

async function runEval(options: EvalOptions): Promise<void> {
  const { protocol } = options;
  const text = await readCircuitFile(options.circuit);
  const { circuit, inputs, hexOutputs } = prepareEvaluation(text, options.inputs);
  const run = await runLocally(circuit, inputs, {
    protocol,
    clock: systemClock,
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
  });
  const outputs = hexOutputs(run.outputs);
  const circuitCost = cost(circuit);
  const rounds = Math.max(...run.counters.map((party) => party.rounds));
  const bytesSent = run.counters.map((party) => party.bytesSent);
  if (options.json === true) {
    printJson({ outputs, rounds, ands: circuitCost.ands, bytesSent });
    return;
  }
  const manifest = protocol === 'clear' ? CLEAR_MANIFEST : THREE_PARTY_MANIFESTS[protocol];
  const predicted = predictCost(manifest, circuitCost);
  print(bold(`${basename(options.circuit)}, protocol ${protocol}`));
  print(`Corruption withstood: ${manifest.corruption}.\n`);
  print(
    table(
      ['>output', 'value'],
      outputs.map((output, index) => [String(index), output]),
    ),
  );
  print();
  const row = (name: string, counted: readonly number[], expected: number): string[] => [
    name,
    [...new Set(counted)].map(grouped).join(', '),
    grouped(expected),
    counted.every((count) => count === expected) ? 'yes' : 'NO',
  ];
  print(
    table(
      ['', '>counted', '>predicted', 'equal'],
      [
        row('rounds', [rounds], predicted.rounds),
        row('AND gates', [circuitCost.ands], predicted.ands),
        row('bytes sent by each party', bytesSent, predicted.bytes),
      ],
    ),
  );
}

/** @throws CliError FILE_UNREADABLE; MpcError BRISTOL_OVER_BOUND for more bytes than any circuit within bounds */
async function readCircuitFile(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    const stream: AsyncIterable<Buffer> = createReadStream(path, {
      end: MAX_FILE_BYTES,
      highWaterMark: 2 ** 20,
    });
    for await (const chunk of stream) {
      chunks.push(chunk);
      bytes += chunk.length;
    }
  } catch (cause) {
    throw new CliError('FILE_UNREADABLE', `the circuit file ${path} cannot be read`, { path }, { cause });
  }
  if (bytes > MAX_FILE_BYTES) {
    throw new MpcError('BRISTOL_OVER_BOUND', `a circuit file has at most ${MAX_FILE_BYTES} bytes`, {
      bound: MAX_FILE_BYTES,
    });
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Whether each is a number, and wide enough, the circuit decides. */
function parseInputs(text: string): readonly string[] {
  return text.trim() === '' ? [] : text.split(',').map((value) => value.trim());
}

function grouped(count: number): string {
  return count.toLocaleString('en');
}
