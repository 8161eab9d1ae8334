/**
 * Nothing that was not checked can be opened: by the types, and when it runs.
 */

import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { createMemoryNetwork } from '../../../mpc/channels/memory.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import { FieldKernels } from '../../../mpc/kernels/field.ts';
import { PARTIES } from '../../../mpc/party.ts';
import type { Evaluated } from '../../../mpc/protocols/protocol.ts';
import { AndLog } from '../../../mpc/protocols/verified/and-log.ts';
import { checkAnds } from '../../../mpc/protocols/verified/check.ts';
import { VerifiedProtocol } from '../../../mpc/protocols/verified/verified.ts';
import { openSession, type Session } from '../../../mpc/session/session.ts';
import { outcomeOf, outcomesOf } from '../../support/settle.ts';
import { shareInputs, testParameters } from '../../support/world.ts';

const LANES = 33;
const builder = new CircuitBuilder();
builder.output('out', builder.and(builder.input('x', LANES), builder.input('y', LANES)));
const circuit = builder.build();
const inputs = shareInputs(new Map(['x', 'y'].map((name) => [name, BitVector.ones(LANES)])));
const sessions: Session[] = [];

afterEach(() => {
  for (const session of sessions.splice(0)) session.close();
});

async function threeProtocols() {
  const opened = await Promise.all(
    createMemoryNetwork().map((channel) => openSession(testParameters(channel, { messageTimeoutMs: 200 }))),
  );
  sessions.push(...opened);
  return opened.map(
    ({ links, prss }) =>
      new VerifiedProtocol({ links, prss, kernels: new FieldKernels(), random: randomBytes }),
  );
}

function evaluateAll(protocols: readonly VerifiedProtocol[]): Promise<Evaluated[]> {
  return Promise.all(PARTIES.map((party) => protocols[party]!.evaluate(circuit, inputs[party])));
}

describe('what may be opened', () => {
  test('outputs that were not checked: not by the types, and not when it runs', async () => {
    const [protocol] = await threeProtocols();
    const unchecked = new Map([['out', inputs[0].get('x')!]]);
    // @ts-expect-error shared outputs are no checked evaluation
    expect(await outcomeOf(protocol!.open(unchecked))).toBe('CIRCUIT_INVALID');
    // @ts-expect-error nor is an object that looks like a token
    expect(await outcomeOf(protocol!.open(Object.freeze({})))).toBe('CIRCUIT_INVALID');
    expect(sessions[0]!.links.counters().rounds).toBe(0);
  });

  test('a token of another instance opens nothing, its own opens once', async () => {
    const protocols = await threeProtocols();
    const tokens = await evaluateAll(protocols);
    const others = await evaluateAll(await threeProtocols());
    expect(await outcomeOf(protocols[0]!.open(tokens[1]!))).toBe('CIRCUIT_INVALID');
    expect(await outcomeOf(protocols[0]!.open(others[0]!))).toBe('CIRCUIT_INVALID');
    const opened = await Promise.all(protocols.map((protocol, party) => protocol.open(tokens[party]!)));
    for (const outputs of opened) expect(outputs.get('out')?.equals(BitVector.ones(LANES))).toBe(true);
    expect(await outcomeOf(protocols[0]!.open(tokens[0]!))).toBe('ADDRESS_REUSED');
  });

  test('an evaluation that failed its check leaves nothing to open, and cannot be repeated', async () => {
    const protocols = await threeProtocols();
    const alone = protocols[0]!.evaluate(circuit, inputs[0]);
    expect(await outcomeOf(alone)).toBe('CHANNEL_TIMEOUT');
    const before = sessions[0]!.links.counters();
    expect(await outcomeOf(protocols[0]!.evaluate(circuit, inputs[0]))).toBe('ADDRESS_REUSED');
    expect(sessions[0]!.links.counters()).toEqual(before);
  });
});

describe('the log', () => {
  const check = async (log: AndLog) => {
    for (const session of sessions.splice(0)) session.close();
    await threeProtocols();
    return outcomesOf(
      sessions.map(({ links, prss }) => checkAnds(log, links, prss, new FieldKernels(), randomBytes)),
    );
  };

  test('an empty one is complete when no AND was declared, and nothing is sent for it', async () => {
    expect(await check(new AndLog(0))).toEqual(['done', 'done', 'done']);
    expect(sessions.map(({ links }) => links.counters().rounds)).toEqual([0, 0, 0]);
  });

  test('an empty or incomplete one is refused before anything is sent', async () => {
    expect(await check(new AndLog(3))).toEqual(Array(3).fill('CHECK_INCOMPLETE'));
    const partly = new AndLog(3);
    partly.claim(2);
    expect(await check(partly)).toEqual(Array(3).fill('CHECK_INCOMPLETE'));
    expect(sessions.map(({ links }) => links.counters().rounds)).toEqual([0, 0, 0]);
  });

  test('more ANDs than declared are refused', () => {
    const log = new AndLog(3);
    log.claim(3);
    expect(() => log.claim(1)).toThrow('CIRCUIT_INVALID');
  });
});
