/** Agreement on the closing set with one party that cheats, is late, or was not there when bids came in. */

import { describe, expect, test } from 'vitest';
import { canonicalBytes, toBase64url } from '../../../auction/canonical.ts';
import { type ClosingList, createClosingList } from '../../../auction/closing-list.ts';
import { nodeSignatures } from '../../../auction/party/signatures-node.ts';
import { signDocument, signerOf } from '../../../auction/signature.ts';
import type { SealedBid, Submission } from '../../../auction/submission.ts';
import { frame } from '../../../mpc/bytes.ts';
import type { Delivery } from '../../../mpc/channels/memory.ts';
import type { PartyIndex } from '../../../mpc/party.ts';
import {
  type AuctionWorld,
  codesOf,
  openWorld,
  random,
  type WorldOptions,
} from '../../support/auction-world.ts';

type Document = Record<string, unknown>;

/** What party `from` says at `step`, as party `to` gets to read it, is changed on its way. */
interface Change {
  readonly from: PartyIndex;
  readonly to?: PartyIndex;
  readonly step: string;
  change(delivery: Delivery): Uint8Array | undefined;
}

/** A world whose network applies changes set later, since changes need the world's keys. */
async function worldWith(options: WorldOptions = {}): Promise<{ world: AuctionWorld; changes: Change[] }> {
  const changes: Change[] = [];
  const deliver = (delivery: Delivery) => {
    const applied = changes.find(
      ({ from, to, step }) =>
        delivery.from === from && (to ?? delivery.to) === delivery.to && delivery.step === step,
    );
    return applied === undefined ? delivery.bytes : applied.change(delivery);
  };
  const world = await openWorld({
    ...options,
    network: { deliver },
  });
  return { world, changes };
}

/** The message with other content, signed by its sender: what a corrupt party can say. */
function restated(
  world: AuctionWorld,
  { from, bytes }: Delivery,
  change: (body: Document) => Document,
): Uint8Array {
  const { signature: _, ...body } = JSON.parse(new TextDecoder().decode(bytes)) as Document;
  const changed = change(body);
  const message = frame('tacit/1', String(changed['kind']), canonicalBytes(changed));
  return canonicalBytes({ ...changed, signature: toBase64url(world.keys[from].signing.sign(message)) });
}

/** The bid with an envelope for one party that nobody can open, signed by its bidder. */
function withBadEnvelope(world: AuctionWorld, bid: Submission, party: PartyIndex): Submission {
  const { signature: _, ...body } = bid as SealedBid;
  const envelopes = body.envelopes.map((envelope, index) =>
    index === party ? { ...envelope, encapsulated: toBase64url(random(32)) } : envelope,
  );
  const changed = { ...body, envelopes };
  const signer = signerOf(world.bidderSecretKey(bid.bidder), nodeSignatures);
  return { ...changed, signature: signDocument('bid', changed, signer) } as unknown as Submission;
}

/** The list signed anew after a change, by the party it then names. */
function relisted(world: AuctionWorld, bytes: Uint8Array, change: Partial<ClosingList>): Uint8Array {
  const list = { ...(JSON.parse(new TextDecoder().decode(bytes)) as ClosingList), ...change };
  const signer = world.keys[list.party].signing;
  return canonicalBytes(createClosingList({ ...list, terms: world.tender.terms, signer }));
}

function entriesOf(bytes: Uint8Array): ClosingList['entries'] {
  return (JSON.parse(new TextDecoder().decode(bytes)) as ClosingList).entries;
}

async function codesOfVictims(
  world: AuctionWorld,
  victims: readonly PartyIndex[],
): Promise<readonly string[]> {
  const stop = new AbortController();
  const options = { signal: stop.signal };
  const running = world.parties.map((party) => party.clear(world.id, options));
  const everybody = Promise.allSettled(running);
  const ofVictims = running.filter((_, index) => victims.some((victim) => victim === index));
  const settled = await Promise.allSettled(ofVictims);
  stop.abort(new Error('stopped by the test'));
  await everybody;
  return codesOf(settled);
}

