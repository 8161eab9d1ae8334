/** What runs in a rehearsal, and an auctioneer and bidders outside of it. */

import { randomBytes } from 'node:crypto';
import { parseAmount } from '../../../auction/amount.ts';
import { createCloseOrder } from '../../../auction/close-order.ts';
import type { SignedOutcome } from '../../../auction/outcome.ts';
import { sealBid } from '../../../auction/sealed-bid.ts';
import {
  type CheckedTender,
  checkTender,
  createTender,
  type PartyRecords,
  type SignedTender,
} from '../../../auction/tender.ts';
import { parseTenderSpec } from '../../../auction/tender-spec.ts';
import { type Submitted, TacitClient, type TacitClientOptions } from '../../../client/tacit-client.ts';
import { Rehearsal, type RehearsalOptions } from '../../../local/rehearsal/rehearsal.ts';
import type { DeployedConsortium } from './consortium-assembly.ts';
import { sharedDynamodbUrl } from './engine.ts';

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

const SPEC = {
  title: 'Gritting lorries',
  direction: 'lowest',
  rule: 'first-price',
  currency: 'EUR',
  decimals: 2,
  ceiling: '9000000.00',
  tieBreak: 'earliest',
};

/** Each party with the keys that its operator put there, vaults without any. */
export async function rehearse(
  { assembly, keys }: Pick<DeployedConsortium, 'assembly' | 'keys'>,
  options: Partial<RehearsalOptions> = {},
): Promise<Rehearsal> {
  const dynamodbUrl = await sharedDynamodbUrl();
  return await Rehearsal.start({
    assembly,
    secretValue: ({ name }, { logicalId }) =>
      logicalId.startsWith('KeysSecret') ? JSON.stringify(keys[Number(name.at(-1))]) : undefined,
    ...(dynamodbUrl === undefined ? {} : { dynamodbUrl }),
    ...options,
  });
}

export function signTender(
  parties: PartyRecords,
  auctioneer: Uint8Array,
  spec: Record<string, unknown> = {},
): SignedTender {
  return createTender(parseTenderSpec({ ...SPEC, ...spec }), parties, auctioneer, random(16));
}

export class DeployedWorld {
  readonly client: TacitClient;
  readonly #auctioneer = random(32);
  readonly #parties: PartyRecords;

  constructor({ urls }: Rehearsal, parties: PartyRecords, options: TacitClientOptions = {}) {
    const [first = '', second = '', third = ''] = urls;
    this.client = new TacitClient([first, second, third], { tries: 1, ...options });
    this.#parties = parties;
  }

  sign(spec: Record<string, unknown> = {}): SignedTender {
    return signTender(this.#parties, this.#auctioneer, spec);
  }

  async publish(spec: Record<string, unknown> = {}): Promise<CheckedTender> {
    const signed = this.sign(spec);
    const refusals = await this.client.publish(signed);
    if (refusals.length > 0) throw new Error(JSON.stringify(refusals));
    return checkTender(signed);
  }

  async bid(tender: CheckedTender, bidder: string, amount: string): Promise<Submitted> {
    const { terms, signed } = tender;
    const bid = await sealBid({
      terms,
      parties: signed.tender.parties,
      lot: terms.lots[0]!,
      bidder,
      bidderSecretKey: random(32),
      version: 1,
      amount: parseAmount(amount, terms.spec.decimals),
      random,
    });
    return await this.client.submit(bid, tender);
  }

  close({ id }: CheckedTender) {
    return this.client.close(id, createCloseOrder(id, this.#auctioneer));
  }

  /** Signed by all three. */
  async outcome(tender: CheckedTender, timeoutMs: number): Promise<SignedOutcome> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      try {
        return await this.client.outcome(tender, 3);
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
