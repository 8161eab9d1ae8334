/** An auctioneer and bidders outside three running party processes, for end-to-end tests. */

import { randomBytes } from 'node:crypto';
import { parseAmount } from '../../auction/amount.ts';
import { createCloseOrder } from '../../auction/close-order.ts';
import { checkOutcome, type SignedOutcome } from '../../auction/outcome.ts';
import { sealBid } from '../../auction/sealed-bid.ts';
import type { Submission } from '../../auction/submission.ts';
import { type CheckedTender, checkTender, createTender } from '../../auction/tender.ts';
import { parseTenderSpec } from '../../auction/tender-spec.ts';
import { type Refusal, type Submitted, TacitClient } from '../../client/tacit-client.ts';
import type { PartyProcesses } from '../../local/processes.ts';
import type { PartyIndex } from '../../mpc/party.ts';

export const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

const SPEC = {
  title: 'Gritting lorries',
  direction: 'lowest',
  rule: 'first-price',
  currency: 'EUR',
  decimals: 2,
  ceiling: '9000000.00',
  tieBreak: 'earliest',
};

export class LocalWorld {
  readonly client: TacitClient;
  readonly #auctioneer = random(32);
  readonly #bidders = new Map<string, Uint8Array>();
  readonly #processes: PartyProcesses;

  constructor(processes: PartyProcesses) {
    this.#processes = processes;
    this.client = new TacitClient(processes.urls, { tries: 2 });
  }

  async publish(spec: Record<string, unknown> = {}): Promise<CheckedTender> {
    const [first, second, third] = this.#processes.consortium.parties;
    const records = [first.record, second.record, third.record] as const;
    const signed = createTender(parseTenderSpec({ ...SPEC, ...spec }), records, this.#auctioneer, random(16));
    const refusals = await this.client.publish(signed);
    if (refusals.length > 0) throw new Error(JSON.stringify(refusals));
    return checkTender(signed);
  }

  async bid(tender: CheckedTender, bidder: string, amount: string, version = 1): Promise<Submitted> {
    return await this.client.submit(await this.seal(tender, bidder, amount, version), tender);
  }

  seal({ terms, signed }: CheckedTender, bidder: string, amount: string, version = 1): Promise<Submission> {
    const bidderSecretKey = this.#bidders.get(bidder) ?? random(32);
    this.#bidders.set(bidder, bidderSecretKey);
    return sealBid({
      terms,
      parties: signed.tender.parties,
      lot: terms.lots[0]!,
      bidder,
      bidderSecretKey,
      version,
      amount: parseAmount(amount, terms.spec.decimals),
      random,
    });
  }

  close({ id }: CheckedTender): Promise<readonly Refusal[]> {
    return this.client.close(id, createCloseOrder(id, this.#auctioneer));
  }

  /** Of the outcome as one party shows it. */
  async signersAt(party: PartyIndex, { id, terms, signed }: CheckedTender): Promise<readonly number[]> {
    const json = await this.client.party(party).outcome(id);
    const { signatures } = checkOutcome(json, { terms, parties: signed.tender.parties, required: 1 });
    return signatures.map(({ party: signer }) => signer);
  }

  /** Signed by all three. */
  async outcome(tender: CheckedTender, timeoutMs = 110_000): Promise<SignedOutcome> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      try {
        return await this.client.outcome(tender, 3);
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
