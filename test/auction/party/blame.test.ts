/**
 * A party cheats for real; the honest parties' abort names it with evidence that a stranger checks. Where that
 * cannot be, the abort says whom it suspects, or that nobody can be named.
 */

import { x25519 } from '@noble/curves/ed25519.js';
import { describe, expect, test } from 'vitest';
import { toBase64url } from '../../../auction/canonical.ts';
import type { ListEntry } from '../../../auction/closing-list.ts';
import { blameOf } from '../../../auction/party/blame.ts';
import { utf8 } from '../../../mpc/bytes.ts';
import type { PartyIndex } from '../../../mpc/party.ts';
import { random, type WorldOptions } from '../../support/auction-world.ts';
import { CheatingWorld, type Document, type Lie } from './blame-world.ts';

const BOTH = [0, 1] as const;

/** Party 2 lies; every victim's blame is a proof against it of this fault. */
async function proven(
  fault: string,
  code: string,
  lieOf: (cheating: CheatingWorld) => Omit<Lie, 'from'>,
  victims: readonly PartyIndex[] = BOTH,
  options: WorldOptions = {},
): Promise<void> {
  const cheating = await CheatingWorld.closed(options);
  cheating.lies.push({ from: 2, ...lieOf(cheating) });
  const blames = await cheating.blames(
    victims,
    victims.map(() => code),
  );
  for (const blame of blames) expect(cheating.verdictOn(blame)).toMatchObject({ party: 2, fault });
}

const list = (
  cheating: CheatingWorld,
  change: (entries: readonly ListEntry[]) => readonly ListEntry[],
  to?: PartyIndex,
): Omit<Lie, 'from'> => ({
  ...(to === undefined ? {} : { to }),
  topic: 'closing',
  step: 'list',
  tell: (delivery) => cheating.relisted(delivery, change),
});

describe('proven at closing', () => {
  test('two lists, though neither victim saw both', async () => {
    await proven('two-lists', 'CLOSING_VIEWS_DIFFER', (cheating) =>
      list(cheating, (entries) => entries.slice(1), 1),
    );
  });

  test('a list that names a submission twice, or is not in order', async () => {
    await proven('list-breaks-rules', 'CLOSING_LIST_DUPLICATE', (cheating) =>
      list(cheating, (entries) => [...entries, entries.at(-1)!]),
    );
    await proven('list-breaks-rules', 'CLOSING_LIST_MALFORMED', (cheating) =>
      list(cheating, (entries) => entries.toReversed()),
    );
  });

  test('a list with a lot that there is not', async () => {
    await proven('list-breaks-rules', 'LOT_UNKNOWN', (cheating) =>
      list(cheating, (entries) => entries.map((entry) => ({ ...entry, lot: 'nowhere' }))),
    );
  });

  test('a submission listed with other facts: also to the party that does not hold it', async () => {
    for (const bidder of ['Ann', 'Bob']) {
      await proven(
        'entry-contradicts-submission',
        'CLOSING_LISTS_DIFFER',
        (cheating) =>
          list(cheating, (entries) =>
            entries.map((entry) => (entry.bidder === bidder ? { ...entry, version: 9 } : entry)),
          ),
        // Bob's bid is at 0 and 2: party 1 learns from party 0 who lies.
      );
    }
  });

  test('another coin than was committed to', async () => {
    await proven('coin-mismatch', 'COIN_MISMATCH', (cheating) => ({
      topic: 'closing',
      step: 'passing',
      tell: (delivery) => cheating.restated(delivery, (body) => ({ ...body, coin: toBase64url(random(32)) })),
    }));
  });

  test('another root than the lists give', async () => {
    await proven('root-mismatch', 'CLOSING_ROOTS_DIFFER', (cheating) => ({
      topic: 'closing',
      step: 'passing',
      tell: (delivery) => cheating.restated(delivery, (body) => ({ ...body, root: toBase64url(random(32)) })),
    }));
  });

  test('another root in a later message', async () => {
    await proven('two-roots', 'CLOSING_ROOTS_DIFFER', (cheating) => ({
      topic: 'closing',
      step: 'repair-request',
      tell: (delivery) => cheating.restated(delivery, (body) => ({ ...body, root: toBase64url(random(32)) })),
    }));
  });

  test('a bid that was not passed on, or not as its bidder signed it', async () => {
    const others: readonly ((bids: readonly Document[]) => readonly unknown[])[] = [
      () => [],
      (bids) => bids.map((bid) => ({ ...bid, signature: toBase64url(random(64)) })),
      (bids) => bids.map((bid) => ({ ...bid, version: 2 })),
    ];
    for (const other of others) {
      const cheating = await CheatingWorld.closed();
      cheating.lies.push({
        from: 0,
        topic: 'closing',
        step: 'passing',
        tell: (delivery) =>
          cheating.restated(delivery, (body) => ({ ...body, bids: other(body['bids'] as Document[]) })),
      });
      const [blame] = await cheating.blames([1], ['CLOSING_BID_MISSING']);
      expect(cheating.verdictOn(blame!)).toMatchObject({ party: 0, fault: 'bid-not-passed' });
    }
  });

  test('two versions of a message, though neither victim saw both', async () => {
    await proven('two-messages', 'CLOSING_VIEWS_DIFFER', (cheating) => ({
      topic: 'closing',
      step: 'passing',
      tell: (delivery) => cheating.restated(delivery, (body) => ({ ...body, view: toBase64url(random(32)) })),
    }));
  });

  test('a party that only waited learns it from the proof that another posted', async () => {
    const cheating = await CheatingWorld.closed({ timeouts: { closingTimeoutMs: 400 } });
    cheating.lies.push({
      from: 2,
      to: 0,
      topic: 'closing',
      step: 'list',
      tell: (delivery) => cheating.relisted(delivery, (entries) => entries.toReversed()),
    });
    const blames = await cheating.blames(BOTH, ['CLOSING_LIST_MALFORMED', 'CHANNEL_TIMEOUT']);
    for (const blame of blames) {
      expect(cheating.verdictOn(blame)).toMatchObject({ party: 2, fault: 'list-breaks-rules' });
    }
  });
});

