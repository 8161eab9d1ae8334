/**
 * How long the documents of a tender are, measured on ones of the same form whose keys, hashes, signatures and
 * ciphertexts are filler: for predicting what storing and sending them costs.
 *
 * Names and titles have the lengths of the examples; whoever has longer ones pays a little more.
 */

import { canonicalBytes } from '../canonical.ts';
import { ciphertextBytesOf } from '../submission.ts';

export interface DocumentLengths {
  /** Filler of a tender's id. */
  readonly id: string;
  readonly lot: string;
  readonly bidder: string;
  /** Bytes of the JSON of each. */
  readonly tender: number;
  /** With its hash and receipt, as stored. */
  readonly submission: number;
  readonly list: number;
  readonly passing: number;
  /** Signed statement of an attempt: framed, not JSON. */
  readonly hello: number;
  /** With statistics, as stored. */
  readonly outcome: number;
  readonly signedStatement: number;
  /** That tells of the outcome with all three signatures. */
  readonly event: number;
}

/** base64url of 32 and of 64 bytes. */
const HASH = 'H'.repeat(43);
const SIGNATURE = 'S'.repeat(86);

/** Milliseconds since 1970 have 13 digits until the year 2286. */
const TIME = 1_800_000_000_000;

const LOT = '1';
const BIDDER = 'Example Bidder No. 100 Limited';
const TITLE = 'Road salt, 4,000 tonnes';

/** Nine short fields and a signature, with their lengths (mpc/session/hello.ts). */
const HELLO_BYTES = 480;

export function sampleDocuments({
  bids,
  bits,
}: {
  readonly bids: number;
  readonly bits: number;
}): DocumentLengths {
  const submission = submissionOf(bits);
  const statement = {
    kind: 'outcome',
    tender: HASH,
    closingRoot: HASH,
    liveBids: [{ lot: LOT, count: bids }],
    lots: [{ lot: LOT, outcome: 'awarded', winner: BIDDER, winnerKey: HASH, price: amountOf(bits) }],
  };
  const signed = { statement, signatures: [{ party: 0, signature: SIGNATURE }] };
  return {
    id: HASH,
    lot: LOT,
    bidder: BIDDER,
    tender: lengthOf(tenderOf(bits)),
    submission: lengthOf({ hash: HASH, submission, receipt: RECEIPT }),
    list: lengthOf({
      kind: 'closing-list',
      tender: HASH,
      party: 0,
      closedAt: TIME,
      entries: Array.from({ length: bids }, () => LIST_ENTRY),
      coinCommitment: HASH,
      signature: SIGNATURE,
    }),
    passing: lengthOf({
      kind: 'closing-passing',
      tender: HASH,
      party: 0,
      root: HASH,
      view: HASH,
      coin: HASH,
      bids: [],
      unreadable: [],
      signature: SIGNATURE,
    }),
    hello: HELLO_BYTES,
    outcome: lengthOf({ outcome: signed, statistics: STATISTICS }),
    signedStatement: lengthOf(signed),
    event: lengthOf({
      kind: 'tender.cleared',
      protocol: 'tacit/1',
      id: HASH,
      party: 0,
      signingKey: HASH,
      tender: HASH,
      at: TIME,
      outcome: { statement, signatures: [0, 1, 2].map((party) => ({ party, signature: SIGNATURE })) },
    }),
  };
}

function lengthOf(document: unknown): number {
  return canonicalBytes(document).length;
}

const FACTS = { tender: HASH, lot: LOT, bidder: BIDDER, bidderKey: HASH, version: 1 };

const RECEIPT = {
  kind: 'receipt',
  tender: HASH,
  party: 0,
  submission: HASH,
  lot: LOT,
  bidder: BIDDER,
  version: 1,
  receivedAt: TIME,
  signature: SIGNATURE,
};

const LIST_ENTRY = {
  submission: HASH,
  kind: 'bid',
  lot: LOT,
  bidder: BIDDER,
  bidderKey: HASH,
  version: 1,
  receivedAt: TIME,
};

/** Numbers of the length that a tender of some hundred bids has. */
const STATISTICS = {
  bids: 100,
  bits: 64,
  protocol: 'replicated',
  rounds: 20,
  ands: 100_000,
  bytesSent: 10_000,
  predicted: { rounds: 20, ands: 100_000, bytes: 10_000 },
  attempt: 1,
  closingRounds: 2,
  handshakeRounds: 3,
  clearingMs: 1_000,
};

function submissionOf(bits: number) {
  const envelope = {
    encapsulated: HASH,
    ciphertext: 'C'.repeat(Math.ceil((ciphertextBytesOf(bits) * 8) / 6)),
  };
  return {
    ...FACTS,
    kind: 'bid',
    commitments: [HASH, HASH, HASH],
    envelopes: [envelope, envelope, envelope],
    signature: SIGNATURE,
  };
}

function tenderOf(bits: number) {
  const party = { index: 0, signingKey: HASH, sealingKey: HASH };
  return {
    tender: {
      protocol: 'tacit/1',
      spec: {
        title: TITLE,
        direction: 'highest',
        rule: 'second-price',
        currency: 'EUR',
        decimals: 2,
        ceiling: amountOf(bits),
        tieBreak: 'earliest',
        closesAt: '2027-03-01T12:00:00Z',
        minimumBids: 1,
        lots: [{ id: LOT, title: TITLE }],
      },
      parties: [party, party, party],
      auctioneer: HASH,
      nonce: 'N'.repeat(22),
    },
    signature: SIGNATURE,
  };
}

/** The greatest amount of that many bits, with two decimals. */
function amountOf(bits: number): string {
  const digits = String(2n ** BigInt(bits) - 1n).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
