/**
 * Sealing an amount so that no single party learns anything of it, and opening one party's envelope.
 *
 * The amount becomes a rank, and the rank three shares: share_0 and share_1 are uniformly random,
 * share_2 = rank XOR share_0 XOR share_1 (replicated secret sharing, Araki et al., CCS 2016, section 2.1). Party i's
 * envelope holds shares i and i + 1 with their salts: share_i | salt_i | share_(i+1) | salt_(i+1). Any two shares are
 * independent of the rank, and every envelope has the same length whatever the amount.
 *
 * All three envelopes go to every party, so whoever received the bid can pass it on; the commitments let
 * anyone who is shown a share check it. A bidder that seals inconsistent envelopes is caught by the parties'
 * checks at intake or, at the latest, by comparing shares at closing.
 *
 * Cost to seal: 3 HPKE messages, 3 hashes, 1 signature. To open: 1 X25519 operation and 2 hashes.
 */

import { concatBytes, frame } from '../mpc/bytes.ts';
import { nextParty, type PartyIndex } from '../mpc/party.ts';
import { rankOf } from './amount.ts';
import {
  type CommittedShare,
  checkShare,
  commitmentTo,
  committedShare,
  type SharePair,
  sharePair,
} from './commitment.ts';
import { envelopeInfo, openAsParty, type SealingKeyPair, sealToParty } from './envelope.ts';
import { AuctionError } from './errors.ts';
import { type Signatures, signDocument, signerOf } from './signature.ts';
import { checkFacts, SALT_BYTES, type SealedBid, shareBytesOf } from './submission.ts';
import type { PartyRecords, TenderTerms } from './tender.ts';

/** Uniformly random bytes, as many as asked for. */
export type RandomBytes = (byteLength: number) => Uint8Array;

export interface SealOptions {
  readonly terms: TenderTerms;
  readonly parties: PartyRecords;
  readonly lot: string;
  readonly bidder: string;
  /** 32-byte seed. */
  readonly bidderSecretKey: Uint8Array;
  /** From 1; a later version amends an earlier one. */
  readonly version: number;
  /** Where the tender invites the bidder: `inviteKey` of its key. */
  readonly invitation?: string | undefined;
  /** Minor units. */
  readonly amount: bigint;
  /** For shares and salts; HPKE draws its ephemeral keys from WebCrypto. */
  readonly random: RandomBytes;
  readonly signatures?: Signatures;
}

/** @throws AuctionError AMOUNT_NEGATIVE, AMOUNT_OVER_CEILING, LOT_UNKNOWN, BID_MALFORMED, KEY_MALFORMED */
export async function sealBid(options: SealOptions): Promise<SealedBid> {
  const { terms, parties, random } = options;
  const signer = signerOf(options.bidderSecretKey, options.signatures);
  const facts = checkFacts(options, signer.publicKey);
  const shares = splitRank(rankOf(options.amount, terms), terms.bits, random);
  const commitments = [
    commitmentTo(facts, 0, shares[0]),
    commitmentTo(facts, 1, shares[1]),
    commitmentTo(facts, 2, shares[2]),
  ] as const;
  const aad = envelopeAad({ ...facts, commitments });
  const seal = (party: PartyIndex) => {
    const [first, second] = [shares[party], shares[nextParty(party)]];
    const plaintext = concatBytes([first.share, first.salt, second.share, second.salt]);
    return sealToParty(parties[party].sealingKey, envelopeInfo(terms.id, party), aad, plaintext);
  };
  const body = {
    kind: 'bid',
    ...facts,
    commitments,
    envelopes: [await seal(0), await seal(1), await seal(2)],
  } as const;
  return { ...body, signature: signDocument('bid', body, signer) };
}

export interface OpenOptions {
  readonly sealed: SealedBid;
  readonly terms: TenderTerms;
  readonly party: PartyIndex;
  readonly sealingKeyPair: SealingKeyPair;
}

/**
 * Opens one party's envelope of a bid that passed `checkSubmission`, and checks both shares.
 * @throws AuctionError ENVELOPE_UNREADABLE, SHARE_MALFORMED, COMMITMENT_MISMATCH
 */
export async function openEnvelope(options: OpenOptions): Promise<SharePair> {
  const { sealed, terms, party, sealingKeyPair } = options;
  const info = envelopeInfo(sealed.tender, party);
  const plaintext = await openAsParty(sealingKeyPair, info, envelopeAad(sealed), sealed.envelopes[party]);
  const shareBytes = shareBytesOf(terms.bits);
  const half = shareBytes + SALT_BYTES;
  if (plaintext.length !== 2 * half) {
    throw new AuctionError('SHARE_MALFORMED', 'the envelope does not hold two shares of this width', {
      party,
    });
  }
  const openingAt = (offset: number): CommittedShare =>
    committedShare(
      plaintext.slice(offset, offset + shareBytes),
      plaintext.slice(offset + shareBytes, offset + half),
    );
  const pair = sharePair(openingAt(0), openingAt(half));
  checkShare(sealed, terms, party, pair.first);
  checkShare(sealed, terms, nextParty(party), pair.second);
  return pair;
}

/** What an envelope belongs to: everything of the bid that is known before it is sealed. */
function envelopeAad(
  bid: Pick<SealedBid, 'lot' | 'bidder' | 'bidderKey' | 'version' | 'commitments'>,
): Uint8Array {
  return frame(bid.lot, bid.bidder, bid.bidderKey, String(bid.version), ...bid.commitments);
}

type Openings = readonly [CommittedShare, CommittedShare, CommittedShare];

/** Three shares, each of ceil(bits / 8) bytes, little-endian, with the bits beyond `bits` zero. */
function splitRank(rank: bigint, bits: number, random: RandomBytes): Openings {
  const length = shareBytesOf(bits);
  const [first, second] = [randomShare(bits, random), randomShare(bits, random)];
  const third = new Uint8Array(length);
  for (let index = 0; index < length; index++) {
    const rankByte = Number((rank >> BigInt(8 * index)) & 0xffn);
    third[index] = rankByte ^ (first[index] ?? 0) ^ (second[index] ?? 0);
  }
  const opening = (share: Uint8Array) => committedShare(share, exactly(random, SALT_BYTES));
  return [opening(first), opening(second), opening(third)];
}

function randomShare(bits: number, random: RandomBytes): Uint8Array {
  const length = shareBytesOf(bits);
  const share = exactly(random, length).slice();
  const topBits = bits % 8;
  if (topBits !== 0) share[length - 1] = (share[length - 1] ?? 0) & ((1 << topBits) - 1);
  return share;
}

/** A random source that returns fewer bytes than asked for would make a share predictable. */
function exactly(random: RandomBytes, byteLength: number): Uint8Array {
  const bytes = random(byteLength);
  if (bytes.length !== byteLength)
    throw new RangeError(`the random source gave ${bytes.length} of ${byteLength} bytes`);
  return bytes;
}
