/**
 * What every channel must do: write once, deliver the same bytes to whom they are for, wait, and list.
 */

import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Channel, MAX_MESSAGE_BYTES } from '../../mpc/channels/channel.ts';
import type { PartyIndex } from '../../mpc/party.ts';
import type { Three } from '../support/world.ts';

const never = new AbortController().signal;

/** @param create channels of three parties; may be called before each test, topics of old ones may remain */
export function describeChannel(name: string, create: () => Promise<Three<Channel>>): void {
  describe(`channel ${name}`, () => {
    let channels: Three<Channel>;
    let topic: string;

    beforeEach(async () => {
      channels = await create();
      topic = `topic/${randomBytes(8).toString('hex')}`;
    });

    const to = (...parcels: [PartyIndex, Uint8Array][]) => ({ to: new Map(parcels) });

    test('delivers to each peer its own parcel and to everyone what is for everyone', async () => {
      const [zero, one, two] = channels;
      await zero.post(topic, 'a', to([1, Uint8Array.of(1, 1)], [2, Uint8Array.of(2)]));
      await zero.post(topic, 'b', { everyone: Uint8Array.of(3) });
      expect([...(await one.collect(topic, 'a', 0, never))]).toEqual([1, 1]);
      expect([...(await two.collect(topic, 'a', 0, never))]).toEqual([2]);
      for (const channel of channels) expect([...(await channel.collect(topic, 'b', 0, never))]).toEqual([3]);
    });

    test('delivers an empty message as an empty message', async () => {
      await channels[0].post(topic, 'a', { everyone: new Uint8Array() });
      await channels[0].post(topic, 'b', to([1, new Uint8Array()]));
      expect(await channels[1].collect(topic, 'a', 0, never)).toHaveLength(0);
      expect(await channels[1].collect(topic, 'b', 0, never)).toHaveLength(0);
    });

    test('collect waits for a post that comes later', async () => {
      const waiting = channels[1].collect(topic, 'late', 2, never);
      await channels[2].post(topic, 'late', { everyone: Uint8Array.of(9) });
      expect([...(await waiting)]).toEqual([9]);
    });

    test('an aborted wait rejects with the reason of the signal', async () => {
      const controller = new AbortController();
      const waiting = channels[1].collect(topic, 'never', 2, controller.signal);
      const reason = new Error('enough');
      controller.abort(reason);
      await expect(waiting).rejects.toBe(reason);
      await expect(channels[1].collect(topic, 'never', 2, controller.signal)).rejects.toBe(reason);
    });

    test('an address is written once: the same bytes are a retry, others a conflict', async () => {
      const conflict = { code: 'CHANNEL_CONFLICT' };
      await channels[0].post(topic, 'a', { everyone: Uint8Array.of(1) });
      await channels[0].post(topic, 'a', { everyone: Uint8Array.of(1) });
      await expect(channels[0].post(topic, 'a', { everyone: Uint8Array.of(2) })).rejects.toMatchObject(
        conflict,
      );
      await expect(channels[0].post(topic, 'a', to([1, Uint8Array.of(1)]))).rejects.toMatchObject(conflict);
      const parcels: [PartyIndex, Uint8Array][] = [
        [1, Uint8Array.of(1)],
        [2, Uint8Array.of(2)],
      ];
      await channels[0].post(topic, 'b', to(...parcels));
      await channels[0].post(topic, 'b', to(...parcels));
      await expect(channels[0].post(topic, 'b', to(parcels[0]!))).rejects.toMatchObject(conflict);
      await expect(
        channels[0].post(topic, 'b', to(parcels[0]!, [2, Uint8Array.of(3)])),
      ).rejects.toMatchObject(conflict);
      expect([...(await channels[1].collect(topic, 'a', 0, never))]).toEqual([1]);
      expect([...(await channels[2].collect(topic, 'b', 0, never))]).toEqual([2]);
    });

    test('of many writers of one address exactly one wins', async () => {
      const posts = Array.from({ length: 8 }, (_, index) =>
        channels[0].post(topic, 'race', { everyone: Uint8Array.of(index) }),
      );
      const settled = await Promise.allSettled(posts);
      const winners = settled.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
      expect(winners).toHaveLength(1);
      expect([...(await channels[1].collect(topic, 'race', 0, never))]).toEqual(winners);
    });

    test('outboxes are apart: the same address in another outbox is another item', async () => {
      await channels[0].post(topic, 'a', { everyone: Uint8Array.of(0) });
      await channels[1].post(topic, 'a', { everyone: Uint8Array.of(1) });
      expect([...(await channels[2].collect(topic, 'a', 0, never))]).toEqual([0]);
      expect([...(await channels[2].collect(topic, 'a', 1, never))]).toEqual([1]);
    });

    test('messages of a megabyte and more arrive unchanged, for one or for both peers', async () => {
      const large = randomBytes(1_100_000);
      const medium = randomBytes(200_000);
      await channels[0].post(topic, 'large', to([1, large], [2, medium]));
      await channels[0].post(topic, 'large', to([1, large], [2, medium]));
      await channels[0].post(topic, 'all', { everyone: large });
      expect(large.equals(await channels[1].collect(topic, 'large', 0, never))).toBe(true);
      expect(medium.equals(await channels[2].collect(topic, 'large', 0, never))).toBe(true);
      expect(large.equals(await channels[2].collect(topic, 'all', 0, never))).toBe(true);
      const other = Buffer.from(large);
      other[1_000_000]! ^= 1;
      await expect(channels[0].post(topic, 'large', to([1, other], [2, medium]))).rejects.toMatchObject({
        code: 'CHANNEL_CONFLICT',
      });
      const latest = await channels[1].latest(topic, 0);
      expect(latest?.step).toBe('all');
      expect(large.equals(latest?.bytes ?? Buffer.of())).toBe(true);
    });

    test('parcels that were given up arrive unchanged; their address stays taken', async () => {
      for (const bytes of [3, 40_000, 1_000_000]) {
        const step = `${bytes}`;
        const [own, one, two] = [randomBytes(bytes), randomBytes(bytes), randomBytes(bytes)];
        const givenUp = to([0, Buffer.from(own)], [1, Buffer.from(one)], [2, Buffer.from(two)]).to;
        await channels[0].post(topic, step, { to: givenUp, givenUp: true });
        expect(own.equals(await channels[0].collect(topic, step, 0, never))).toBe(true);
        expect(one.equals(await channels[1].collect(topic, step, 0, never))).toBe(true);
        expect(two.equals(await channels[2].collect(topic, step, 0, never))).toBe(true);
        await expect(channels[0].post(topic, step, to([1, two], [2, one]))).rejects.toMatchObject({
          code: 'CHANNEL_CONFLICT',
        });
      }
    });

    test('messages beyond the bound and malformed addresses are refused', async () => {
      const tooLarge = new Uint8Array(MAX_MESSAGE_BYTES + 1);
      await expect(channels[0].post(topic, 'a', to([1, tooLarge]))).rejects.toMatchObject({
        code: 'CHANNEL_MESSAGE_TOO_LARGE',
      });
      for (const step of ['', 'a#b', 'a b', 'x'.repeat(513)]) {
        await expect(channels[0].post(topic, step, { everyone: tooLarge })).rejects.toMatchObject({
          code: 'CHANNEL_ADDRESS_MALFORMED',
        });
      }
    });

    test('an item without a parcel for the reader is refused instead of waited for', async () => {
      await channels[0].post(topic, 'a', to([1, Uint8Array.of(1)]));
      await expect(channels[2].collect(topic, 'a', 0, never)).rejects.toMatchObject({
        code: 'CHANNEL_ITEM_MALFORMED',
      });
    });

    test('recall gives what this party posted for everyone', async () => {
      await channels[0].post(topic, 'a', { everyone: Uint8Array.of(5) });
      await channels[0].post(topic, 'b', to([1, Uint8Array.of(1)]));
      expect([...((await channels[0].recall(topic, 'a')) ?? [])]).toEqual([5]);
      expect(await channels[0].recall(topic, 'b')).toBeUndefined();
      expect(await channels[1].recall(topic, 'a')).toBeUndefined();
    });

    test('latest is the item for everyone with the greatest step', async () => {
      expect(await channels[1].latest(topic, 0)).toBeUndefined();
      for (const step of ['0002', '0010', '0001']) {
        await channels[0].post(topic, step, { everyone: new TextEncoder().encode(step) });
      }
      for (let index = 0; index < 4; index++) {
        await channels[0].post(topic, `z/${index}`, to([1, Uint8Array.of(1)]));
      }
      await channels[0].post(`${topic}/other`, '9999', { everyone: Uint8Array.of(1) });
      for (const channel of channels) {
        const latest = await channel.latest(topic, 0);
        expect(latest?.step).toBe('0010');
        expect(new TextDecoder().decode(latest?.bytes)).toBe('0010');
      }
      expect(await channels[0].latest(topic, 1)).toBeUndefined();
    });
  });
}
