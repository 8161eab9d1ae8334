/**
 * `kill -9` in the middle of anything leaves a vault that opens and holds every acknowledged record.
 *
 * Real processes on the embedded store, killed after a random time, over and over on the same vault. An operation
 * that was under way may have happened or not; nothing else may differ from what was acknowledged.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLocalVault } from '../../local/local-vault.ts';
import type { OpenedVault } from '../../local/opened-vault.ts';
import { placesOf } from '../../local/vault-directory.ts';
import { MAX_TRACED_ACCESSES, readTrace } from '../../local/vault-trace.ts';
import { TIMEOUT_MS, TREE, VaultWorkshop } from './vault-workshop.ts';

const WORKLOAD = fileURLToPath(new URL('vault-kill-workload.ts', import.meta.url));
const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

const KEYS = 20;
let workshop: VaultWorkshop;

beforeAll(async () => {
  workshop = await VaultWorkshop.open();
});

afterAll(() => workshop.dispose());

type Records = ReadonlyMap<string, string>;

/** What was acknowledged, and the change that was under way. */
interface Witnessed {
  readonly records: Records;
  readonly pending: { readonly key: string; readonly value: string | undefined } | undefined;
  readonly acknowledged: number;
}

test.each(['tree', 'scan'])('changes of a %s', { timeout: TIMEOUT_MS }, async (layout) => {
  await workshop.run('create', layout, '--records', '40', '--block', '32', '--layout', layout);
  let records: Records = new Map();
  let cutOff = 0;
  for (let round = 0; round < 6; round++) {
    const witnessed = await workUntilKilled(layout, round, records);
    expect(witnessed.acknowledged, `round ${round}`).toBeGreaterThan(0);
    const held = await withVault(layout, (local) => recordsOf(local, keys('k', KEYS)));
    const { pending } = witnessed;
    const allowed = [
      witnessed.records,
      ...(pending === undefined ? [] : [changed(witnessed.records, pending)]),
    ];
    expect(allowed.map(sorted), `round ${round}`).toContainEqual(sorted(held));
    if (pending !== undefined) cutOff++;
    records = held;
  }
  expect(cutOff).toBeGreaterThan(0);
  if (layout === 'scan') return;
  const trace = await readTrace(placesOf(workshop.directory, layout), MAX_TRACED_ACCESSES);
  const whole = Math.max(...trace.map(({ calls }) => calls.length));
  for (const [index, { calls, leaves }] of trace.entries()) {
    expect(leaves).toHaveLength(1);
    expect(calls[0]).toEqual(trace[0]?.calls[0]);
    // What was cut off is read again on the same path, whatever is done next.
    if (calls.length < whole) expect(trace[index + 1]?.leaves).toEqual(leaves);
  }
});

test('loading', { timeout: TIMEOUT_MS }, async () => {
  await workshop.run('create', 'loaded', '--records', '1200', '--block', '32');
  const before = new Map([['kept', 'as it was']]);
  await workshop.run('put', 'loaded', 'kept', 'as it was');
  const lines = keys('n', 1000).map((key) => JSON.stringify({ key, value: `of ${key}` }));
  const file = await workshop.file('load.jsonl', lines.join('\n'));
  const sample = ['kept', 'n0', 'n1', 'n500', 'n999'];
  const after = new Map([...before, ...sample.slice(1).map((key) => [key, `of ${key}`] as const)]);
  for (const phase of ['reading', 'placing', 'writing', 'removing']) {
    await killWhen(['load', 'loaded', file, '--progress'], phase);
    const held = await withVault('loaded', (local) => recordsOf(local, sample));
    expect([before, after].map(sorted), phase).toContainEqual(sorted(held));
  }
  await workshop.run('load', 'loaded', file);
  expect(sorted(await withVault('loaded', (local) => recordsOf(local, sample)))).toEqual(sorted(after));
  expect(await workshop.runJson('stats', 'loaded')).toMatchObject({
    records: 1001,
  });
});

test('creating', { timeout: TIMEOUT_MS }, async () => {
  await killWhen(['create', 'made', ...TREE, '--progress'], 'writing');
  const { code, stderr } = await workshop.attempt('create', 'made', ...TREE);
  expect([0, 1]).toContain(code);
  if (code === 1) expect(stderr).toMatch(/^VAULT_EXISTS: /);
  expect(await workshop.attempt('get', 'made', 'none')).toMatchObject({
    code: 3,
  });
  await workshop.run('put', 'made', 'a', '1');
  expect(await workshop.run('get', 'made', 'a')).toBe('1\n');
});

async function workUntilKilled(name: string, round: number, before: Records): Promise<Witnessed> {
  const args = [WORKLOAD, workshop.directory, name, String(KEYS), String(round)];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let records = before;
  let pending: Witnessed['pending'];
  let acknowledged = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'acknowledged') {
      if (pending !== undefined) records = changed(records, pending);
      pending = undefined;
      acknowledged++;
      if (acknowledged === 3 + round) setTimeout(() => child.kill('SIGKILL'), Math.random() * 40);
    } else {
      const [, key = '', value] = line.split(' ');
      pending = { key, value };
    }
  }
  await ended(child);
  return { records, pending, acknowledged };
}

/** Kills a command at a random moment after its progress first says this. */
async function killWhen(args: readonly string[], phase: string): Promise<void> {
  const child = spawn(process.execPath, [MAIN, 'vault', ...args, '--dir', workshop.directory], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  for await (const line of createInterface({ input: child.stderr })) {
    if (line.startsWith(phase)) setTimeout(() => child.kill('SIGKILL'), Math.random() * 100);
  }
  await ended(child);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

async function withVault<Value>(name: string, use: (local: OpenedVault) => Promise<Value>): Promise<Value> {
  const local = await openLocalVault({ directory: workshop.directory, name });
  try {
    return await use(local);
  } finally {
    await local.close();
  }
}

/** Not as accesses, so that the trace is that of the workload alone. */
async function recordsOf({ bulk }: OpenedVault, names: readonly string[]): Promise<Records> {
  const results = await bulk((vault) => vault.batch(names.map((key) => ({ kind: 'get', key }))));
  return new Map(
    results.flatMap(({ value }, index) =>
      value === undefined ? [] : [[names[index] ?? '', Buffer.from(value).toString('utf8')]],
    ),
  );
}

function changed(records: Records, { key, value }: NonNullable<Witnessed['pending']>): Records {
  const after = new Map(records);
  if (value === undefined) after.delete(key);
  else after.set(key, value);
  return after;
}

function sorted(records: Records): readonly (readonly [string, string])[] {
  return [...records].sort(([a], [b]) => (a < b ? -1 : 1));
}

function keys(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}
