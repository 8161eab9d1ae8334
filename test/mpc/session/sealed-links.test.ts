import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { createMemoryNetwork, type Delivery } from '../../../mpc/channels/memory.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import type { PartyIndex } from '../../../mpc/party.ts';
import { openSession } from '../../../mpc/session/session.ts';
import { outcomeOf, outcomesOf } from '../../support/settle.ts';
import { runParty, shareInputs, testParameters } from '../../support/world.ts';

type Tamper = (delivery: Delivery) => Uint8Array | undefined;

async function openTampered(tamper: Tamper) {
  const channels = createMemoryNetwork({
    deliver: (delivery) => (delivery.topic.endsWith('/hello') ? delivery.bytes : tamper(delivery)),
  });
  const parameters = { messageTimeoutMs: 100 };
  const [zero, one, two] = await Promise.all(
    channels.map((channel) => openSession(testParameters(channel, parameters))),
  );
  return { channels, zero: zero!, one: one!, two: two! };
}

describe('sealed links', () => {
  test('any flipped bit and any truncation is a forgery that names step and sender', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 50 }),
        fc.nat(),
        fc.boolean(),
        async (message, position, truncate) => {
          const { zero, one, two } = await openTampered(({ bytes }) => {
            if (truncate) return bytes.subarray(0, position % bytes.length);
            bytes[(position >>> 3) % bytes.length]! ^= 1 << (position & 7);
            return bytes;
          });
          await zero.links.send('step', new Map([[1, message]]));
          await expect(one.links.receive('step', 0)).rejects.toMatchObject({
            code: 'MESSAGE_FORGED',
            facts: { step: 'step', from: 0 },
          });
          for (const session of [zero, one, two]) session.close();
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a message in the place of another step, direction or attempt is a forgery', async () => {
    const seen = new Map<string, Uint8Array>();
    let replace: ((delivery: Delivery) => Uint8Array | undefined) | undefined;
    const { channels, zero, one, two } = await openTampered((delivery) => {
      const { step, from, to, bytes } = delivery;
      seen.set(`${step} ${from} ${to}`, bytes);
      return replace === undefined ? bytes : replace(delivery);
    });
    const message = Uint8Array.of(1, 2, 3);
    const toBoth = (next: PartyIndex, previous: PartyIndex) =>
      new Map([
        [next, message],
        [previous, message],
      ]);
    await zero.links.send('a', toBoth(1, 2));
    await zero.links.send('b', toBoth(1, 2));
    await zero.links.send('c', toBoth(1, 2));
    await zero.links.send('d', toBoth(1, 2));
    await one.links.send('e', toBoth(2, 0));
    await one.links.receive('a', 0);
    await two.links.receive('a', 0);
    await zero.links.receive('e', 1);
    const forged = (step: string) => ({ code: 'MESSAGE_FORGED', facts: { step, from: 0 } });
    replace = () => seen.get('a 0 1');
    await expect(one.links.receive('b', 0)).rejects.toMatchObject(forged('b'));
    replace = () => seen.get('a 0 2');
    await expect(one.links.receive('c', 0)).rejects.toMatchObject(forged('c'));
    replace = () => seen.get('e 1 0');
    await expect(one.links.receive('d', 0)).rejects.toMatchObject(forged('d'));
    for (const session of [zero, one, two]) session.close();

    replace = undefined;
    const again = await Promise.all(channels.map((channel) => openSession(testParameters(channel))));
    expect(again[0]!.attempt).toBe(2);
    await again[0]!.links.send('a', toBoth(1, 2));
    const old = seen.get('a 0 1')!;
    replace = () => old;
    await expect(again[1]!.links.receive('a', 0)).rejects.toMatchObject(forged('a'));
    for (const session of again) session.close();
  });

  test('a withheld message is a timeout that names step and sender', async () => {
    const { zero, one, two } = await openTampered(() => undefined);
    await zero.links.send('step', new Map([[1, Uint8Array.of(1)]]));
    await expect(one.links.receive('step', 0)).rejects.toMatchObject({
      code: 'CHANNEL_TIMEOUT',
      facts: { step: 'step', party: 0 },
    });
    for (const session of [zero, one, two]) session.close();
  });

  test('no address is sent to or received from twice, and nothing is sent for the second', async () => {
    const { zero, one, two } = await openTampered(({ bytes }) => bytes);
    await zero.links.send('step', new Map([[1, Uint8Array.of(1)]]));
    const before = zero.links.counters();
    expect(await outcomeOf(zero.links.send('step', new Map([[1, Uint8Array.of(2)]])))).toBe('ADDRESS_REUSED');
    expect(await outcomeOf(zero.links.send('step', new Map([[2, Uint8Array.of(1)]])))).toBe('ADDRESS_REUSED');
    expect(zero.links.counters()).toEqual(before);
    expect([...(await one.links.receive('step', 0))]).toEqual([1]);
    expect(await outcomeOf(one.links.receive('step', 0))).toBe('ADDRESS_REUSED');
    for (const session of [zero, one, two]) session.close();
  });

  test('an outbox that holds something else under an address already stops the sender', async () => {
    const { channels, zero, one, two } = await openTampered(({ bytes }) => bytes);
    await channels[0].post('test/attempt/1', 'step', { to: new Map([[1, Uint8Array.of(0)]]) });
    const sending = zero.links.send('step', new Map([[1, Uint8Array.of(1)]]));
    await expect(sending).rejects.toMatchObject({ code: 'CHANNEL_CONFLICT' });
    for (const session of [zero, one, two]) session.close();
  });

  test('a closed session neither sends nor waits', async () => {
    const { zero, one, two } = await openTampered(({ bytes }) => bytes);
    const waiting = outcomeOf(zero.links.receive('step', 1));
    for (const session of [zero, one, two]) session.close();
    expect(await waiting).toBe('CHANNEL_CLOSED');
    expect(await outcomeOf(zero.links.send('step', new Map()))).toBe('CHANNEL_CLOSED');
  });

  test('whatever message of a run is flipped, its receiver aborts without an output', async () => {
    const builder = new CircuitBuilder();
    const a = builder.input('a', 9);
    builder.output('out', builder.and(builder.and(a, builder.not(a)), a));
    const circuit = builder.build();
    const inputs = shareInputs(new Map([['a', BitVector.ones(9)]]));
    for (const step of ['and/1', 'and/2', 'open']) {
      for (const to of [0, 1, 2] as const) {
        const channels = createMemoryNetwork({
          deliver: (delivery) => {
            if (delivery.step === step && delivery.to === to) delivery.bytes[0]! ^= 4;
            return delivery.bytes;
          },
        });
        const session = { messageTimeoutMs: 100 };
        const outcomes = await outcomesOf(
          channels.map((channel) => runParty(circuit, inputs[channel.self], channel, { session })),
        );
        expect(outcomes[to]).toBe('MESSAGE_FORGED');
        const others = outcomes.filter((_, party) => party !== to);
        expect(others).toEqual(step === 'open' ? ['done', 'done'] : ['CHANNEL_TIMEOUT', 'CHANNEL_TIMEOUT']);
      }
    }
  });
});
