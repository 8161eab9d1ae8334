import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Ran, tacit } from './run.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-consortium-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const path = (name: string) => join(directory, name);
const record = (index: number) => path(`operator/party-${index}.record.json`);
const keys = (index: number) => path(`operator/party-${index}.keys.json`);

function init(index: number, ...more: readonly string[]): Promise<Ran> {
  const account = `11111111111${index}`;
  const named = ['--index', String(index), '--operator', `Operator ${index}`, '--account', account];
  return tacit('consortium', 'init', '--dir', directory, ...named, '--region', 'eu-west-1', ...more);
}

async function joined(...more: readonly string[]): Promise<Ran> {
  const made = await Promise.all([init(0), init(1), init(2)]);
  expect(made.map(({ code }) => code)).toEqual([0, 0, 0]);
  return tacit('consortium', 'join', record(2), record(0), record(1), '--out', path('c.json'), ...more);
}

const check = (...args: readonly string[]) => tacit('consortium', 'check', path('c.json'), ...args);
const firstCode = ({ code, stderr }: Ran) => [code, stderr.split(':')[0]];

describe('tacit consortium', () => {
  test('makes keys and records, joins them, and everyone checks the same fingerprint', async () => {
    const { code, stdout } = await joined('--json');
    expect(code).toBe(0);
    const { fingerprint, operators, sharedAccount, changes } = JSON.parse(stdout);
    expect(fingerprint).toMatch(/^(\d{5} ){15}\d{5}$/);
    expect(operators.map(({ operator }: { operator: string }) => operator)).toEqual([
      'Operator 0',
      'Operator 1',
      'Operator 2',
    ]);
    expect([sharedAccount, changes]).toEqual([false, null]);
    const checked = await check('--keys', keys(1), '--fingerprint', fingerprint);
    expect([checked.code, checked.stderr]).toEqual([0, '']);
    expect(checked.stdout.replaceAll(/\s+/g, ' ')).toContain(fingerprint);
    expect(checked.stdout).toContain('Your keys are those of party 1');
    const mode = (file: string) => stat(file).then((found) => found.mode & 0o777);
    expect(await mode(keys(0))).toBe(0o600);
    const secrets = JSON.parse(await readFile(keys(0), 'utf8'));
    const documents = (await readFile(record(0), 'utf8')) + (await readFile(path('c.json'), 'utf8')) + stdout;
    for (const { secretKey } of [secrets.signing, secrets.sealing])
      expect(documents).not.toContain(secretKey);
  });

  test('keeps what is there: keys are used again, and no document is written over', async () => {
    await joined();
    const before = await readFile(keys(0), 'utf8');
    expect(firstCode(await init(0))).toEqual([1, 'FILE_UNWRITABLE']);
    expect((await init(0, '--out', path('again.json'))).stderr).toContain('Used the keys');
    expect(await readFile(keys(0), 'utf8')).toBe(before);
    const other = [path('again.json'), record(1), record(2), '--out', path('c.json')];
    expect(firstCode(await tacit('consortium', 'join', ...other))).toEqual([1, 'FILE_UNWRITABLE']);
  });

  test('makes no keys for a record that cannot be', async () => {
    expect(firstCode(await init(0, '--account', '1111'))).toEqual([1, 'OPERATOR_MALFORMED']);
    await expect(stat(keys(0))).rejects.toThrow('ENOENT');
  });

  test('refuses what is not the consortium that was compared', async () => {
    const { stdout } = await joined('--json');
    const { fingerprint } = JSON.parse(stdout);
    const wrong = `${fingerprint.slice(0, -1)}${(Number(fingerprint.at(-1)) + 1) % 10}`;
    expect(firstCode(await check('--fingerprint', wrong))).toEqual([1, 'CONSORTIUM_FINGERPRINT_DIFFERS']);
    await init(1, '--keys', path('other.keys.json'), '--out', path('other.json'));
    expect(firstCode(await check('--keys', path('other.keys.json')))).toEqual([1, 'CONSORTIUM_KEYS_DIFFER']);
    const text = await readFile(path('c.json'), 'utf8');
    await writeFile(path('c.json'), text.replace('Operator 1', 'Operator X'));
    expect(firstCode(await check())).toEqual([1, 'OPERATOR_SIGNATURE']);
  });

  test('takes two parties in one account only where the flag says so, and then warns', async () => {
    await init(0);
    await init(1);
    await init(2, '--account', '111111111110');
    const args = ['consortium', 'join', record(0), record(1), record(2), '--out', path('c.json')];
    expect(firstCode(await tacit(...args))).toEqual([1, 'CONSORTIUM_ACCOUNT_SHARED']);
    const allowed = await tacit(...args, '--allow-shared-account');
    expect(allowed.code).toBe(0);
    expect(allowed.stderr).toContain('can open every bid');
    expect(firstCode(await check())).toEqual([1, 'CONSORTIUM_ACCOUNT_SHARED']);
    expect((await check('--allow-shared-account')).code).toBe(0);
  });

  test('rotates keys with the signature of the old ones, and replaces without only when told', async () => {
    await joined();
    const rotate = ['--replaces', record(1), '--keys', path('new.keys.json')];
    expect((await init(1, ...rotate, '--old-keys', keys(1), '--out', path('rotated.json'))).code).toBe(0);
    expect((await init(1, ...rotate, '--out', path('lost.json'))).code).toBe(0);
    const join = (file: string, ...more: readonly string[]) =>
      tacit(
        ...['consortium', 'join', record(0), file, record(2)],
        ...['--out', `${file}.c`, '--previous', path('c.json'), ...more],
      );
    const rotated = await join(path('rotated.json'));
    expect(rotated.stdout).toContain('Party 1: Operator 1 has new keys, signed by the old key.');
    expect(firstCode(await join(path('lost.json')))).toEqual([1, 'CONSORTIUM_CHANGE_UNENDORSED']);
    expect((await join(path('lost.json'), '--allow-unendorsed')).stdout).toContain(
      'NOT signed by the old key',
    );
  });

  test.each([[['--account', '123']], [['--region', 'moon']], [['--url', 'http://party.example']]])(
    'refuses %j before anything is signed',
    async (wrong) => {
      expect(firstCode(await init(0, ...wrong))).toEqual([1, 'OPERATOR_MALFORMED']);
    },
  );

  test('says how it is used', async () => {
    expect(firstCode(await tacit('consortium', 'init', '--index', '3'))).toEqual([2, 'USAGE']);
    await init(0);
    expect(firstCode(await init(1, '--keys', keys(0)))).toEqual([2, 'USAGE']);
    expect(firstCode(await init(1, '--old-keys', keys(0)))).toEqual([2, 'USAGE']);
    expect(firstCode(await init(1, '--replaces', record(0)))).toEqual([2, 'USAGE']);
  });
});
