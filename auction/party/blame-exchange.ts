/**
 * What parties show each other after an abort, so that two honest ones find a proof that neither has alone.
 *
 * A party that shows two versions of a document shows one to each peer. So after an abort that this can explain,
 * each party posts the signed documents it saw, and reads what its peers post. Documents carry their own
 * signatures, so nothing said here is taken on anybody's word. Whoever finds a proof posts it, and whoever
 * aborts later, for lack of an answer perhaps, finds it there and checks it itself.
 *
 * | topic             | step                          | holds                                             |
 * | ----------------- | ----------------------------- | ------------------------------------------------- |
 * | `<id>/blame`      | `lists`                       | the closing lists, and what was said of them      |
 * | `<id>/blame`      | `hellos.<attempt>`            | the hellos of the attempt that it saw             |
 * | `<id>/blame`      | `outcomes`                    | the signed outcomes that it saw                   |
 * | `<id>/evidence`   | `proof`                       | evidence                                          |
 *
 * All of it is public to the three parties anyway. A peer that takes no part costs a short wait.
 */

import * as z from 'zod/mini';
import type { Channel } from '../../mpc/channels/channel.ts';
import type { Clock } from '../../mpc/clock.ts';
import { MpcError } from '../../mpc/errors.ts';
import { type PartyIndex, peersOf } from '../../mpc/party.ts';
import { withDeadline } from '../../mpc/session/deadline.ts';
import { canonicalBytes } from '../canonical.ts';
import { closingListSchema } from '../closing-list.ts';
import { helloField } from '../evidence-document.ts';
import { datedList, messageSchema } from '../evidence-messages.ts';
import type { Proof, SignedDocuments } from '../evidence-search.ts';
import { partyField } from '../fields.ts';
import { signedOutcomeSchema } from '../outcome.ts';
import type { TenderId } from '../tender.ts';
import { parseJson } from './closing-messages.ts';
import { Conversation } from './conversation.ts';

/** Parties that abort for one reason do so within a message of each other. */
const EXCHANGE_TIMEOUT_MS = 5_000;
/** Looking into an outbox without waiting for anything to come. */
const LOOK_TIMEOUT_MS = 1_000;

/** Where a party posts its proof, once, under `PROOF_STEP`. */
export function proofTopicOf(tender: TenderId): string {
  return `${tender}/evidence`;
}

export const PROOF_STEP = 'proof';

/** Each party's document in a few versions. */
const MAX_SHOWN = 9;

const shownSchema = z.object({
  lists: z.exactOptional(z.array(closingListSchema).check(z.maxLength(MAX_SHOWN))),
  messages: z.exactOptional(z.array(messageSchema).check(z.maxLength(MAX_SHOWN))),
  outcomes: z.exactOptional(z.array(signedOutcomeSchema).check(z.maxLength(MAX_SHOWN))),
  hellos: z.exactOptional(
    z.array(z.object({ party: partyField, hello: helloField })).check(z.maxLength(MAX_SHOWN)),
  ),
});

export interface ExchangeParameters {
  readonly channel: Channel;
  readonly clock: Clock;
  readonly tender: TenderId;
  /** Not longer than this, whatever is usual here. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export class BlameExchange {
  readonly #parameters: ExchangeParameters;

  constructor(parameters: ExchangeParameters) {
    this.#parameters = parameters;
  }

  /**
   * Posts what this party saw and hands over what each peer saw, as it comes, until one answer is conclusive.
   * @param step `lists`, `outcomes`, or `hellos.` and the attempt
   * @returns undefined where no peer's documents, and no proof of a peer, were conclusive
   */
  async show<Conclusion>(
    step: string,
    own: Partial<SignedDocuments>,
    conclude: (documents: Partial<SignedDocuments>) => Conclusion | undefined,
  ): Promise<Conclusion | undefined> {
    const { channel, tender } = this.#parameters;
    const topic = `${tender}/blame`;
    const few = Object.entries(own).map(([name, documents]) => [name, documents.slice(0, MAX_SHOWN)]);
    await this.#conversation(topic).say(step, async () => canonicalBytes(Object.fromEntries(few)));
    return await firstOf(
      peersOf(channel.self).map(async (peer) => {
        const shown = await this.#hear(topic, step, peer);
        return shown === undefined ? undefined : conclude(documentsIn(shown));
      }),
    );
  }

  /** Waits for a proof from either peer until one is conclusive. */
  async awaitProofs<Conclusion>(
    conclude: (json: unknown) => Conclusion | undefined,
  ): Promise<Conclusion | undefined> {
    const { channel, tender } = this.#parameters;
    return await firstOf(
      peersOf(channel.self).map(async (peer) => {
        const proof = await this.#hear(proofTopicOf(tender), PROOF_STEP, peer);
        return proof === undefined ? undefined : conclude(jsonOf(proof));
      }),
    );
  }

  /** The proofs that the peers have posted by now. */
  async postedProofs(): Promise<readonly unknown[]> {
    const { channel, clock, tender, signal } = this.#parameters;
    const look = async (peer: PartyIndex): Promise<readonly unknown[]> => {
      const posted = await withDeadline(clock, LOOK_TIMEOUT_MS, signal, silent, (waiting) =>
        endedBy(waiting, channel.latest(proofTopicOf(tender), peer)),
      ).catch(() => undefined);
      return posted === undefined ? [] : [jsonOf(posted.bytes)];
    };
    return (await Promise.all(peersOf(channel.self).map(look))).flat();
  }

  /** For the peers, and for the operator to take out of the outbox. */
  async postProof({ evidence }: Proof): Promise<void> {
    const { tender } = this.#parameters;
    await this.#conversation(proofTopicOf(tender)).say(PROOF_STEP, async () => canonicalBytes(evidence));
  }

  async #hear(topic: string, step: string, peer: PartyIndex): Promise<Uint8Array | undefined> {
    return await this.#conversation(topic)
      .hear(step, peer)
      .catch(() => undefined);
  }

  #conversation(topic: string): Conversation {
    const timeoutMs = Math.min(EXCHANGE_TIMEOUT_MS, this.#parameters.timeoutMs);
    return new Conversation({ ...this.#parameters, topic, timeoutMs });
  }
}

function documentsIn(bytes: Uint8Array): Partial<SignedDocuments> {
  const shown = z.safeParse(shownSchema, jsonOf(bytes));
  if (!shown.success) return {};
  const { lists = [], ...others } = shown.data;
  return { lists: lists.map(datedList), ...others };
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes);
  } catch {
    return undefined;
  }
}

/** The first that concludes something; undefined once all have ended without. */
async function firstOf<Conclusion>(
  attempts: readonly Promise<Conclusion | undefined>[],
): Promise<Conclusion | undefined> {
  const { promise, resolve } = Promise.withResolvers<Conclusion | undefined>();
  const settled = attempts.map(async (attempt) => {
    const conclusion = await attempt.catch(() => undefined);
    if (conclusion !== undefined) resolve(conclusion);
  });
  Promise.all(settled).then(
    () => resolve(undefined),
    () => resolve(undefined),
  );
  return await promise;
}

async function endedBy<Value>(signal: AbortSignal, task: Promise<Value>): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  return await Promise.race([task, promise]);
}

function silent(): MpcError {
  return new MpcError('CHANNEL_TIMEOUT', 'an outbox did not answer in time');
}