describe('proven in the handshake', () => {
  const hello = (
    cheating: CheatingWorld,
    changes: Readonly<Record<number, Uint8Array>>,
    to?: PartyIndex,
  ): Omit<Lie, 'from'> => ({
    ...(to === undefined ? {} : { to }),
    topic: 'hello',
    tell: (delivery) => cheating.greeted(delivery, changes),
  });

  test('two hellos, though they make the honest parties take each other for forgers', async () => {
    const ephemeral = x25519.getPublicKey(random(32));
    await proven('two-hellos', 'MESSAGE_FORGED', (cheating) => hello(cheating, { 8: ephemeral }, 1));
  });

  test('another closing root than was agreed', async () => {
    await proven('two-roots', 'HANDSHAKE_MISMATCH', (cheating) => hello(cheating, { 5: random(32) }));
  });

  test('other parties than the tender names, and another sender', async () => {
    await proven('hello-breaks-rules', 'HANDSHAKE_MISMATCH', (cheating) =>
      hello(cheating, { 6: random(32) }),
    );
    await proven('hello-breaks-rules', 'HANDSHAKE_MISMATCH', (cheating) => hello(cheating, { 7: utf8('1') }));
  });

  test('an ephemeral key that yields no secret', async () => {
    for (const key of [new Uint8Array(32), Uint8Array.of(1, ...new Uint8Array(31))]) {
      await proven('hello-breaks-rules', 'HANDSHAKE_KEY', (cheating) => hello(cheating, { 8: key }));
    }
  });
});