async function resultsOf(world: AuctionWorld) {
  const reports = await world.clearAll();
  const [first, ...others] = reports;
  for (const { outcome } of others) expect(outcome.statement).toEqual(first!.outcome.statement);
  expect(first!.outcome.signatures).toHaveLength(3);
  return {
    lots: first!.outcome.statement.lots,
    rounds: reports.map(({ statistics }) => statistics.closingRounds),
  };
}

describe('which bids count', () => {
  test('a bid with one receipt does not count, with two it does and is passed on', async () => {
    const { world } = await worldWith();
    await world.submit(await world.bid('one', 1n), [0]);
    await world.submit(await world.bid('two', 2n), [0, 2]);
    await world.submit(await world.bid('three', 3n));
    await world.closeAll();
    const { lots, rounds } = await resultsOf(world);
    expect(lots).toMatchObject([{ winner: 'two', price: '3' }]);
    expect(rounds).toEqual([3, 3, 3]);
  });

  test('a party that was not there when bids came in takes part all the same', async () => {
    for (const absent of [0, 1, 2] as const) {
      const { world } = await worldWith();
      const present = ([0, 1, 2] as const).filter((party) => party !== absent);
      for (const [place, amount] of [30n, 20n, 10n, 10n].entries()) {
        await world.submit(await world.bid(`bidder ${place}`, amount), present);
      }
      await world.submit(world.withdrawal('bidder 1', 2), present);
      await world.closeAll();
      expect((await resultsOf(world)).lots).toMatchObject([{ winner: 'bidder 2', price: '10' }]);
    }
  });

  test('a withdrawal that two parties received stands', async () => {
    const { world } = await worldWith();
    await world.submit(await world.bid('Ann', 1n));
    await world.submit(await world.bid('Bob', 2n));
    await world.submit(world.withdrawal('Ann', 2), [1, 2]);
    await world.closeAll();
    expect((await resultsOf(world)).lots).toMatchObject([{ winner: 'Bob', price: '2' }]);
  });

  test('one party cannot drop a bid, nor add or predate one', async () => {
    const { world, changes } = await worldWith();
    const [kept, late] = [await world.bid('kept', 2n), await world.bid('late', 1n)];
    await world.submit(kept);
    await world.submit(late, [2]);
    await world.closeAll();
    // Before it posts: party 2's own store is what a corrupt party 2 lists from.
    const store = world.stores[2];
    const listed = (await store.submissions(world.id)).filter(
      ({ submission }) => submission.bidder !== 'kept',
    );
    const invented = await world.bid('invented', 0n);
    const [entry] = listed;
    world.parties[2] = world.start(2, {
      store: new Proxy(store, {
        get: (target, name) => {
          if (name === 'submissions') {
            return async () => [...listed, { ...entry!, hash: 'x', submission: invented }];
          }
          const value: unknown = Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      }),
    });
    const { lots } = await resultsOf(world);
    expect(lots).toMatchObject([{ winner: 'kept', price: '2' }]);
    expect(changes).toEqual([]);
  });

  test('a bid with receipts counts though the clock that closed was behind the one that received', async () => {
    const { world } = await worldWith();
    await world.submit(await world.bid('Ann', 5n));
    world.clock.advance(-500);
    await world.closeAll();
    expect((await resultsOf(world)).lots).toMatchObject([{ winner: 'Ann', price: '5' }]);
  });

  test('all lots without enough bids need no session', async () => {
    const { world } = await worldWith({ spec: { minimumBids: 2 } });
    await world.submit(await world.bid('Ann', 1n));
    await world.closeAll();
    const { lots } = await resultsOf(world);
    expect(lots).toEqual([{ lot: '1', outcome: 'no-sale', reason: 'too-few-bids' }]);
    expect(await world.channels[0].latest(`${world.id}/clearing/hello`, 0)).toBeUndefined();
  });
});

describe('an envelope that one party cannot open', () => {
  test('is repaired from the two others', async () => {
    for (const victim of [0, 1, 2] as const) {
      const { world } = await worldWith();
      const others = ([0, 1, 2] as const).filter((party) => party !== victim);
      const bad = withBadEnvelope(world, await world.bid('bad', 5n), victim);
      await expect(world.parties[victim].submit(world.id, bad)).rejects.toMatchObject({
        code: 'ENVELOPE_UNREADABLE',
      });
      await world.submit(bad, others);
      await world.submit(await world.bid('good', 7n));
      await world.closeAll();
      const { lots, rounds } = await resultsOf(world);
      expect(lots).toMatchObject([{ winner: 'bad', price: '7' }]);
      expect(rounds).toEqual([4, 4, 4]);
    }
  });

  test('is repaired too where the party gave a receipt and lost its key since', async () => {
    const { world } = await worldWith();
    await world.submit(await world.bid('Ann', 5n));
    await world.submit(await world.bid('Bob', 7n));
    await world.closeAll();
    const store = world.stores[1];
    const damaged = (await store.submissions(world.id)).map((stored) => ({
      ...stored,
      submission: withBadEnvelope(world, stored.submission, 1),
    }));
    let damageShows = false;
    world.parties[1] = world.start(1, {
      store: new Proxy(store, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name);
          if (name === 'submissions' && damageShows) return async () => damaged;
          return typeof value === 'function' ? value.bind(target) : value;
        },
      }),
    });
    // The list is made from the sound store; only opening finds the damage.
    const listing = world.channels[1].collect(`${world.id}/closing`, 'list', 1, new AbortController().signal);
    const clearing = resultsOf(world);
    await listing;
    damageShows = true;
    const { lots, rounds } = await clearing;
    expect(lots).toMatchObject([{ winner: 'Ann', price: '7' }]);
    expect(rounds).toEqual([3, 3, 3]);
  });

  async function repairing(
    change: (world: AuctionWorld, delivery: Delivery) => Uint8Array | undefined,
    options: WorldOptions = {},
  ) {
    const { world, changes } = await worldWith(options);
    await world.submit(withBadEnvelope(world, await world.bid('bad', 5n), 1), [0, 2]);
    await world.closeAll();
    changes.push({ from: 0, to: 1, step: 'repair', change: (delivery) => change(world, delivery) });
    const [code] = await codesOfVictims(world, [1]);
    return code;
  }

  test('is not repaired by a parcel that was emptied, changed or left out', async () => {
    const emptied = await repairing((world, delivery) =>
      restated(world, delivery, (body) => ({ ...body, parcels: [] })),
    );
    expect(emptied).toBe('CLOSING_REPAIR_FAILED');
    const changed = await repairing((world, delivery) =>
      restated(world, delivery, (body) => {
        const [parcel] = body['parcels'] as Document[];
        return { ...body, parcels: [{ ...parcel, encapsulated: toBase64url(random(32)) }] };
      }),
    );
    expect(changed).toBe('CLOSING_REPAIR_FAILED');
    expect(await repairing((_, { bytes }) => flipped(bytes))).toBe('CLOSING_MESSAGE_SIGNATURE');
    const impatient = { timeouts: { closingTimeoutMs: 200 } };
    expect(await repairing(() => undefined, impatient)).toBe('CHANNEL_TIMEOUT');
  });
});

