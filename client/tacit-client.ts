/**
 * What an auctioneer, a bidder or an auditor does with all three parties at once, trusting none of them.
 *
 * Everything is checked here with the keys that the tender names: receipts, outcomes, and the tender itself
 * against its id. One party may be down or lie: a bid needs two receipts, a tender and an outcome are read from
 * whoever answers correctly, and two different signed outcomes are an error, never a choice.
 *
 * It is `tacit/client` to programs that use the package: it needs `fetch` and nothing of Node, so a page in a browser
 * runs the same code as the command line. Bids are sealed before they get here (`auction/sealed-bid.ts`).
 */

import type { CloseOrder } from '../auction/close-order.ts';
import { AuctionError } from '../auction/errors.ts';
import { checkOutcome, mergeOutcomes, type SignedOutcome } from '../auction/outcome.ts';
import { checkReceipt, type Receipt, standingOf } from '../auction/receipt.ts';
import { portableSignatures, type Signatures } from '../auction/signature.ts';
import type { Submission } from '../auction/submission.ts';
import {
  type CheckedTender,
  checkTender,
  type PartyRecords,
  type SignedTender,
  type TenderId,
} from '../auction/tender.ts';
import { PARTIES, type PartyIndex } from '../mpc/party.ts';
import { PartyClient, PartyClientError, type PartyClientOptions, type ShownTender } from './party-client.ts';

/** Why one party did not do what was asked: its own refusal, no answer, or an answer that did not check. */
export interface Refusal {
  readonly party: PartyIndex;
  readonly code: string;
  readonly detail: string;
}

export interface Submitted {
  readonly receipts: readonly Receipt[];
  readonly refusals: readonly Refusal[];
  readonly standing: 'counts' | 'does-not-count';
}

export interface TenderAtParty {
  readonly tender: CheckedTender;
  readonly phase: ShownTender['phase'];
}

export interface TacitClientOptions extends Omit<PartyClientOptions, 'token'> {
  /**
   * Secret: of parties 0, 1 and 2, where they want one to publish and close. A token is good for whoever has it, so one for
   * each party, of an audience of its own, keeps a party from using it at another.
   */
  readonly tokens?: readonly [string | undefined, string | undefined, string | undefined];
  /** How receipts are checked, the one check that a bidder makes often; Node's own is ten times as fast. */
  readonly receiptSignatures?: Signatures;
  /** The parties that tenders must name, where they are known beforehand (`auction/consortium.ts`). */
  readonly parties?: PartyRecords;
}

export class TacitClient {
  readonly #parties: readonly [PartyClient, PartyClient, PartyClient];
  readonly #receiptSignatures: Signatures;
  readonly #expected: PartyRecords | undefined;