describe('proven by the outcome', () => {
  const outcome = (
    cheating: CheatingWorld,
    change: (statement: Document) => Document,
  ): Omit<Lie, 'from'> => ({
    to: 0,
    topic: 'outcome',
    tell: (delivery) => cheating.reclaimed(delivery, change),
  });

  test('of another closing set', async () => {
    await proven(
      'two-roots',
      'OUTCOME_CONFLICT',
      (cheating) => outcome(cheating, (body) => ({ ...body, closingRoot: toBase64url(random(32)) })),
      [0],
    );
  });

  test('that counts other bids, or awards to somebody who did not bid', async () => {
    await proven(
      'outcome-contradicts-lists',
      'OUTCOME_CONFLICT',
      (cheating) => outcome(cheating, (body) => ({ ...body, liveBids: [{ lot: '1', count: 3 }] })),
      [0],
    );
    await proven(
      'outcome-contradicts-lists',
      'OUTCOME_CONFLICT',
      (cheating) =>
        outcome(cheating, (body) => ({
          ...body,
          lots: [{ ...(body['lots'] as Document[])[0], winner: 'Eve' }],
        })),
      [0],
    );
  });

  test('with coins that nobody committed to', async () => {
    await proven(
      'outcome-contradicts-lists',
      'OUTCOME_CONFLICT',
      (cheating) =>
        outcome(cheating, (body) => ({
          ...body,
          coins: [toBase64url(random(32)), ...(body['coins'] as string[]).slice(1)],
        })),
      [0],
      { spec: { tieBreak: 'lottery' } },
    );
  });

  test('that the rules of the tender exclude', async () => {
    await proven(
      'outcome-breaks-rules',
      'OUTCOME_INCONSISTENT',
      (cheating) =>
        outcome(cheating, (body) => ({
          ...body,
          lots: [{ ...(body['lots'] as Document[])[0], price: '1001' }],
        })),
      [0],
    );
  });

  test('in two versions, though neither victim saw both', async () => {
    const cheating = await CheatingWorld.closed();
    for (const [to, price] of [
      [0, '6'],
      [1, '8'],
    ] as const) {
      cheating.lies.push({
        from: 2,
        to,
        topic: 'outcome',
        tell: (delivery) =>
          cheating.reclaimed(delivery, (body) => ({
            ...body,
            lots: [{ ...(body['lots'] as Document[])[0], price }],
          })),
      });
    }
    const blames = await cheating.blames(BOTH, ['OUTCOME_CONFLICT', 'OUTCOME_CONFLICT']);
    for (const blame of blames) {
      expect(cheating.verdictOn(blame)).toMatchObject({ party: 2, fault: 'two-outcomes' });
    }
  });
});

