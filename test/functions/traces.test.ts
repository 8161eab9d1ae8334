/** Traces as X-Ray's daemon gets them: the phases of a clearing and of an access, and nothing that is not public. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createClearTenderHandler } from '../../functions/clear-tender/clear-tender.handler.ts';
import { createTellingHandler } from '../../functions/clear-tender/tell-events.ts';
import { logInfo } from '../../functions/log.ts';
import { parseTraceHeader } from '../../functions/trace-header.ts';
import { CLEARING_PHASES, TRACE_FIELDS, type TraceFields, type Traces } from '../../functions/traces.ts';
import { createVaultAccessHandler } from '../../functions/vault-access/vault-access.handler.ts';
import { xrayTraces } from '../../functions/xray.ts';
import { invocationContext } from '../../local/invocation-context.ts';
import { type Subsegment, TraceDaemon } from '../../local/rehearsal/trace-daemon.ts';
import { MpcError } from '../../mpc/errors.ts';
import type { AuctionWorld } from '../support/auction-world.ts';
import { openWorld } from '../support/auction-world.ts';
import { operationsEvent, startVaultHost, VALUE_BYTES } from './vault-host.ts';
import { requestFor, text } from './vault-requests.ts';

const TRACE = '1-5759e988-bd862e3fe1be46a994272793';
const SEGMENT = '53995c3f42cd8ad8';
const SAMPLED = `Root=${TRACE};Parent=${SEGMENT};Sampled=1`;

let daemon: TraceDaemon;
let lines: string[];

beforeEach(async () => {
  daemon = await TraceDaemon.start();
  lines = [];
  const capture = (line: unknown) => lines.push(String(line)) > 0;
  vi.spyOn(process.stdout, 'write').mockImplementation(capture);
  vi.spyOn(process.stderr, 'write').mockImplementation(capture);
  vi.stubEnv('AWS_XRAY_DAEMON_ADDRESS', daemon.address);
  vi.stubEnv('_X_AMZN_TRACE_ID', SAMPLED);
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await daemon.stop();
});

async function received(count: number): Promise<readonly Subsegment[]> {
  await expect.poll(() => daemon.subsegments.length, { timeout: 60_000 }).toBe(count);
  expect(daemon.malformed).toEqual([]);
  return daemon.subsegments;
}

const AMOUNTS = [431_337n, 457_771n];

async function worldToClear(): Promise<AuctionWorld> {
  const world = await openWorld({ spec: { ceiling: '900000', rule: 'first-price' } });
  await world.submit(await world.bid('Ann', AMOUNTS[0]!));
  await world.submit(await world.bid('Bob', AMOUNTS[1]!));
  await world.closeAll();
  return world;
}

function clearing(world: AuctionWorld, traces: Traces) {
  const clear = createClearTenderHandler(world.parties[0], { traces });
  return clear({ tenderId: world.id }, invocationContext('clear-tender', 60_000));
}

describe('the trace of a clearing', () => {
  test('has its phases one after the other, with attempt, rounds and bytes', async () => {
    const world = await worldToClear();
    const traces = xrayTraces();
    const [{ statistics }] = await Promise.all([
      clearing(world, traces),
      world.parties[1].clear(world.id),
      world.parties[2].clear(world.id),
    ]);
    await traces.flush();
    const subsegments = await received(1 + CLEARING_PHASES.length);
    const whole = subsegments.find(({ name }) => name === 'clearing')!;
    expect(whole).toMatchObject({
      trace_id: TRACE,
      parent_id: SEGMENT,
      annotations: { tenderId: world.id, attempt: 1, rounds: statistics.rounds, bytes: statistics.bytesSent },
    });
    const phases = subsegments.filter(({ parent_id }) => parent_id === whole.id);
    expect(phases.map(({ name }) => name)).toEqual(CLEARING_PHASES);
    for (const [position, phase] of phases.entries()) {
      expect(phase.trace_id).toBe(TRACE);
      expect(phase.fault).toBeUndefined();
      expect(phase.start_time).toBeGreaterThanOrEqual(phases[position - 1]?.end_time ?? whole.start_time);
    }
    expect(new Set(subsegments.map(({ id }) => id)).size).toBe(subsegments.length);
    const of = (name: string) => phases.find((phase) => phase.name === name)!.annotations;
    const computed = ['computing', 'proving', 'opening'].map(of);
    const sum = (field: 'rounds' | 'bytes') => computed.reduce((all, one) => all + Number(one[field]), 0);
    expect({ rounds: sum('rounds'), bytes: sum('bytes') }).toEqual({
      rounds: statistics.rounds,
      bytes: statistics.bytesSent,
    });
    expect(of('computing')).toMatchObject({ attempt: 1, bids: 2 });
    expect(of('measuring the link')).toMatchObject({ attempt: 1, rounds: 2 });
  });

  test('that failed shows in which phase, with the code and no message', async () => {
    const world = await worldToClear();
    const traces = xrayTraces();
    const waiting = world.start(0, { timeouts: { closingTimeoutMs: 50 } });
    const clear = createClearTenderHandler(waiting, { traces });
    await expect(
      clear({ tenderId: world.id }, invocationContext('clear-tender', 60_000)),
    ).rejects.toMatchObject({ code: 'CHANNEL_TIMEOUT' });
    await traces.flush();
    const [phase, whole] = await received(2);
    expect(phase).toMatchObject({
      name: 'closing',
      fault: true,
      annotations: { code: 'CHANNEL_TIMEOUT' },
    });
    expect(whole).toMatchObject({
      name: 'clearing',
      fault: true,
      annotations: { tenderId: world.id, code: 'CHANNEL_TIMEOUT', party: expect.any(Number) },
    });
    expect(JSON.stringify(daemon.subsegments)).not.toMatch(/in time|posted|Error/);
  });

  test('has public facts and nothing else', async () => {
    const world = await worldToClear();
    const traces = xrayTraces();
    await Promise.all([
      clearing(world, traces),
      world.parties[1].clear(world.id),
      world.parties[2].clear(world.id),
    ]);
    await traces.flush();
    const subsegments = await received(1 + CLEARING_PHASES.length);
    for (const { annotations } of subsegments) {
      for (const field of Object.keys(annotations)) expect(TRACE_FIELDS).toContain(field);
    }
    const sent = JSON.stringify(subsegments);
    for (const hidden of [...AMOUNTS.map(String), 'Ann', 'Bob']) expect(sent).not.toContain(hidden);
  });

  test.each([
    ['not sampled', SAMPLED.replace('Sampled=1', 'Sampled=0'), undefined],
    ['without a trace', undefined, undefined],
    ['without a daemon', SAMPLED, ''],
    ['with a daemon that cannot be reached', SAMPLED, '127.0.0.1:0'],
    ['with a daemon that has no address', SAMPLED, 'no such host.invalid:2000'],
    ['with a port that is none', SAMPLED, '127.0.0.1:99999'],
  ])('%s is none, and the clearing goes through', async (_what, header, address) => {
    vi.stubEnv('_X_AMZN_TRACE_ID', header);
    if (address !== undefined) vi.stubEnv('AWS_XRAY_DAEMON_ADDRESS', address);
    const world = await worldToClear();
    const traces = xrayTraces();
    const [{ signatures }] = await Promise.all([
      clearing(world, traces),
      world.parties[1].clear(world.id),
      world.parties[2].clear(world.id),
    ]);
    expect(signatures).toBe(3);
    await traces.flush();
    expect(daemon.subsegments).toEqual([]);
  });
});

test('a span lets named facts through, once, and no others', async () => {
  const traces = xrayTraces();
  const span = traces.begin('telling');
  const facts: TraceFields = { tenderId: 'T', rounds: 2 };
  span.end({ ...facts, ...{ amount: 431_337, body: { share: 1 }, bidder: 'Ann' } });
  span.end({ code: 'LATER' });
  const part = traces.begin('clearing').begin('closing');
  part.end();
  await traces.flush();
  const [first] = await received(2);
  expect(first?.annotations).toEqual(facts);
  expect(first).not.toHaveProperty('fault');
});

test('telling has a part of its own, after an outcome and after an abort, and none where nothing is told', async () => {
  const traces = xrayTraces();
  const told = { cleared: async () => {}, aborted: async () => {}, deliver: async () => {} };
  const party = { outcome: () => Promise.reject(new Error('not asked for')) };
  const tenderId = 'T'.repeat(43);
  const run = (clear: () => Promise<object>) =>
    createTellingHandler(clear, party, told, traces)({ tenderId }, invocationContext('clear-tender', 60_000));
  await run(async () => ({}));
  const aborted = new MpcError('CHECK_FAILED', 'a check failed', { party: 1 });
  await expect(run(() => Promise.reject(aborted))).rejects.toBe(aborted);
  await run(async () => ({ busy: true }));
  await expect(run(() => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
  await traces.flush();
  const parts = await received(2);
  expect(parts.map(({ name, annotations }) => [name, annotations])).toEqual([
    ['telling', { tenderId }],
    ['telling', { tenderId }],
  ]);
});

test('an access to a vault has its phases, and its refusal none', async () => {
  const host = await startVaultHost();
  try {
    await host.provide('suppliers');
    const traces = xrayTraces();
    const access = createVaultAccessHandler(host.environment(), undefined, traces);
    const facts = { vault: 'suppliers', party: host.party, requester: host.writer, valueBytes: VALUE_BYTES };
    const put = { kind: 'put', key: 'Quarry Ltd', value: text('no findings') } as const;
    const ask = (body: object) =>
      access(operationsEvent('suppliers', body), invocationContext('vault-access', 30_000));
    expect(await ask(requestFor(facts, put))).toMatchObject({ statusCode: 200 });
    const subsegments = await received(4);
    expect(subsegments.map(({ name }) => name)).toEqual([
      'taking the nonce',
      'opening the vault',
      'operations',
      'vault access',
    ]);
    expect(subsegments.at(-1)?.annotations).toEqual({ vault: 'suppliers' });
    expect(JSON.stringify(subsegments)).not.toMatch(/Quarry|findings|put/);

    const stranger = { ...requestFor(facts, put), signature: 'A'.repeat(86) };
    expect(await ask(stranger)).not.toMatchObject({ statusCode: 200 });
    expect((await received(5)).at(-1)).toMatchObject({ name: 'vault access' });
    expect(daemon.subsegments.at(-1)).not.toHaveProperty('fault');
  } finally {
    await host.close();
  }
});

describe('the log', () => {
  const line = () => {
    lines.length = 0;
    logInfo('tested', { requestId: 'r' });
    return JSON.parse(lines.join(''));
  };

  test('names the trace of a sampled invocation, and no other', () => {
    expect(line()).toMatchObject({ traceId: TRACE });
    vi.stubEnv('_X_AMZN_TRACE_ID', SAMPLED.replace('Sampled=1', 'Sampled=0'));
    expect(line()).not.toHaveProperty('traceId');
    vi.stubEnv('_X_AMZN_TRACE_ID', undefined);
    expect(line()).not.toHaveProperty('traceId');
  });

  test('takes nothing from a header that somebody else may have made up', () => {
    vi.stubEnv('_X_AMZN_TRACE_ID', `Root=1-secret amount 431337;Parent=${SEGMENT};Sampled=1`);
    expect(line()).not.toHaveProperty('traceId');
  });
});

test.each([
  ['', undefined],
  [SAMPLED, { id: TRACE, segment: SEGMENT }],
  [`Sampled=1;Parent=${SEGMENT};Root=${TRACE};Lineage=1:a:0`, { id: TRACE, segment: SEGMENT }],
  [`Root=${TRACE};Sampled=1`, undefined],
  [`Root=${TRACE};Parent=${SEGMENT}`, undefined],
  [`Root=${TRACE}\n;Parent=${SEGMENT};Sampled=1`, undefined],
  [`Root=${TRACE};Parent=../../${SEGMENT};Sampled=1`, undefined],
  ['Root;Parent;Sampled=1', undefined],
])('the header %j is read', (header, trace) => {
  expect(parseTraceHeader(header)).toEqual(trace);
});
