/**
 * One bidder's work on one tender, as long as the page is open: key, sealed bids, receipts.
 *
 * Bids are sealed once and sent as often as it takes: a party that has one answers the same again with the same receipt,
 * so pressing twice, or trying one party again, changes nothing. What was sealed for an amount is kept for that amount,
 * and another amount makes the next version. Nothing is kept in the browser beyond the page: `file` is what the bidder
 * saves, and `unsaved` says whether the saved one would lack something.
 */

import {
  type BidFile,
  type KeptBid,
  latestBids,
  type SigningKeyFile,
  signingKeyFile,
} from '../auction/bid-file.ts';
import { fromBase64url } from '../auction/canonical.ts';
import { type Invitation, inviteKey } from '../auction/invitation.ts';
import type { Receipt } from '../auction/receipt.ts';
import { type RandomBytes, sealBid } from '../auction/sealed-bid.ts';
import type { Submission } from '../auction/submission.ts';
import type { CheckedTender } from '../auction/tender.ts';
import type { Refusal, TacitClient } from '../client/tacit-client.ts';
import { PARTIES, type PartyIndex } from '../mpc/party.ts';
import type { BidLine } from './bid-form.ts';
import { describeFailure } from './errors.ts';

/** How far one submission is at one party. */
export type DeliveryState =
  | { readonly state: 'waiting' | 'sending' }
  | { readonly state: 'received'; readonly receipt: Receipt }
  | { readonly state: 'failed'; readonly refusal: Refusal };

export interface Delivery {
  readonly submission: Submission;
  /** By party. */
  readonly at: readonly [DeliveryState, DeliveryState, DeliveryState];
}

interface Sealed {
  readonly submission: Submission;
  /** Minor units; undefined where it comes from a file, which holds none. */
  readonly amount: bigint | undefined;
  at: [DeliveryState, DeliveryState, DeliveryState];
}

const SEED_BYTES = 32;

export interface BidSessionOptions {
  readonly tender: CheckedTender;
  readonly client: Pick<TacitClient, 'submitAt'>;
  readonly random: RandomBytes;
  /** For this tender, where the bidder came by a link with one. */
  readonly invitation?: Invitation | undefined;
}

export class BidSession {
  readonly #options: BidSessionOptions;
  #key: SigningKeyFile | undefined;
  #bidder: string | undefined;
  #unsaved = false;
  readonly #sealed: Sealed[] = [];

  constructor(options: BidSessionOptions) {
    this.#options = options;
  }

  /** Of the key that signs; undefined until there is one. */
  get publicKey(): string | undefined {
    return this.#key?.publicKey;
  }

  /** Undefined until something was sealed, or came from a file; after that it stays. */
  get bidder(): string | undefined {
    return this.#bidder;
  }

  /** The name that may be bid under by invitation: by the link, or because earlier bids carry what it signed. */
  get invited(): string | undefined {
    const earlier = this.#sealed.find(({ submission }) => submission.invitation !== undefined);
    return earlier?.submission.bidder ?? this.#options.invitation?.bidder;
  }

  /** Whether something would be lost if the page were closed now. */
  get unsaved(): boolean {
    return this.#unsaved;
  }

  get started(): boolean {
    return this.#sealed.length > 0;
  }

