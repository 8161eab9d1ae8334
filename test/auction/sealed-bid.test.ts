import { inspect } from 'node:util';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { rankOf } from '../../auction/amount.ts';
import { fromBase64url, toBase64url } from '../../auction/canonical.ts';
import { checkShare, commitmentTo, committedShare, sharePair } from '../../auction/commitment.ts';
import { sealToParty } from '../../auction/envelope.ts';
import { openEnvelope, type SealOptions, sealBid } from '../../auction/sealed-bid.ts';
import { signDocument, signerOf } from '../../auction/signature.ts';
import {
  checkSubmission,
  ciphertextBytesOf,
  createWithdrawal,
  type SealedBid,
  type Submission,
  shareBytesOf,
  submissionHash,
} from '../../auction/submission.ts';
import { concatBytes, frame } from '../../mpc/bytes.ts';
import { nextParty, PARTIES } from '../../mpc/party.ts';
import {
  type Fixture,
  fixture,
  overTheWire,
  refused,
  refusedAsync,
  seededRandom,
  seedOf,
} from './fixture.ts';

const bidder = 'Ann & Sons';
const bidderSecretKey = seedOf('ann');
const annSigner = signerOf(bidderSecretKey);

let tender: Fixture;
let sealed: SealedBid;

const seal = (made: Fixture, changes: Partial<SealOptions> = {}): Promise<SealedBid> =>
  sealBid({
    terms: made.terms,
    parties: made.parties,
    lot: 'A',
    bidder,
    bidderSecretKey,
    version: 1,
    amount: 1_234_567n,
    random: seededRandom('bid'),
    ...changes,
  });

const open = (bid: SealedBid, party: 0 | 1 | 2, made: Fixture = tender) =>
  openEnvelope({ sealed: bid, terms: made.terms, party, sealingKeyPair: made.sealing[party] });

/** The same bid with other fields, signed again by its bidder. */
function resigned(bid: SealedBid, changes: Partial<SealedBid>): SealedBid {
  const { signature: _, ...body } = { ...bid, ...changes };
  return { ...body, signature: signDocument('bid', body, annSigner) };
}

