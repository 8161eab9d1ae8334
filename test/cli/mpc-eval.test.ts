/** `tacit mpc eval` as its user meets it: arguments, two streams and an exit code. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AES_ANSWERS, standardFilesAbsent, standardPath } from '../mpc/bristol/standard-files.ts';
import { tacit } from './run.ts';

/** Every kind of gate, three inputs of 2, 3 and 1 bits, three outputs of 4, 1 and 2 bits; AND depth 2. */
const MIXED = `11 18
3 2 3 1
3 4 1 2

1 1 1 6 EQ
4 2 0 1 2 3 7 8 MAND
1 1 4 9 INV
1 1 5 10 EQW
1 1 7 11 EQW
1 1 8 12 EQW
2 1 9 6 13 XOR
2 1 10 9 14 AND
1 1 0 15 EQ
2 1 14 7 16 AND
1 1 8 17 NOT
`;

/** Protocol and rounds: two AND layers, one for opening, three for the check. */
const PROTOCOLS = [
  ['clear', 0],
  ['replicated', 3],
  ['verified', 6],
] as const;

let folder = '';
let mixed = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tacit-mpc-'));
  mixed = join(folder, 'mixed.txt');
  await writeFile(mixed, MIXED);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function evaluate(circuit: string, inputs: string, ...more: readonly string[]) {
  return tacit('mpc', 'eval', '--circuit', circuit, '--inputs', inputs, ...more);
}

interface Shown {
  readonly outputs: readonly string[];
  readonly bytesSent: readonly number[];
}

describe('results', () => {
  test.each(PROTOCOLS)('%s prints exactly one JSON object', async (protocol, rounds) => {
    const { code, stdout, stderr } = await evaluate(mixed, '0x3,0x3,0x1', '--protocol', protocol, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const shown: Shown = JSON.parse(stdout);
    expect(stdout).toBe(`${JSON.stringify(shown)}\n`);
    const { bytesSent, ...rest } = shown;
    expect(rest).toEqual({ outputs: ['0xb', '0x0', '0x1'], rounds, ands: 4 });
    expect(Object.keys(shown)).toEqual(['outputs', 'rounds', 'ands', 'bytesSent']);
    expect(bytesSent).toHaveLength(3);
    expect(bytesSent.every((bytes) => (protocol === 'clear' ? bytes === 0 : bytes > 0))).toBe(true);
  });

  test('without --protocol the parties check their work, and people see that the prediction held', async () => {
    const { code, stdout, stderr } = await evaluate(mixed, '0x1, 0x6, 0x0');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('protocol verified');
    expect(stdout).toMatch(/0 {2}0x4\n +1 {2}0x0\n +2 {2}0x2\n/);
    expect(stdout).toMatch(/rounds +6 +6 +yes\n/);
    expect(stdout).toMatch(/AND gates +4 +4 +yes\n/);
    expect(stdout).toMatch(/bytes sent by each party +(\S+) +\1 +yes\n/);
  });

  test.skipIf(standardFilesAbsent).each(AES_ANSWERS)(
    'AES-128 verified, FIPS 197 %s',
    async (_, ...values) => {
      const [key, plaintext, ciphertext] = values;
      const { stdout } = await evaluate(standardPath('aes_128.txt'), `${key},${plaintext}`, '--json');
      expect(JSON.parse(stdout)).toMatchObject({ outputs: [ciphertext], rounds: 60 + 4, ands: 6400 });
    },
  );
});

describe('refusals', () => {
  test.each([
    [
      'too few inputs',
      '0x1,0x2',
      'BRISTOL_INPUT_MISMATCH: the circuit takes 3 input values, but 2 were given\n',
    ],
    ['an input too wide', '0x1,0x8,0x1', 'BRISTOL_INPUT_MISMATCH: input value 1 has more than the 3 bits'],
    ['an input that is no number', '0x1,2,0x1', 'BRISTOL_INPUT_MISMATCH: input value 1 is not a hexadecimal'],
  ])('%s', async (_, inputs, message) => {
    const { code, stdout, stderr } = await evaluate(mixed, inputs);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.startsWith(message)).toBe(true);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  test('a malformed file names the line; nothing is on standard output with --json either', async () => {
    const broken = join(folder, 'broken.txt');
    await writeFile(broken, MIXED.replace('2 1 9 6 13 XOR', '2 1 9 60 13 XOR'));
    const { code, stdout, stderr } = await evaluate(broken, '0x3,0x3,0x1', '--json');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const [sentence, problem = ''] = stderr.split('\n');
    expect(sentence).toBe('BRISTOL_MALFORMED: line 11: wire 60 is out of range; there are 18 wires');
    expect(JSON.parse(problem)).toMatchObject({ code: 'BRISTOL_MALFORMED', facts: { line: 11 } });
  });

  test('a file that announces more than the bound, and one that is not there', async () => {
    const large = join(folder, 'large.txt');
    await writeFile(large, '99999999 100000000\n1 1\n1 1\n');
    const [over, absent] = await Promise.all([
      evaluate(large, '0x1'),
      evaluate(join(folder, 'none.txt'), '0x1'),
    ]);
    expect(over).toMatchObject({ code: 1, stdout: '' });
    expect(over.stderr).toMatch(/^BRISTOL_OVER_BOUND: line 1: /);
    expect(absent).toMatchObject({ code: 1, stdout: '' });
    expect(absent.stderr).toMatch(/^FILE_UNREADABLE: /);
  });

  test('wrong use ends with 2', async () => {
    const [noInputs, protocol] = await Promise.all([
      tacit('mpc', 'eval', '--circuit', mixed),
      evaluate(mixed, '0x3,0x3,0x1', '--protocol', 'garbled'),
    ]);
    for (const { code, stdout, stderr } of [noInputs, protocol]) {
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^USAGE: /);
    }
  });
});