  /** What stands, one for each lot, in the order in which they were sealed. */
  get deliveries(): readonly Delivery[] {
    const latest = latestBids(this.#sealed.map(keptOf)).map(({ submission }) => submission);
    return this.#sealed.filter(({ submission }) => latest.includes(submission));
  }

  /** @throws Error once something was sealed: its key is the bidder's from then on */
  useKey(key: SigningKeyFile): void {
    if (this.#sealed.length > 0) throw new Error('bids were sealed with another key already');
    this.#key = key;
  }

  /** Goes on where a saved file left off. @param file checked for this tender */
  restore(file: BidFile): void {
    this.useKey(file.key);
    this.#bidder = file.bidder;
    for (const { submission, receipts } of file.bids) {
      const stateOf = (party: PartyIndex): DeliveryState => {
        const receipt = receipts.find((one) => one.party === party);
        return receipt === undefined ? { state: 'waiting' } : { state: 'received', receipt };
      };
      this.#sealed.push({ submission, amount: undefined, at: [stateOf(0), stateOf(1), stateOf(2)] });
    }
  }

  /**
   * Seals what is new; a line whose amount stands sealed already is left as it is.
   * @throws AuctionError as `sealBid`
   */
  async seal(bidder: string, lines: readonly BidLine[]): Promise<void> {
    const { tender, random } = this.#options;
    this.#key ??= signingKeyFile(random(SEED_BYTES));
    for (const { lot, amount } of lines) {
      const before = this.#sealed.filter(({ submission }) => submission.lot === lot);
      if (before.at(-1)?.amount === amount) continue;
      const submission = await sealBid({
        terms: tender.terms,
        parties: tender.signed.tender.parties,
        bidderSecretKey: fromBase64url(this.#key.secretKey),
        version: 1 + Math.max(0, ...before.map(({ submission: { version } }) => version)),
        bidder: this.#bidder ?? bidder,
        invitation: this.#invitationFor(this.#bidder ?? bidder, this.#key.publicKey),
        ...{ lot, amount, random },
      });
      this.#bidder ??= bidder;
      this.#unsaved = true;
      this.#sealed.push({
        submission,
        amount,
        at: [{ state: 'waiting' }, { state: 'waiting' }, { state: 'waiting' }],
      });
    }
  }

  /** Undefined where the tender asks this name for none. */
  #invitationFor(bidder: string, publicKey: string): string | undefined {
    const { tender, invitation } = this.#options;
    const listed = tender.terms.spec.bidders?.find(({ name }) => name === bidder);
    if (listed?.invitation === undefined) return undefined;
    const earlier = this.#sealed.find(({ submission }) => submission.invitation !== undefined);
    if (earlier !== undefined) return earlier.submission.invitation;
    return invitation?.bidder === bidder ? inviteKey(invitation, publicKey) : undefined;
  }

  /**
   * Sends what stands to every party that gave no receipt for it and is not being asked already.
   * @param onChange after each step
   * @param only one party, to try it again
   */
  async send(onChange: () => void, only?: PartyIndex): Promise<void> {
    const latest = this.deliveries.map(({ submission }) => submission);
    const parties = only === undefined ? PARTIES : [only];
    await Promise.all(
      this.#sealed
        .filter(({ submission }) => latest.includes(submission))
        .flatMap((sealed) => parties.map((party) => this.#sendTo(party, sealed, onChange))),
    );
  }

  /** What the bidder saves. @throws Error before anything was sealed */
  file(): BidFile {
    if (this.#key === undefined || this.#bidder === undefined) throw new Error('nothing was sealed yet');
    return {
      kind: 'tacit/1 bid file',
      tender: this.#options.tender.id,
      bidder: this.#bidder,
      key: this.#key,
      bids: this.#sealed.map(keptOf),
    };
  }

  markSaved(): void {
    this.#unsaved = false;
  }

  async #sendTo(party: PartyIndex, sealed: Sealed, onChange: () => void): Promise<void> {
    const { state } = sealed.at[party];
    if (state === 'received' || state === 'sending') return;
    const become = (index: PartyIndex, next: DeliveryState) => {
      sealed.at[index] = next;
      onChange();
    };
    become(party, { state: 'sending' });
    try {
      const { client, tender } = this.#options;
      const receipt = await client.submitAt(party, sealed.submission, tender);
      this.#unsaved = true;
      become(receipt.party, { state: 'received', receipt });
      if (receipt.party === party) return;
      const detail = `the receipt is signed by party ${receipt.party}: the addresses of the operators are mixed up`;
      if (sealed.at[party].state === 'sending')
        become(party, { state: 'failed', refusal: { party, code: 'RECEIPT_MISMATCH', detail } });
    } catch (error) {
      const { code, detail } = describeFailure(error);
      // Its receipt may have come by the address of another meanwhile.
      if (sealed.at[party].state === 'sending')
        become(party, { state: 'failed', refusal: { party, code, detail } });
    }
  }
}

function keptOf({ submission, at }: Delivery): KeptBid {
  return {
    submission,
    receipts: at.flatMap((delivery) => (delivery.state === 'received' ? [delivery.receipt] : [])),
  };
}