const toBigInt = (littleEndian: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(littleEndian).reverse().toString('hex')}`);

beforeAll(async () => {
  tender = await fixture();
  sealed = await seal(tender);
});

describe('sealing and opening', () => {
  it('gives the parties replicated shares of the rank, for every width and direction', async () => {
    const ceilings = ['1', '2', '255', '256', '65535', '999999', '4294967296', '18446744073709551615'];
    for (const ceiling of ceilings) {
      for (const direction of ['lowest', 'highest']) {
        const made = await fixture({ ceiling, direction, decimals: 0, reserve: undefined });
        for (const amount of [0n, made.terms.ceiling, made.terms.ceiling / 3n]) {
          const bid = await seal(made, { amount, random: seededRandom(`${ceiling}/${amount}`) });
          const checked = checkSubmission(overTheWire(bid), made.terms);
          if (checked.kind !== 'bid') throw new Error('expected a bid');
          const pairs = [
            await open(checked, 0, made),
            await open(checked, 1, made),
            await open(checked, 2, made),
          ];
          for (const party of PARTIES) {
            expect(pairs[party]!.second.share).toEqual(pairs[nextParty(party)]!.first.share);
            expect(pairs[party]!.first.share).toHaveLength(Math.ceil(made.terms.bits / 8));
          }
          const rank = pairs.map((pair) => toBigInt(pair.first.share)).reduce((sum, share) => sum ^ share);
          expect(rank).toBe(rankOf(amount, made.terms));
        }
      }
    }
  });

  it('draws shares whose bits are all random, up to the width and not beyond', async () => {
    const made = await fixture({ ceiling: '1000', decimals: 0, reserve: undefined });
    expect(made.terms.bits).toBe(10);
    let [ored, anded] = [0n, (1n << 10n) - 1n];
    for (let trial = 0; trial < 40; trial++) {
      const bid = await seal(made, { amount: 0n, random: seededRandom(`trial ${trial}`) });
      const share = toBigInt((await open(bid, 0, made)).first.share);
      ored |= share;
      anded &= share;
    }
    // A bit that is constant over 40 draws: probability 10 * 2^-39 for honest shares; the seeds are fixed.
    expect(ored).toBe((1n << 10n) - 1n);
    expect(anded).toBe(0n);
  });

  it('has one length whatever the amount', async () => {
    const lengths = new Set<string>();
    for (const amount of [0n, 1n, 99n, 100_000_000n]) {
      const bid = await seal(tender, { amount });
      lengths.add(JSON.stringify(bid.envelopes.map((envelope) => envelope.ciphertext.length)));
      expect(fromBase64url(bid.envelopes[0].ciphertext)).toHaveLength(ciphertextBytesOf(tender.terms.bits));
      expect(JSON.stringify(bid)).toHaveLength(JSON.stringify(sealed).length);
    }
    expect(lengths.size).toBe(1);
  });

  it('refuses amounts, lots, names and versions that the tender does not have', async () => {
    await refusedAsync(() => seal(tender, { amount: 100_000_001n }), 'AMOUNT_OVER_CEILING');
    await refusedAsync(() => seal(tender, { amount: -1n }), 'AMOUNT_NEGATIVE');
    await refusedAsync(() => seal(tender, { lot: 'C' }), 'LOT_UNKNOWN');
    await refusedAsync(() => seal(tender, { version: 0 }), 'BID_MALFORMED');
    await refusedAsync(() => seal(tender, { version: 1.5 }), 'BID_MALFORMED');
    for (const name of ['', ' Ann', 'Ann\n', 'An\u200bn', 'x'.repeat(129), 'e\u0301', '\ud800']) {
      await refusedAsync(() => seal(tender, { bidder: name }), 'BID_MALFORMED');
    }
    await refusedAsync(() => seal(tender, { bidderSecretKey: new Uint8Array(31) }), 'KEY_MALFORMED');
  });

  it('refuses a random source that gives fewer bytes than asked for', async () => {
    await expect(seal(tender, { random: (length) => new Uint8Array(length - 1) })).rejects.toThrow(
      RangeError,
    );
  });
});

describe('checking a submission', () => {
  it('accepts what the bidder sent, over the wire', () => {
    expect(checkSubmission(overTheWire(sealed), tender.terms)).toEqual(sealed);
  });

  it('refuses every field changed after signing', () => {
    const flipped = (text: string): string => `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`;
    const changes: Partial<SealedBid>[] = [
      { lot: 'B' },
      { bidder: 'Bob' },
      { bidderKey: signerOf(seedOf('bob')).publicKey },
      { version: 2 },
      { commitments: [sealed.commitments[1], sealed.commitments[0], sealed.commitments[2]] },
      { envelopes: [sealed.envelopes[1], sealed.envelopes[0], sealed.envelopes[2]] },
      {
        envelopes: [
          sealed.envelopes[0],
          sealed.envelopes[1],
          { ...sealed.envelopes[2], ciphertext: flipped(sealed.envelopes[2].ciphertext) },
        ],
      },
      { signature: flipped(sealed.signature) },
    ];
    for (const change of changes) {
      refused(() => checkSubmission({ ...sealed, ...change }, tender.terms), 'BID_SIGNATURE');
    }
  });

  it('refuses a bid for another tender, lot or width', async () => {
    const other = await fixture({ title: 'Another' });
    refused(() => checkSubmission(sealed, other.terms), 'BID_OTHER_TENDER');
    refused(() => checkSubmission(resigned(sealed, { lot: 'C' }), tender.terms), 'LOT_UNKNOWN');
    const wide = await fixture({ ceiling: '90000000000.00' });
    const error = refused(
      () => checkSubmission(resigned(sealed, { tender: wide.id }), wide.terms),
      'BID_MALFORMED',
    );
    expect(error.facts['field']).toBe('envelopes[0].ciphertext');
  });

  it.each([
    ['kind', { kind: 'offer' }],
    ['tender', { tender: 'x' }],
    ['lot', { lot: '' }],
    ['bidder', { bidder: 'Ann\u0007' }],
    ['bidder', { bidder: 'x'.repeat(129) }],
    ['bidderKey', { bidderKey: 'AA' }],
    ['version', { version: 0 }],
    ['version', { version: '1' }],
    ['version', { version: 2 ** 32 }],
    ['commitments', { commitments: [] }],
    ['commitments[1]', { commitments: ['A'.repeat(43), 'A'.repeat(44), 'A'.repeat(43)] }],
    ['envelopes', { envelopes: undefined }],
    [
      'envelopes[0].ciphertext',
      { envelopes: Array(3).fill({ encapsulated: 'A'.repeat(43), ciphertext: 'A'.repeat(9999) }) },
    ],
    ['signature', { signature: 'A'.repeat(85) }],
    ['', { amount: 5 }],
  ])('names the field %j that is malformed', (field, change) => {
    const json = { ...overTheWire(sealed), ...change };
    const error = refused(() => checkSubmission(json, tender.terms), 'BID_MALFORMED');
    expect(error.facts['field']).toBe(field);
  });

  it('refuses a field called __proto__ and reads nothing from prototypes', () => {
    const text = JSON.stringify(sealed);
    const planted: unknown = JSON.parse(`${text.slice(0, -1)},"__proto__":{"lot":"B"}}`);
    refused(() => checkSubmission(planted, tender.terms), 'BID_MALFORMED');
  });

  it.each([null, 1, 'bid', [], {}, undefined])('refuses %j', (json) => {
    refused(() => checkSubmission(json, tender.terms), 'BID_MALFORMED');
  });

  it('lets only listed bidders bid, with the listed key', async () => {
    const bidders = [
      { name: bidder, publicKey: annSigner.publicKey },
      { name: 'Bob', publicKey: signerOf(seedOf('bob')).publicKey },
    ];
    const listed = await fixture({ bidders });
    expect(checkSubmission(await seal(listed), listed.terms).kind).toBe('bid');
    const foreign = await seal(listed, { bidderSecretKey: seedOf('carl') });
    refused(() => checkSubmission(foreign, listed.terms), 'BIDDER_NOT_ELIGIBLE');
    const borrowed = await seal(listed, { bidder: 'Bob' });
    refused(() => checkSubmission(borrowed, listed.terms), 'BIDDER_NOT_ELIGIBLE');
  });

  it('accepts a withdrawal, and never the signature of a bid for one', () => {
    const options = { terms: tender.terms, lot: 'A', bidder, bidderSecretKey, version: 2 };
    const withdrawal = createWithdrawal(options);
    expect(checkSubmission(overTheWire(withdrawal), tender.terms)).toEqual(withdrawal);
    refused(() => checkSubmission({ ...withdrawal, version: 3 }, tender.terms), 'BID_SIGNATURE');
    const { signature: _, ...body } = withdrawal;
    const confused: Submission = { ...body, signature: signDocument('bid', body, annSigner) };
    refused(() => checkSubmission(confused, tender.terms), 'BID_SIGNATURE');
    refused(() => createWithdrawal({ ...options, lot: 'C' }), 'LOT_UNKNOWN');
    refused(() => createWithdrawal({ ...options, version: 0 }), 'BID_MALFORMED');
  });

  it('gives every submission its hash, which the signature is not part of', () => {
    const hash = submissionHash(sealed);
    expect(hash).toHaveLength(43);
    expect(submissionHash({ ...sealed, signature: 'other' })).toBe(hash);
    expect(submissionHash({ ...sealed, version: 2 })).not.toBe(hash);
    expect(submissionHash({ ...sealed, bidder: 'Bob' })).not.toBe(hash);
  });
});

describe('an envelope', () => {
  it('opens for its party alone', async () => {
    const swapped = { sealed, terms: tender.terms, party: 0, sealingKeyPair: tender.sealing[1] } as const;
    await refusedAsync(() => openEnvelope(swapped), 'ENVELOPE_UNREADABLE');
    const [first, second, third] = sealed.envelopes;
    const moved = resigned(sealed, { envelopes: [second, first, third] });
    await refusedAsync(() => open(moved, 0), 'ENVELOPE_UNREADABLE');
  });

  it('belongs to one version, lot, bidder and key, even if its bidder signs it elsewhere', async () => {
    for (const change of [
      { version: 2 },
      { lot: 'B' },
      { bidder: 'Ann' },
      { bidderKey: signerOf(seedOf('eve')).publicKey },
    ]) {
      await refusedAsync(() => open(resigned(sealed, change), 1), 'ENVELOPE_UNREADABLE');
    }
  });

  it('belongs to one tender', async () => {
    const other = await fixture({ title: 'Another' });
    const moved = resigned(sealed, { tender: other.id });
    const options = {
      sealed: moved,
      terms: other.terms,
      party: 0,
      sealingKeyPair: tender.sealing[0],
    } as const;
    await refusedAsync(() => openEnvelope(options), 'ENVELOPE_UNREADABLE');
  });

  it('whose shares do not open the commitments is refused', async () => {
    const bid = resigned(sealed, {});
    const pair = await open(bid, 0);
    const wrong = pair.first.share.slice();
    wrong[0]! ^= 1;
    const resealed = await reseal(concatBytes([wrong, pair.first.salt, pair.second.share, pair.second.salt]));
    await refusedAsync(() => open(resealed, 0), 'COMMITMENT_MISMATCH');
    const second = pair.second.share.slice();
    second[0]! ^= 1;
    const halfRight = await reseal(
      concatBytes([pair.first.share, pair.first.salt, second, pair.second.salt]),
    );
    const error = await refusedAsync(() => open(halfRight, 0), 'COMMITMENT_MISMATCH');
    expect(error.facts['share']).toBe(1);
    const swapped = await reseal(
      concatBytes([pair.second.share, pair.second.salt, pair.first.share, pair.first.salt]),
    );
    await refusedAsync(() => open(swapped, 0), 'COMMITMENT_MISMATCH');
  });

  it('with bits beyond the width, or of another length, is refused', async () => {
    const pair = await open(sealed, 0);
    const over = pair.first.share.slice();
    over[over.length - 1]! |= 0x80;
    const resealed = await reseal(concatBytes([over, pair.first.salt, pair.second.share, pair.second.salt]));
    await refusedAsync(() => open(resealed, 0), 'SHARE_MALFORMED');
    await refusedAsync(async () => open(await reseal(new Uint8Array(10)), 0), 'SHARE_MALFORMED');
    const { first, second } = pair;
    const longer = concatBytes([first.share, first.salt, second.share, second.salt, Uint8Array.of(0)]);
    await refusedAsync(async () => open(await reseal(longer), 0), 'SHARE_MALFORMED');
  });

  /** Party 0's envelope with another plaintext, as a cheating bidder would make it. */
  async function reseal(plaintext: Uint8Array): Promise<SealedBid> {
    const info = frame('tacit/1', 'envelope', tender.id, '0');
    const { lot, bidderKey, version, commitments } = sealed;
    const aad = frame(lot, bidder, bidderKey, String(version), ...commitments);
    const envelope = await sealToParty(tender.parties[0].sealingKey, info, aad, plaintext);
    return resigned(sealed, { envelopes: [envelope, sealed.envelopes[1], sealed.envelopes[2]] });
  }
});

describe('a commitment', () => {
  it('is bound to tender, lot, bidder, key, version, index, salt and share', () => {
    const opening = committedShare(new Uint8Array(4), new Uint8Array(32));
    const other = committedShare(Uint8Array.of(1, 0, 0, 0), new Uint8Array(32));
    const salted = committedShare(new Uint8Array(4), new Uint8Array(32).fill(1));
    const context = { tender: 't', lot: 'l', bidder: 'b', bidderKey: 'k', version: 1 };
    const commitments = [
      commitmentTo(context, 0, opening),
      commitmentTo({ ...context, tender: 'u' }, 0, opening),
      commitmentTo({ ...context, lot: 'm' }, 0, opening),
      commitmentTo({ ...context, bidder: 'c' }, 0, opening),
      commitmentTo({ ...context, bidderKey: 'l' }, 0, opening),
      commitmentTo({ ...context, version: 2 }, 0, opening),
      commitmentTo({ ...context, lot: 'lb', bidder: '' }, 0, opening),
      commitmentTo(context, 1, opening),
      commitmentTo(context, 0, other),
      commitmentTo(context, 0, salted),
    ];
    expect(new Set(commitments).size).toBe(commitments.length);
  });

  it('is opened by its own share alone', async () => {
    const pair = await open(sealed, 0);
    checkShare(sealed, tender.terms, 0, pair.first);
    checkShare(sealed, tender.terms, 1, pair.second);
    refused(() => checkShare(sealed, tender.terms, 1, pair.first), 'COMMITMENT_MISMATCH');
    refused(() => checkShare({ ...sealed, version: 2 }, tender.terms, 0, pair.first), 'COMMITMENT_MISMATCH');
    refused(() => checkShare({ ...sealed, tender: 'u' }, tender.terms, 0, pair.first), 'COMMITMENT_MISMATCH');
    const short = committedShare(pair.first.share.slice(1), pair.first.salt);
    refused(() => checkShare(sealed, tender.terms, 0, short), 'SHARE_MALFORMED');
    const salt = committedShare(pair.first.share, new Uint8Array(31));
    refused(() => checkShare(sealed, tender.terms, 0, salt), 'SHARE_MALFORMED');
  });

  it('refuses every share with a bit flipped, and every bit beyond the width', async () => {
    const { first } = await open(sealed, 0);
    const bits = tender.terms.bits;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: shareBytesOf(bits) * 8 - 1 }), (bit) => {
        const share = first.share.slice();
        share[bit >> 3]! ^= 1 << (bit & 7);
        const opening = committedShare(share, first.salt);
        refused(
          () => checkShare(sealed, tender.terms, 0, opening),
          bit < bits ? 'COMMITMENT_MISMATCH' : 'SHARE_MALFORMED',
        );
      }),
    );
  });
});

describe('secrets', () => {
  it('print as [secret] however they are printed', async () => {
    const share = committedShare(new Uint8Array(4).fill(171), new Uint8Array(32).fill(205));
    const pair = sharePair(share, share);
    for (const secret of [share, pair, await open(sealed, 2)]) {
      expect(String(secret)).toBe('[secret]');
      expect(JSON.stringify({ secret })).toBe('{"secret":"[secret]"}');
      expect(inspect(secret)).toBe('[secret]');
      expect(inspect({ deep: [secret] }, { showHidden: true, depth: 9 })).not.toMatch(/171|205|ab|cd/);
      expect(Object.keys({ ...secret })).toEqual([]);
      expect(inspect(secret, { customInspect: false, showHidden: true, depth: 9 })).not.toMatch(/171|205/);
    }
  });

  it('are in no error message', async () => {
    const { first } = await open(sealed, 0);
    const error = refused(() => checkShare(sealed, tender.terms, 1, first), 'COMMITMENT_MISMATCH');
    const printed = inspect(error, { depth: 9 });
    expect(printed).not.toContain(toBase64url(first.salt));
    expect(Object.keys(error.facts)).toEqual(['lot', 'bidder', 'version', 'share']);
  });
});