describe('a party that cheats at closing is stopped', () => {
  async function withTwoBids(options: WorldOptions = {}) {
    const { world, changes } = await worldWith(options);
    await world.submit(await world.bid('Ann', 5n));
    await world.submit(await world.bid('Bob', 7n), [0, 2]);
    await world.closeAll();
    return { world, changes };
  }

  /** What the victims end with; the others are then stopped, since they would only wait. */
  async function codesAfter(
    victims: readonly PartyIndex[],
    change: (world: AuctionWorld) => Change,
  ): Promise<readonly string[]> {
    const { world, changes } = await withTwoBids();
    changes.push(change(world));
    const codes = await codesOfVictims(world, victims);
    for (const store of world.stores) expect(await store.outcome(world.id)).toBeUndefined();
    return codes;
  }

  test('by the signature of its list', async () => {
    const change = ({ bytes }: Delivery) => flipped(bytes);
    const codes = await codesAfter([1], () => ({ from: 2, to: 1, step: 'list', change }));
    expect(codes).toEqual(['CLOSING_LIST_SIGNATURE']);
  });

  test('by the form of its messages', async () => {
    const change = () => new TextEncoder().encode('{');
    for (const step of ['list', 'passing', 'repair-request']) {
      const codes = await codesAfter([1], () => ({ from: 2, to: 1, step, change }));
      expect(codes).toEqual(['CLOSING_MESSAGE_MALFORMED']);
    }
  });

  test('when it posts the list of another party', async () => {
    const codes = await codesAfter([1], (world) => ({
      from: 2,
      to: 1,
      step: 'list',
      change: ({ bytes }) => relisted(world, bytes, { party: 0 }),
    }));
    expect(codes).toEqual(['CLOSING_MESSAGE_SIGNATURE']);
  });

  test('when it shows its peers different lists', async () => {
    const codes = await codesAfter([0, 1], (world) => ({
      from: 2,
      to: 1,
      step: 'list',
      change: ({ bytes }) => relisted(world, bytes, { entries: entriesOf(bytes).slice(1) }),
    }));
    expect(codes).toEqual(['CLOSING_VIEWS_DIFFER', 'CLOSING_VIEWS_DIFFER']);
  });

  test('when it lists a submission with other facts', async () => {
    const codes = await codesAfter([0, 1], (world) => ({
      from: 2,
      step: 'list',
      change: ({ bytes }) =>
        relisted(world, bytes, { entries: entriesOf(bytes).map((entry) => ({ ...entry, bidder: 'Eve' })) }),
    }));
    expect(codes).toEqual(['CLOSING_LISTS_DIFFER', 'CLOSING_LISTS_DIFFER']);
  });

  test('when it shows another coin than it committed to', async () => {
    const codes = await codesAfter([0, 1], (world) => ({
      from: 2,
      step: 'passing',
      change: (delivery) => restated(world, delivery, (body) => ({ ...body, coin: toBase64url(random(32)) })),
    }));
    expect(codes).toEqual(['COIN_MISMATCH', 'COIN_MISMATCH']);
  });

  test('when it computed another set from the same lists', async () => {
    const codes = await codesAfter([0, 1], (world) => ({
      from: 2,
      step: 'passing',
      change: (delivery) => restated(world, delivery, (body) => ({ ...body, root: toBase64url(random(32)) })),
    }));
    expect(codes).toEqual(['CLOSING_ROOTS_DIFFER', 'CLOSING_ROOTS_DIFFER']);
  });

  test('when its message is signed for another tender or by another party', async () => {
    for (const change of [{ tender: toBase64url(random(32)) }, { party: 1 }]) {
      const codes = await codesAfter([0], (world) => ({
        from: 2,
        to: 0,
        step: 'passing',
        change: (delivery) => restated(world, delivery, (body) => ({ ...body, ...change })),
      }));
      expect(codes).toEqual(['CLOSING_MESSAGE_SIGNATURE']);
    }
  });

  test('when it withholds a bid, or passes on another in its place', async () => {
    const others: readonly ((bids: readonly Document[]) => readonly unknown[])[] = [
      () => [],
      (bids) => bids.map((bid) => ({ ...bid, version: 2 })),
      (bids) => bids.map((bid) => ({ ...bid, signature: toBase64url(random(64)) })),
      () => ['nonsense'],
    ];
    for (const other of others) {
      const codes = await codesAfter([1], (world) => ({
        from: 0,
        to: 1,
        step: 'passing',
        change: (delivery) =>
          restated(world, delivery, (body) => ({ ...body, bids: other(body['bids'] as Document[]) })),
      }));
      expect(codes).toEqual(['CLOSING_BID_MISSING']);
    }
  });

  test('when it stays silent; and when it speaks later, the others finish', async () => {
    const { world } = await withTwoBids({ timeouts: { closingTimeoutMs: 200 } });
    expect(codesOf(await world.clearEach([0, 1]))).toEqual(['CHANNEL_TIMEOUT', 'CHANNEL_TIMEOUT']);
    world.restartPatiently();
    expect((await resultsOf(world)).lots).toMatchObject([{ winner: 'Ann', price: '7' }]);
  });
});

function flipped(bytes: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  const at = text.indexOf('"signature":"') + '"signature":"'.length;
  const other = text[at] === 'A' ? 'B' : 'A';
  return new TextEncoder().encode(text.slice(0, at) + other + text.slice(at + 1));
}
