/**
 * Commitments to the shares of a bid: what binds a bidder to one amount and keeps a cheating party from
 * changing a share when it passes it on.
 *
 * commitment_j = SHA-256(frame('tacit/1', 'commitment', tender, lot, bidder, key, version, j, salt, share_j)).
 * Binding rests on collision resistance, hiding on the 32-byte random salt. Tender, lot, bidder, key, version
 * and index are inside, so no commitment (nor its opening) can be moved to another bid or place; a bidder that
 * copies another's commitments cannot open them under its own key.
 *
 * Shares and salts are secret until nothing depends on them: their objects print as `[secret]`.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes, frame } from '../mpc/bytes.ts';
import type { PartyIndex } from '../mpc/party.ts';
import { fromBase64url, PROTOCOL, toBase64url } from './canonical.ts';
import { AuctionError } from './errors.ts';
import { Secret } from './secret.ts';
import { SALT_BYTES, type SealedBid, shareBytesOf } from './submission.ts';
import type { TenderTerms } from './tender.ts';

/** One share of a rank with the salt of its commitment; prints as `[secret]`. */
export interface CommittedShare {
  /** ceil(bits / 8) bytes, little-endian; bits beyond `bits` are zero. */
  readonly share: Uint8Array;
  /** 32 bytes. */
  readonly salt: Uint8Array;
}

/** Shares i and i + 1 of a rank, as party i holds them; prints as `[secret]`. */
export interface SharePair {
  readonly first: CommittedShare;
  readonly second: CommittedShare;
}

/** What a commitment is bound to; every submission has it. */
export type CommitmentContext = Pick<SealedBid, 'tender' | 'lot' | 'bidder' | 'bidderKey' | 'version'>;

class SecretShare extends Secret implements CommittedShare {
  readonly #share: Uint8Array;
  readonly #salt: Uint8Array;
  constructor(share: Uint8Array, salt: Uint8Array) {
    super();
    this.#share = share;
    this.#salt = salt;
  }
  get share(): Uint8Array {
    return this.#share;
  }
  get salt(): Uint8Array {
    return this.#salt;
  }
}

class SecretPair extends Secret implements SharePair {
  readonly #first: CommittedShare;
  readonly #second: CommittedShare;
  constructor(first: CommittedShare, second: CommittedShare) {
    super();
    this.#first = first;
    this.#second = second;
  }
  get first(): CommittedShare {
    return this.#first;
  }
  get second(): CommittedShare {
    return this.#second;
  }
}

/** @param share ceil(bits / 8) bytes @param salt 32 bytes */
export function committedShare(share: Uint8Array, salt: Uint8Array): CommittedShare {
  return new SecretShare(share, salt);
}

export function sharePair(first: CommittedShare, second: CommittedShare): SharePair {
  return new SecretPair(first, second);
}

/** The commitment to share `index`, base64url. */
export function commitmentTo(
  context: CommitmentContext,
  index: PartyIndex,
  { share, salt }: CommittedShare,
): string {
  const { tender, lot, bidder, bidderKey, version } = context;
  const fields = frame(
    PROTOCOL,
    'commitment',
    tender,
    lot,
    bidder,
    bidderKey,
    String(version),
    String(index),
    salt,
    share,
  );
  return toBase64url(sha256(fields));
}

/**
 * Checks one share of a bid, whoever passed it on, against the commitment that the bidder signed.
 * @throws AuctionError SHARE_MALFORMED, COMMITMENT_MISMATCH
 */
export function checkShare(
  sealed: SealedBid,
  terms: TenderTerms,
  index: PartyIndex,
  opening: CommittedShare,
): void {
  const { share, salt } = opening;
  const facts = { lot: sealed.lot, bidder: sealed.bidder, version: sealed.version, share: index };
  const topBits = terms.bits % 8;
  const overflow = topBits === 0 ? 0 : (share[share.length - 1] ?? 0) >>> topBits;
  if (share.length !== shareBytesOf(terms.bits) || salt.length !== SALT_BYTES || overflow !== 0) {
    throw new AuctionError('SHARE_MALFORMED', `share ${index} has the wrong length or too many bits`, facts);
  }
  const expected = fromBase64url(sealed.commitments[index]);
  if (!equalBytes(fromBase64url(commitmentTo(sealed, index, opening)), expected)) {
    throw new AuctionError('COMMITMENT_MISMATCH', `share ${index} does not open its commitment`, facts);
  }
}
