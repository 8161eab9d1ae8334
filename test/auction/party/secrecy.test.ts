/** What a party stores and what it posts never holds an amount in clear, in any usual form. */

import { describe, expect, test } from 'vitest';
import type { AuctionStore } from '../../../auction/party/store.ts';
import { utf8 } from '../../../mpc/bytes.ts';
import type { Channel } from '../../../mpc/channels/channel.ts';
import { PARTIES } from '../../../mpc/party.ts';
import { openWorld } from '../../support/auction-world.ts';

/** 8 bytes each, so that they turn up nowhere by accident. */
const LOSING = [0x1234_5678_9abc_def1n, 0x0fed_cba9_8765_4321n];
const WINNING = 0x0123_4567_89ab_cdefn;
const CEILING = 2n ** 62n;

function tracesOf(amount: bigint, direction: string): readonly Buffer[] {
  const rank = direction === 'lowest' ? amount : CEILING - amount;
  return [amount, rank].flatMap((number) => {
    const bigEndian = Buffer.alloc(8);
    bigEndian.writeBigUInt64BE(number);
    const littleEndian = Buffer.from(bigEndian).reverse();
    const binary = [bigEndian, littleEndian];
    const texts = [number.toString(), number.toString(16), ...binary.flatMap((bytes) => base64Inside(bytes))];
    return [...binary, ...texts.map((text) => Buffer.from(text))];
  });
}

/** The characters that the bytes give in base64url at each of the three alignments, ends cut off. */
function base64Inside(bytes: Buffer): readonly string[] {
  return [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64url');
    return text.slice(Math.ceil((shift * 8) / 6), -2);
  });
}

/** Everything that passes through, as bytes. */
function recording<Held extends object>(held: Held, names: readonly string[], seen: Buffer[]): Held {
  return new Proxy(held, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...args: readonly unknown[]) => {
        if (names.includes(String(name))) for (const value of args) seen.push(...bytesIn(value));
        return method.apply(target, args);
      };
    },
  });
}

function bytesIn(value: unknown): readonly Buffer[] {
  if (value instanceof Uint8Array) return [Buffer.from(value)];
  if (value instanceof Map) return [...value.values()].flatMap(bytesIn);
  if (typeof value === 'object' && value !== null) {
    return [Buffer.from(JSON.stringify(value)), ...Object.values(value).flatMap(bytesIn)];
  }
  return [Buffer.from(utf8(String(value)))];
}

describe('no stored or posted item holds a bid', () => {
  for (const direction of ['lowest', 'highest']) {
    test(`where the ${direction} wins`, async () => {
      const world = await openWorld({ spec: { direction, rule: 'first-price', ceiling: String(CEILING) } });
      const seen: Buffer[] = [];
      for (const party of PARTIES) {
        const store: AuctionStore = recording(
          world.stores[party],
          ['putSubmission', 'putCoin', 'putState', 'claimName', 'putOutcome', 'putOutcomeSignature'],
          seen,
        );
        const channel: Channel = recording(world.channels[party], ['post'], seen);
        world.parties[party] = world.start(party, { store, channel });
      }
      const best = direction === 'lowest' ? WINNING : CEILING - WINNING;
      const amounts = [...LOSING.map((amount) => (direction === 'lowest' ? amount : CEILING - amount)), best];
      for (const [place, amount] of amounts.entries()) {
        // One bid is passed on at closing, so that this message is looked at as well.
        await world.submit(await world.bid(`bidder ${place}`, amount), place === 0 ? [0, 2] : PARTIES);
      }
      await world.closeAll();
      const [report] = await world.clearAll();
      expect(report!.outcome.statement.lots).toMatchObject([{ winner: 'bidder 2', price: String(best) }]);
      expect(seen.length).toBeGreaterThan(50);
      const everything = Buffer.concat(seen.flatMap((bytes) => [bytes, Buffer.from('|')]));
      for (const amount of amounts.slice(0, -1)) {
        for (const trace of tracesOf(amount, direction)) expect(everything.includes(trace)).toBe(false);
      }
      // The same search finds what is public: the price.
      expect(everything.includes(Buffer.from(String(best)))).toBe(true);
    });
  }

  test('and loaded keys show no secret key', async () => {
    const world = await openWorld();
    expect(JSON.stringify(world.keys[0])).not.toContain('secretKey');
    expect(Object.keys(world.keys[0].signing).sort()).toEqual(['publicKey', 'sign']);
  });
});
