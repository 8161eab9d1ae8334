import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../functions/system-clock.ts';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { createMemoryNetwork } from '../../../mpc/channels/memory.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import { MpcError } from '../../../mpc/errors.ts';
import { peersOf } from '../../../mpc/party.ts';
import { openSession, runAttempts, type Session } from '../../../mpc/session/session.ts';
import { fieldsOf } from '../../support/hellos.ts';
import { outcomeOf } from '../../support/settle.ts';
import { runParty, shareInputs, testIdentities, testParameters } from '../../support/world.ts';

const never = new AbortController().signal;

async function openThree(channels = createMemoryNetwork(), sessionId = 'test'): Promise<Session[]> {
  return Promise.all(channels.map((channel) => openSession(testParameters(channel, { sessionId }))));
}

function closeAll(sessions: readonly Session[]): void {
  for (const session of sessions) session.close();
}

describe('attempts', () => {
  test('a party that dies mid-attempt and comes back makes the next attempt succeed with fresh keys', async () => {
    const builder = new CircuitBuilder();
    const a = builder.input('a', 40);
    const b = builder.input('b', 40);
    builder.output('out', builder.and(builder.and(a, b), a));
    const circuit = builder.build();
    const inputs = shareInputs(
      new Map([
        ['a', BitVector.ones(40)],
        ['b', BitVector.ones(40)],
      ]),
    );
    const messages = new Map<string, string>();
    const channels = createMemoryNetwork({
      deliver: ({ topic, step, from, bytes }) => {
        messages.set(`${topic} ${step} ${from}`, Buffer.from(bytes).toString('hex'));
        return bytes;
      },
    });
    const survivors = [0, 1].map((party) =>
      runParty(circuit, inputs[party]!, channels[party]!, { maxAttempts: 5 }),
    );
    const dying = await openSession(testParameters(channels[2]));
    const masksOfFirst = dying.prss.zeroShare('probe', 256);
    dying.close();
    const returning = runParty(circuit, inputs[2], channels[2], { maxAttempts: 5 });
    const runs = await Promise.all([...survivors, returning]);
    expect(runs.map(({ attempt }) => attempt)).toEqual([2, 2, 2]);
    for (const { result } of runs) {
      expect(result.outputs.get('out')?.equals(BitVector.ones(40))).toBe(true);
    }
    const first = messages.get('test/attempt/1 and/1 1') ?? (await sealedOf(channels, 1));
    expect(messages.get('test/attempt/2 and/1 1')).not.toBe(first);
    const keys = await Promise.all(
      ['00000001', '00000002'].map(async (step) => {
        const hello = await channels[0].collect('test/hello', step, 2, never);
        return Buffer.from(fieldsOf(fieldsOf(hello)[0]!)[8]!).toString('hex');
      }),
    );
    expect(keys[0]).not.toBe(keys[1]);
    const [again] = await openThree(channels);
    expect(again!.prss.zeroShare('probe', 256).equals(masksOfFirst)).toBe(false);
  });

  test('an attempt ends at once when a peer begins a later one', async () => {
    const channels = createMemoryNetwork();
    const sessions = await openThree(channels);
    const waiting = sessions[0]!.links.receive('never', 1);
    const restarted = openSession(testParameters(channels[1], { handshakeTimeoutMs: 200 })).catch(
      () => undefined,
    );
    await expect(waiting).rejects.toMatchObject({
      code: 'ATTEMPT_SUPERSEDED',
      facts: { party: 1, attempt: 2 },
    });
    await expect(sessions[0]!.links.send('late', new Map())).rejects.toMatchObject({
      code: 'ATTEMPT_SUPERSEDED',
    });
    await restarted;
    closeAll(sessions);
  });

  test('of two processes of one party the earlier stops for good', async () => {
    const channels = createMemoryNetwork();
    const sessions = await openThree(channels);
    let tries = 0;
    const old = runAttempts(testParameters(channels[0]), 3, ({ links }) => {
      tries += 1;
      return links.receive('never', 1);
    });
    const oldEnds = expect(old).rejects.toMatchObject({ code: 'ATTEMPT_TAKEN_OVER' });
    const peers = [1, 2].map((party) => openSession(testParameters(channels[party]!)));
    closeAll([...sessions, ...(await Promise.all(peers))]);
    const restarted = openSession(testParameters(channels[0], { handshakeTimeoutMs: 300 })).catch(
      () => undefined,
    );
    await oldEnds;
    expect(tries).toBe(1);
    await restarted;
  });

  test('whoever is ahead is followed, however far', async () => {
    const channels = createMemoryNetwork();
    for (let attempt = 1; attempt <= 3; attempt++) {
      const alone = testParameters(channels[2], { handshakeTimeoutMs: 10 });
      expect(await outcomeOf(openSession(alone))).toBe('CHANNEL_TIMEOUT');
    }
    const runs = await Promise.all(
      channels.map((channel) =>
        runAttempts(testParameters(channel), 2, async ({ links }) => {
          const [next, previous] = peersOf(links.self);
          const message = Uint8Array.of(links.self);
          await links.send(
            'step',
            new Map([
              [next, message],
              [previous, message],
            ]),
          );
          return [...(await links.receive('step', next)), ...(await links.receive('step', previous))];
        }),
      ),
    );
    expect(runs).toEqual([
      { attempt: 4, result: [1, 2] },
      { attempt: 4, result: [2, 0] },
      { attempt: 4, result: [0, 1] },
    ]);
  });

  test('a party that waits for its peers moves on to a later attempt as soon as one announces it', async () => {
    const channels = createMemoryNetwork();
    const waiting = openSession(testParameters(channels[0]));
    await channels[2].collect('test/hello', '00000001', 0, never);
    for (let attempt = 1; attempt <= 2; attempt++) {
      const alone = testParameters(channels[2], { handshakeTimeoutMs: 10 });
      expect(await outcomeOf(openSession(alone))).toBe('CHANNEL_TIMEOUT');
    }
    const late = openSession(testParameters(channels[2]));
    await channels[1].collect('test/hello', '00000003', 2, never);
    const sessions = await Promise.all([waiting, openSession(testParameters(channels[1])), late]);
    expect(sessions.map(({ attempt }) => attempt)).toEqual([3, 3, 3]);
    closeAll(sessions);
  });

  test('a hello of an earlier attempt that is shown as a new one is refused', async () => {
    const channels = createMemoryNetwork({
      deliver: (delivery) =>
        delivery.topic === 'test/hello' && delivery.from === 1 && delivery.step === '00000002'
          ? firstHello
          : delivery.bytes,
    });
    let firstHello: Uint8Array | undefined;
    closeAll(await openThree(channels));
    firstHello = await channels[0].collect('test/hello', '00000001', 1, never);
    const runs = channels.map((channel) => openSession(testParameters(channel, { handshakeTimeoutMs: 300 })));
    runs[1]!.then((session) => session.close()).catch(() => undefined);
    await expect(runs[0]).rejects.toMatchObject({
      code: 'HANDSHAKE_MISMATCH',
      facts: { field: 'attempt', party: 1 },
    });
    await Promise.allSettled(runs);
  });

  test('timeouts are tried again up to the bound, security failures are not', async () => {
    const [zero] = createMemoryNetwork();
    const lonely = testParameters(zero, { handshakeTimeoutMs: 10 });
    expect(await outcomeOf(runAttempts(lonely, 3, async () => 'no'))).toBe('CHANNEL_TIMEOUT');
    expect((await zero.latest('test/hello', 0))?.step).toBe('00000003');

    const channels = createMemoryNetwork();
    let tries = 0;
    const runs = channels.map((channel) =>
      runAttempts(testParameters(channel), 3, async () => {
        tries += 1;
        throw new MpcError('MESSAGE_FORGED', 'as if');
      }),
    );
    for (const run of runs) expect(await outcomeOf(run)).toBe('MESSAGE_FORGED');
    expect(tries).toBe(3);
  });

  test('two starts of one party at the same moment take different numbers', async () => {
    const [zero] = createMemoryNetwork();
    const parameters = testParameters(zero, { handshakeTimeoutMs: 30 });
    await Promise.allSettled([openSession(parameters), openSession(parameters)]);
    expect(await zero.recall('test/hello', '00000001')).toBeDefined();
    expect(await zero.recall('test/hello', '00000002')).toBeDefined();
  });

  test('the caller can end a session from outside', async () => {
    const controller = new AbortController();
    const [zero] = createMemoryNetwork();
    const opening = openSession(testParameters(zero, { signal: controller.signal }));
    await systemClock.sleep(5);
    const reason = new Error('shutting down');
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
  });

  test('an announcement that is no attempt number is refused', async () => {
    const [zero, one] = createMemoryNetwork();
    await one.post('test/hello', '1', { everyone: Uint8Array.of() });
    expect(await outcomeOf(openSession(testParameters(zero)))).toBe('CHANNEL_ITEM_MALFORMED');
    await one.post('test/hello', '99999999', { everyone: testIdentities[1].sign(Uint8Array.of()) });
    const parameters = testParameters(zero, { handshakeTimeoutMs: 500 });
    expect(await outcomeOf(openSession(parameters))).toBe('MESSAGE_MALFORMED');
    expect(await outcomeOf(openSession(parameters))).toBe('ATTEMPT_USED');
  });
});

async function sealedOf(channels: ReturnType<typeof createMemoryNetwork>, attempt: number): Promise<string> {
  const bytes = await channels[0].collect(`test/attempt/${attempt}`, 'and/1', 1, never);
  return Buffer.from(bytes).toString('hex');
}
