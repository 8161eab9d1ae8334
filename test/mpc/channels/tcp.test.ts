import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../functions/system-clock.ts';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { MAX_MESSAGE_BYTES } from '../../../mpc/channels/channel.ts';
import { TcpListener } from '../../../mpc/channels/tcp/connect.ts';
import { encodeFrame } from '../../../mpc/channels/tcp/frame.ts';
import { Inbox, MAX_UNREAD_BYTES } from '../../../mpc/channels/tcp/inbox.ts';
import { connectTcp } from '../../../mpc/channels/tcp/tcp.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import { outcomeOf } from '../../support/settle.ts';
import { TcpNetworks } from '../../support/tcp-network.ts';
import { forEachParty, runParties } from '../../support/world.ts';

const networks = new TcpNetworks();
const never = new AbortController().signal;

afterEach(() => networks.closeAll());

describe('tcp channel', () => {
  test('both protocols run over it, one session after another', async () => {
    const builder = new CircuitBuilder();
    const a = builder.input('a', 70_001);
    builder.output('out', builder.and(builder.and(a, builder.not(builder.and(a, a))), a));
    builder.output('same', builder.and(a, a));
    const inputs = new Map([['a', BitVector.ones(70_001)]]);
    const channels = await networks.create();
    for (const protocol of ['replicated', 'verified'] as const) {
      const { outputs } = await runParties(builder.build(), inputs, {
        channels,
        protocol,
        session: { sessionId: `test/${protocol}` },
      });
      expect(outputs.get('out')?.equals(BitVector.zeros(70_001))).toBe(true);
      expect(outputs.get('same')?.equals(BitVector.ones(70_001))).toBe(true);
    }
  });

  test('a peer that goes away ends waits and posts; what it had sent can still be collected', async () => {
    const [zero, one, two] = await networks.create();
    await one.post('t', 'before', { to: new Map([[0, Uint8Array.of(7)]]) });
    await one.post('t', 'all', { everyone: Uint8Array.of(8) });
    const waiting = outcomeOf(zero.collect('t', 'never', 1, never));
    await one.close();
    expect(await waiting).toBe('CHANNEL_CLOSED');
    expect([...(await zero.collect('t', 'before', 1, never))]).toEqual([7]);
    expect((await zero.latest('t', 1))?.step).toBe('all');
    expect(await outcomeOf(zero.post('t', 'x', { to: new Map([[1, Uint8Array.of(1)]]) }))).toBe(
      'CHANNEL_CLOSED',
    );
    await two.post('t', 'y', { to: new Map([[0, Uint8Array.of(9)]]) });
    expect([...(await zero.collect('t', 'y', 2, never))]).toEqual([9]);
  });

  test('what was posted just before closing arrives, however large', async () => {
    const [zero, one] = await networks.create();
    const large = new Uint8Array(5_000_000).fill(3);
    const posting = zero.post('t', 's', { to: new Map([[1, large]]) });
    await Promise.all([posting, zero.close()]);
    expect((await one.collect('t', 's', 0, never)).every((byte) => byte === 3)).toBe(true);
    expect(await outcomeOf(zero.collect('t', 's', 1, never))).toBe('CHANNEL_CLOSED');
  });

  test('large parcels that were given up are freed once sent, not before, and others never', async () => {
    const [zero, one] = await networks.create();
    const sent = Array.from({ length: 24 }, (_, index) => new Uint8Array(1_000_000).fill(index + 1));
    const kept = new Uint8Array(1_000_000).fill(99);
    const posting = sent.map((bytes, index) =>
      zero.post('t', `${index}`, { to: new Map([[1, bytes]]), givenUp: true }),
    );
    posting.push(zero.post('t', 'kept', { to: new Map([[1, kept]]) }));
    expect(sent.at(-1)).toHaveLength(1_000_000);
    await Promise.all(posting);
    for (let index = 0; index < sent.length; index++) {
      const received = await one.collect('t', `${index}`, 0, never);
      expect(received).toHaveLength(1_000_000);
      expect(received.every((byte) => byte === index + 1)).toBe(true);
    }
    expect((await one.collect('t', 'kept', 0, never))[0]).toBe(99);
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent.map(({ length }) => length)).toEqual(sent.map(() => 0));
    expect(kept).toHaveLength(1_000_000);
  });

  test('waits under one signal end together when it aborts, those under others stay', async () => {
    const [zero, one] = await networks.create();
    const [first, second] = [new AbortController(), new AbortController()];
    const ended = ['a', 'b', 'b'].map((step) => one.collect('t', step, 0, first.signal));
    const stays = one.collect('t', 'b', 0, second.signal);
    const reason = new Error('enough');
    first.abort(reason);
    for (const settled of await Promise.allSettled(ended)) {
      expect(settled).toMatchObject({ status: 'rejected', reason });
    }
    await zero.post('t', 'b', { to: new Map([[1, Uint8Array.of(5)]]) });
    expect([...(await stays)]).toEqual([5]);
  });

  test('a parcel is collected once, an item for everyone as long as it is the latest', async () => {
    const [zero, one] = await networks.create();
    await zero.post('t', '1', { everyone: Uint8Array.of(1) });
    for (let time = 0; time < 2; time++) expect([...(await one.collect('t', '1', 0, never))]).toEqual([1]);
    await zero.post('t', '2', { to: new Map([[1, Uint8Array.of(2)]]) });
    expect([...(await one.collect('t', '2', 0, never))]).toEqual([2]);
    const controller = new AbortController();
    const again = one.collect('t', '2', 0, controller.signal);
    controller.abort(new Error('gone'));
    await expect(again).rejects.toThrow('gone');
  });

  test('delayed frames keep their order', async () => {
    const [zero, one] = await networks.create({ delayMs: 5 });
    const order: number[] = [];
    const collecting = Array.from({ length: 20 }, (_, index) =>
      one.collect('t', `${index}`, 0, never).then(() => order.push(index)),
    );
    for (let index = 0; index < 20; index++) {
      await zero.post('t', `${index}`, { to: new Map([[1, new Uint8Array(index * 3000)]]) });
    }
    await Promise.all(collecting);
    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  test('strangers at the port get nothing and stop nobody', async () => {
    const listeners = await Promise.all(forEachParty(() => TcpListener.bind({ host: '127.0.0.1', port: 0 })));
    const addresses = forEachParty((party) => listeners[party]!.address);
    const strangers: Socket[] = [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      encodeFrame({ kind: 'greeting', topic: '', step: '', payload: Uint8Array.of(1, 0, 0) })[0]!,
      encodeFrame({ kind: 'greeting', topic: '', step: '', payload: Uint8Array.of(9, 1, 0) })[0]!,
    ].map((words) => {
      const socket = connect(addresses[0]);
      socket.on('error', () => undefined);
      socket.write(words);
      return socket;
    });
    const signal = AbortSignal.timeout(5000);
    const channels = await Promise.all(
      forEachParty((self) =>
        connectTcp({ self, listener: listeners[self]!, addresses, clock: systemClock, signal }),
      ),
    );
    await channels[0]!.post('t', 's', { everyone: Uint8Array.of(1) });
    expect([...(await channels[2]!.collect('t', 's', 0, never))]).toEqual([1]);
    for (const socket of strangers) socket.destroy();
    await Promise.all(channels.map((channel) => channel.close()));
  });

  test('connecting ends with its signal when a peer never comes', async () => {
    const listeners = await Promise.all(forEachParty(() => TcpListener.bind({ host: '127.0.0.1', port: 0 })));
    const addresses = forEachParty((party) => listeners[party]!.address);
    listeners[0]!.close();
    const controller = new AbortController();
    const connecting = ([1, 2] as const).map((self) =>
      connectTcp({
        self,
        listener: listeners[self]!,
        addresses,
        clock: systemClock,
        signal: controller.signal,
      }),
    );
    const settled = Promise.allSettled(connecting);
    controller.abort(new Error('enough'));
    for (const result of await settled) {
      expect(result).toMatchObject({ status: 'rejected', reason: { message: 'enough' } });
    }
  });
});

describe('inbox', () => {
  test('what is collected no longer counts; a flood of unread bytes is refused', () => {
    const inbox = new Inbox(1);
    const large = new Uint8Array(MAX_MESSAGE_BYTES);
    for (let round = 0; round < 10; round++) {
      inbox.accept('t', `${round}`, large, false);
      void inbox.collect('t', `${round}`, never);
    }
    const flood = () => {
      for (let item = 0; item * MAX_MESSAGE_BYTES <= MAX_UNREAD_BYTES; item++) {
        inbox.accept('flood', `${item}`, large, false);
      }
    };
    expect(flood).toThrow(expect.objectContaining({ code: 'CHANNEL_FLOODED' }));
    const empty = new Inbox(2);
    const manySmall = () => {
      for (let item = 0; item < MAX_UNREAD_BYTES / 1000; item++) {
        empty.accept(`${item}`, 's', new Uint8Array(), item % 2 === 0);
      }
    };
    expect(manySmall).toThrow(expect.objectContaining({ code: 'CHANNEL_FLOODED' }));
  });

  test('the first item of an address stays', async () => {
    const inbox = new Inbox(1);
    inbox.accept('t', 's', Uint8Array.of(1), false);
    inbox.accept('t', 's', Uint8Array.of(2), false);
    expect([...(await inbox.collect('t', 's', never))]).toEqual([1]);
  });
});