  /** @param urls of parties 0, 1 and 2 */
  constructor(urls: readonly [string, string, string], options: TacitClientOptions = {}) {
    this.#receiptSignatures = options.receiptSignatures ?? portableSignatures;
    this.#expected = options.parties;
    const { tokens } = options;
    this.#parties = [
      new PartyClient(urls[0], { ...options, token: tokens?.[0] }),
      new PartyClient(urls[1], { ...options, token: tokens?.[1] }),
      new PartyClient(urls[2], { ...options, token: tokens?.[2] }),
    ];
  }

  party(index: PartyIndex): PartyClient {
    return this.#parties[index];
  }

  /** All three must hold a tender before anybody bids: one that does not could never clear it. */
  publish(signed: SignedTender): Promise<readonly Refusal[]> {
    return this.#everywhere((party) => party.publishTender(signed));
  }

  /** Parties that got no order close when a deadline passes or the order is sent again. */
  close(id: TenderId, order: CloseOrder): Promise<readonly Refusal[]> {
    return this.#everywhere((party) => party.close(id, order));
  }

  /**
   * The tender of an id, from the first party that has it; its id is its hash, so one answer is enough.
   * @throws PartyClientError TENDER_UNKNOWN and others, of the last party asked; AuctionError TENDER_OTHER_PARTIES
   */
  async tender(id: TenderId): Promise<CheckedTender> {
    let failure: unknown;
    for (const party of this.#parties) {
      try {
        return this.#ofExpected((await shownBy(party, id)).tender);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        // A party that knows more than the one before decides what is reported.
        if (failure === undefined || refusalOf(error, 0).code !== 'PARTY_UNREACHABLE') failure = error;
      }
    }
    throw failure;
  }

  /**
   * What one party says of a tender: the tender itself, checked as in `tender`, and its phase there.
   * @throws as `tender`
   */
  async tenderAt(index: PartyIndex, id: TenderId): Promise<TenderAtParty> {
    const { tender, phase } = await shownBy(this.#parties[index], id);
    return { tender: this.#ofExpected(tender), phase };
  }

  /** An auctioneer, or whoever poses as one, can name three parties of its own: bids for them would be open to it. */
  #ofExpected(tender: CheckedTender): CheckedTender {
    const expected = this.#expected;
    const named = tender.signed.tender.parties;
    const differing = PARTIES.find(
      (index) =>
        expected !== undefined &&
        (named[index].signingKey !== expected[index].signingKey ||
          named[index].sealingKey !== expected[index].sealingKey),
    );
    if (differing === undefined) return tender;
    throw new AuctionError(
      'TENDER_OTHER_PARTIES',
      `the tender names other keys for party ${differing} than the consortium does`,
      { party: differing },
    );
  }

  /** The phase at each party; undefined where it cannot be told. */
  phases(id: TenderId): Promise<readonly (string | undefined)[]> {
    return Promise.all(
      this.#parties.map((party) =>
        party.tender(id).then(
          ({ phase }) => phase,
          () => undefined,
        ),
      ),
    );
  }

  /**
   * Sends a bid or withdrawal to all three at once and checks what comes back. A receipt counts for the party that
   * signed it, whatever address it came from: where addresses are mixed up, the bid is received all the same.
   */
  async submit(submission: Submission, tender: CheckedTender): Promise<Submitted> {
    const receiptOf = new Map<PartyIndex, Receipt>();
    const refusals = await this.#everywhere(async (_party, index) => {
      const receipt = await this.submitAt(index, submission, tender);
      receiptOf.set(receipt.party, receipt);
      if (receipt.party !== index) {
        throw new AuctionError('RECEIPT_MISMATCH', `the receipt is signed by party ${receipt.party}`, {
          party: index,
        });
      }
    });
    const receipts = [...receiptOf.values()].sort((left, right) => left.party - right.party);
    return { receipts, refusals, standing: standingOf(receipts) };
  }

  /**
   * Sends a bid or withdrawal to the address of one party.
   * @returns a checked receipt of the party that signed it, which is another one where addresses are mixed up
   * @throws PartyClientError; AuctionError RECEIPT_*
   */
  async submitAt(
    index: PartyIndex,
    submission: Submission,
    { id, terms, signed }: CheckedTender,
  ): Promise<Receipt> {
    const json = await this.#parties[index].submit(id, submission);
    const context = { terms, parties: signed.tender.parties, submission };
    return checkReceipt(json, context, this.#receiptSignatures);
  }

  /**
   * The outcome with all signatures that can be had, of which there are at least `required`.
   * @param required parties that must have signed; 2 outvote a corrupt one
   * @throws AuctionError OUTCOME_NOT_READY, OUTCOME_CONFLICT, OUTCOME_SIGNATURE
   */
  async outcome({ id, terms, signed }: CheckedTender, required: 1 | 2 | 3 = 2): Promise<SignedOutcome> {
    const { parties } = signed.tender;
    const outcomes: SignedOutcome[] = [];
    const refusals = await this.#everywhere(async (party) => {
      outcomes.push(checkOutcome(await party.outcome(id), { terms, parties, required: 1 }));
    });
    const [first, ...others] = outcomes;
    if (first === undefined) throw noOutcome(refusals);
    const { statement, signatures } = others.reduce(mergeOutcomes, first);
    if (signatures.length < required) {
      const detail = `${signatures.length} of ${required} needed parties have signed the outcome so far`;
      throw new AuctionError('OUTCOME_NOT_READY', detail, { signatures: signatures.length, required });
    }
    return checkOutcome({ statement, signatures }, { terms, parties, required });
  }

  async #everywhere(
    ask: (party: PartyClient, index: PartyIndex) => Promise<unknown>,
  ): Promise<readonly Refusal[]> {
    const refusals = await Promise.all(
      PARTIES.map((index) =>
        ask(this.#parties[index], index).then(
          () => undefined,
          (error: unknown) => refusalOf(error, index),
        ),
      ),
    );
    return refusals.filter((refusal) => refusal !== undefined);
  }
}

async function shownBy(party: PartyClient, id: TenderId): Promise<TenderAtParty> {
  const { signed, phase } = await party.tender(id);
  const tender = checkTender(signed);
  if (tender.id === id) return { tender, phase };
  const detail = `the party at ${party.url} answered with another tender`;
  throw new PartyClientError({ code: 'PARTY_ANSWER_MALFORMED', detail, status: 200 }, party.url);
}

function isRefusal(error: unknown): error is PartyClientError | AuctionError {
  return error instanceof PartyClientError || error instanceof AuctionError;
}

/** Bugs are not refusals: they go on. */
function refusalOf(error: unknown, party: PartyIndex): Refusal {
  if (!isRefusal(error)) throw error;
  return { party, code: error.code, detail: error.detail };
}

function noOutcome(refusals: readonly Refusal[]): Error {
  const telling = refusals.find(({ code }) => code !== 'PARTY_UNREACHABLE' && code !== 'OUTCOME_NOT_READY');
  const waiting = refusals.find(({ code }) => code === 'OUTCOME_NOT_READY');
  const { code, detail } = telling ??
    waiting ??
    refusals[0] ?? { code: 'OUTCOME_NOT_READY', detail: 'no answer' };
  return new PartyClientError({ code, detail, status: 0 }, '');
}
