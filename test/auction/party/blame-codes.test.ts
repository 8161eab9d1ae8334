/** The rules of blame, their page, and what they do with the names in an error. */

import { describe, expect, test } from 'vitest';
import { canonicalBytes } from '../../../auction/canonical.ts';
import { AuctionError } from '../../../auction/errors.ts';
import { FAULTS, type Fault } from '../../../auction/evidence-document.ts';
import {
  assignBlame,
  type Blame,
  blamedParties,
  blameOf,
  describeBlame,
} from '../../../auction/party/blame.ts';
import { abortCodes, blameRule } from '../../../auction/party/blame-codes.ts';
import { Witness } from '../../../auction/party/blame-witness.ts';
import { utf8 } from '../../../mpc/bytes.ts';
import { type ErrorFacts, MpcError, type MpcErrorCode } from '../../../mpc/errors.ts';
import { blameTable, faultTable, otherCodes } from '../../docs/blame-tables.ts';
import { partOf } from '../../docs/generated.ts';
import { readRepositoryFile } from '../../docs/repository.ts';
import { openWorld } from '../../support/auction-world.ts';

/** No party can come upon these: they take a receipt, which bidders hold. */
const SHOWN_BY_BIDDERS: readonly Fault[] = [
  'two-receipts',
  'receipt-breaks-rules',
  'receipt-not-listed',
  'entry-contradicts-receipt',
];

test('docs/blame.md has every fault and every code (else: node test/docs/write-generated.ts)', () => {
  const page = readRepositoryFile('docs/blame.md');
  expect(partOf(page, 'faults')).toBe(faultTable());
  expect(partOf(page, 'abort codes')).toBe(blameTable());
  expect(partOf(page, 'other codes')).toBe(otherCodes());
});

test('every fault is what some abort is proven by, or what a bidder shows', () => {
  const proving = abortCodes().flatMap((code) => blameRule(code).provenBy ?? []);
  expect(new Set([...proving, ...SHOWN_BY_BIDDERS])).toEqual(new Set(Object.keys(FAULTS)));
  for (const fault of SHOWN_BY_BIDDERS) expect(proving).not.toContain(fault);
});

test('every rule has a reason, and whatever is exchanged is so for the sake of a proof', () => {
  for (const code of abortCodes()) {
    const { reason, exchange, provenBy = [] } = blameRule(code);
    expect(reason.length, code).toBeGreaterThan(20);
    if (exchange !== undefined) expect(provenBy.length, code).toBeGreaterThan(0);
  }
});

describe('without evidence', () => {
  /** At party 1, with nothing seen. */
  async function blameFor(error: Error): Promise<Blame | undefined> {
    const world = await openWorld();
    await assignBlame(error, {
      parameters: { keys: world.keys[1], store: world.stores[1], clock: world.clock },
      tender: world.tender,
      witness: new Witness(world.channels[1], world.id),
      timeoutMs: 10,
      signal: new AbortController().signal,
    });
    return blameOf(error);
  }

  const engine = (code: MpcErrorCode, facts: ErrorFacts) => new MpcError(code, 'for a test', facts);

  test('the party that the error names is suspected, under whatever name', async () => {
    for (const facts of [{ party: 2 }, { from: 2 }, { prover: 2 }]) {
      expect(await blameFor(engine('MESSAGE_MALFORMED', facts))).toMatchObject({
        kind: 'suspected',
        parties: [2],
      });
    }
  });

  test('both peers are, where it names none, or where naming means little', async () => {
    for (const [code, facts] of [
      ['MESSAGE_MALFORMED', {}],
      ['CHECK_FAILED', { prover: 2 }],
      ['CHECK_SEED_DIFFERS', { prover: 0, verifier: 2 }],
      ['REVEAL_MISMATCH', {}],
      ['MESSAGE_FORGED', { from: 0 }],
    ] as const) {
      const blame = await blameFor(engine(code, facts));
      expect(blame).toMatchObject({ kind: 'suspected', parties: [0, 2] });
      expect(blamedParties(blame!)).toEqual([0, 2]);
      expect(describeBlame(blame!)).toMatch(/^suspected: party 0 or 2, without proof: /);
    }
  });

  test('nobody is, where it names the party itself, or is about its own records', async () => {
    for (const error of [
      engine('HANDSHAKE_MISMATCH', { field: 'sender', party: 1 }),
      new AuctionError('OUTCOME_CONFLICT', 'this party already signed another outcome'),
      new AuctionError('CLOSING_SHARES_LOST', 'no shares'),
      engine('ATTEMPT_TAKEN_OVER', { attempt: 2 }),
      engine('CHANNEL_TIMEOUT', { party: 2 }),
    ]) {
      const blame = await blameFor(error);
      expect(blame?.kind).toBe('nobody');
      expect(blamedParties(blame!)).toEqual([]);
    }
  });

  test('a proof in an outbox is not believed unchecked, and a broken channel hides no abort', async () => {
    const world = await openWorld();
    const channel = world.channels[0];
    await channel.post(`${world.id}/evidence`, 'proof', { everyone: utf8('{"kind":"evidence","party":2}') });
    const broken = new Proxy(world.channels[1], {
      get: (target, name) => {
        if (name === 'self') return target.self;
        return () => Promise.reject(new Error('out of order'));
      },
    });
    for (const own of [world.channels[1], broken]) {
      const error = engine('CHECK_FAILED', { prover: 2 });
      await assignBlame(error, {
        parameters: { keys: world.keys[1], store: world.stores[1], clock: world.clock },
        tender: world.tender,
        witness: new Witness(own, world.id),
        timeoutMs: 10,
        signal: new AbortController().signal,
      });
      expect(blameOf(error)).toMatchObject({ kind: 'suspected' });
    }
  });
});

describe('a witness', () => {
  test('keeps a few versions of each public document, and no sealed message', async () => {
    const world = await openWorld();
    const [sender] = world.channels;
    let version = 0;
    const outcome = (count: number) =>
      canonicalBytes({
        statement: {
          kind: 'outcome',
          tender: world.id,
          closingRoot: world.id,
          liveBids: [{ lot: '1', count }],
          lots: [],
        },
        signatures: [],
      });
    const showing = new Proxy(world.channels[1], {
      get: (target, name) => {
        if (name === 'latest') return async () => ({ step: 'signature', bytes: outcome(version++) });
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const witness = new Witness(showing, world.id);
    for (let look = 0; look < 50; look++) await witness.latest(`${world.id}/outcome`, 0);
    const topic = `${world.id}/clearing/attempt/1`;
    await sender.post(topic, 'and/1', { to: new Map([[1, utf8('sealed')]]) });
    await witness.collect(topic, 'and/1', 0, new AbortController().signal);
    for (let attempt = 1; attempt <= 50; attempt++) {
      const step = String(attempt).padStart(8, '0');
      await witness.post(`${world.id}/clearing/hello`, step, { everyone: utf8(`hello ${attempt}`) });
    }
    expect(witness.documents().outcomes).toHaveLength(3);
    expect(witness.documents().hellos).toHaveLength(8);
    expect(witness.lastAttempt()).toBe('00000050');
    expect(witness.hellosOf('00000050')).toHaveLength(1);
    expect(version).toBe(50);
  });
});
