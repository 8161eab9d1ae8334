/**
 * What a local party holds after an auction, as its operator could read it: counts, a sealed bid as stored, a
 * search for amounts in clear, and the party's own two shares of a bid.
 */

import { join } from 'node:path';
import type { BidLine } from '../auction/bids-csv.ts';
import { loadPartyKeys } from '../auction/party/keys.ts';
import { openEnvelope } from '../auction/sealed-bid.ts';
import type { SealedBid, Submission } from '../auction/submission.ts';
import type { CheckedTender } from '../auction/tender.ts';
import { type LocalConsortium, partyDirectory } from '../local/consortium.ts';
import { findAmounts, type StoredItem, scanParty } from '../local/table-scan.ts';
import { PARTIES, type PartyIndex } from '../mpc/party.ts';
import { CliError } from './errors.ts';
import { readJsonFile } from './workspace.ts';

export interface PartyView {
  readonly party: PartyIndex;
  readonly items: number;
  /** How many different losing amounts a search of every item finds. */
  readonly found: number;
  /** The same search for the published prices: shows that it can find something. */
  readonly prices: number;
  readonly example: { readonly bidder: string; readonly stored: string };
}

export interface InspectOptions {
  readonly consortium: LocalConsortium;
  readonly tender: CheckedTender;
  readonly bids: readonly BidLine[];
  readonly losing: readonly bigint[];
  readonly submissions: readonly Submission[];
}

export async function inspectParties(options: InspectOptions): Promise<readonly PartyView[]> {
  const { consortium, tender, bids, losing } = options;
  const published = bids.flatMap(({ amount }) =>
    amount === 'withdraw' || losing.includes(amount) ? [] : [amount],
  );
  return await Promise.all(
    PARTIES.map(async (party) => {
      const items = await scanParty(consortium.parties[party]);
      return {
        party,
        items: items.length,
        found: distinct(findAmounts(items, losing, tender.terms)),
        prices: distinct(findAmounts(items, published, tender.terms)),
        example: exampleOf(items, options.submissions),
      };
    }),
  );
}

function distinct(found: readonly { readonly amount: bigint }[]): number {
  return new Set(found.map(({ amount }) => amount)).size;
}

/** Of long values in a stored bid: enough to recognise, few enough for a screen. */
const SHOWN_CHARACTERS = 56;

function exampleOf(items: readonly StoredItem[], submissions: readonly Submission[]): PartyView['example'] {
  const submission = submissions.find(({ kind }) => kind === 'bid');
  const stored = items
    .flatMap(({ values }) => values)
    .find(
      (value) =>
        typeof value === 'string' && submission !== undefined && value.includes(`"${submission.signature}"`),
    );
  if (submission === undefined || typeof stored !== 'string') {
    throw new CliError('CHECK_FAILED', 'the first sealed bid is not among the stored items');
  }
  const shortened = JSON.stringify(
    JSON.parse(stored),
    (_key, value: unknown) =>
      typeof value === 'string' && value.length > SHOWN_CHARACTERS
        ? `${value.slice(0, SHOWN_CHARACTERS)}...`
        : value,
    1,
  );
  return { bidder: submission.bidder, stored: shortened.replaceAll(/\n\s*(?=[\]}])|(?<=[[{])\n\s*/g, ' ') };
}

export interface WinnerShares {
  readonly party: PartyIndex;
  /** Hexadecimal. */
  readonly first: string;
  readonly second: string;
}

/** The rank that three shares make, which no party has together: XOR of little-endian bytes. */
export function rankOfShares(shares: readonly WinnerShares[]): bigint {
  return shares.reduce((rank, { first }) => rank ^ littleEndian(first), 0n);
}

function littleEndian(hexadecimal: string): bigint {
  return BigInt(`0x${Buffer.from(hexadecimal, 'hex').reverse().toString('hex')}`);
}

/** Opens each party's envelope of the winner's last bid with that party's key, which this machine has. */
export async function sharesOfWinner(options: {
  readonly directory: string;
  readonly tender: CheckedTender;
  readonly submissions: readonly Submission[];
  readonly lot: string;
  readonly winner: string;
}): Promise<readonly WinnerShares[]> {
  const { directory, tender, lot, winner } = options;
  const sealed = options.submissions.findLast(
    (submission): submission is SealedBid =>
      submission.kind === 'bid' && submission.lot === lot && submission.bidder === winner,
  );
  if (sealed === undefined) throw new CliError('CHECK_FAILED', 'the winner submitted no bid');
  return await Promise.all(
    PARTIES.map(async (party) => {
      const keys = await loadPartyKeys(
        await readJsonFile(join(partyDirectory(directory, party), 'keys.json')),
      );
      const pair = await openEnvelope({ sealed, terms: tender.terms, party, sealingKeyPair: keys.sealing });
      return { party, first: hex(pair.first.share), second: hex(pair.second.share) };
    }),
  );
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