describe('not proven', () => {
  test('an outcome that differs in what nobody may open: its signer is suspected', async () => {
    const cheating = await CheatingWorld.closed({ timeouts: { closingTimeoutMs: 300 } });
    cheating.lies.push({
      from: 2,
      to: 0,
      topic: 'outcome',
      tell: (delivery) =>
        cheating.reclaimed(delivery, (body) => ({
          ...body,
          lots: [{ ...(body['lots'] as Document[])[0], price: '6' }],
        })),
    });
    expect(await cheating.blames([0], ['OUTCOME_CONFLICT'])).toMatchObject([
      { kind: 'suspected', parties: [2] },
    ]);
  });

  test('silence: nobody', async () => {
    const cheating = await CheatingWorld.closed({ timeouts: { closingTimeoutMs: 100 } });
    cheating.lies.push({ from: 2, topic: 'closing', tell: () => undefined });
    expect(await cheating.blames(BOTH, ['CHANNEL_TIMEOUT', 'CHANNEL_TIMEOUT'])).toMatchObject([
      { kind: 'nobody' },
      { kind: 'nobody' },
    ]);
  });

  test('a list that is not signed, whoever it names: the party whose outbox it was in', async () => {
    for (const named of [0, 1, 2]) {
      const cheating = await CheatingWorld.closed();
      cheating.lies.push({
        from: 2,
        to: 0,
        topic: 'closing',
        step: 'list',
        tell: (delivery) => cheating.restated(delivery, (body) => ({ ...body, party: named, closedAt: 1 })),
      });
      const code = named === 2 ? 'CLOSING_VIEWS_DIFFER' : 'CLOSING_LIST_SIGNATURE';
      const [blame] = await cheating.blames([0], [code]);
      expect(blame).toMatchObject(
        named === 2 ? { kind: 'proven', party: 2 } : { kind: 'suspected', parties: [2] },
      );
    }
  });

  test('a view that nobody else had, told alike to everybody: both peers', async () => {
    const cheating = await CheatingWorld.closed({ timeouts: { closingTimeoutMs: 300 } });
    const view = toBase64url(random(32));
    cheating.lies.push({
      from: 2,
      topic: 'closing',
      step: 'passing',
      tell: (delivery) => cheating.restated(delivery, (body) => ({ ...body, view })),
    });
    expect(await cheating.blames(BOTH, ['CLOSING_VIEWS_DIFFER', 'CLOSING_VIEWS_DIFFER'])).toMatchObject([
      { kind: 'suspected', parties: [1, 2] },
      { kind: 'suspected', parties: [0, 2] },
    ]);
  });

  test('another circuit: the party is suspected, since another program does the same', async () => {
    const cheating = await CheatingWorld.closed();
    cheating.lies.push({
      from: 2,
      topic: 'hello',
      tell: (delivery) => cheating.greeted(delivery, { 4: new Uint8Array(32) }),
    });
    expect(await cheating.blames(BOTH, ['HANDSHAKE_MISMATCH', 'HANDSHAKE_MISMATCH'])).toMatchObject([
      { kind: 'suspected', parties: [2] },
      { kind: 'suspected', parties: [2] },
    ]);
  });

  test('other shares in the computation: both peers, since nobody can show who sent what', async () => {
    const { world } = await CheatingWorld.open();
    const bid = await world.bid('Ann', 5n);
    const other = await world.bid('Ann', 900n);
    await world.submit(bid);
    await world.submit(await world.bid('Bob', 7n));
    await world.closeAll();
    const store = world.stores[2];
    let listed = false;
    world.parties[2] = world.start(2, {
      store: new Proxy(store, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name);
          if (name !== 'submissions') return typeof value === 'function' ? value.bind(target) : value;
          return async () => {
            const held = await store.submissions(world.id);
            if (!listed) {
              listed = true;
              return held;
            }
            return held.map((stored) =>
              stored.submission.bidder === 'Ann' ? { ...stored, submission: other } : stored,
            );
          };
        },
      }),
    });
    const settled = await world.clearEach();
    const codes = ['CHECK_FAILED', 'REVEAL_MISMATCH'];
    for (const party of BOTH) {
      const result = settled[party]!;
      if (result.status === 'fulfilled') throw new Error('an outcome of other shares was signed');
      expect(codes).toContain(result.reason.code);
      expect(blameOf(result.reason)).toMatchObject({
        kind: 'suspected',
        parties: [0, 1, 2].filter((index) => index !== party),
      });
    }
  });

  test('a message that the network changed: both peers', async () => {
    const cheating = await CheatingWorld.closed({ timeouts: { closingTimeoutMs: 300 } });
    const { world } = cheating;
    const channel = world.channels[0];
    world.parties[0] = world.start(0, {
      channel: new Proxy(channel, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name);
          if (name !== 'collect') return typeof value === 'function' ? value.bind(target) : value;
          return async (...args: Parameters<typeof channel.collect>) => {
            const bytes = await channel.collect(...args);
            if (args[0].includes('/attempt/')) bytes[0] = bytes[0]! ^ 1;
            return bytes;
          };
        },
      }),
    });
    expect(await cheating.blames([0], ['MESSAGE_FORGED'])).toMatchObject([
      { kind: 'suspected', parties: [1, 2] },
    ]);
  });

  test('errors without a code of ours, and those that no clearing threw, have no blame', async () => {
    const { world } = await CheatingWorld.closed();
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    const error = await world.parties[0].clear(world.id, { signal: stop.signal }).catch((reason) => reason);
    expect(blameOf(error)).toBeUndefined();
    expect(blameOf(new Error('other'))).toBeUndefined();
    expect(blameOf(undefined)).toBeUndefined();
  });
});
