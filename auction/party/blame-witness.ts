/**
 * What a party can bear witness to: every signed public document that went through its channel in one run.
 *
 * The channel is watched, not the protocol, so nothing that was shown is forgotten because a check failed first,
 * and a peer that shows another version on the second look is held to both. Sealed messages are not kept: they
 * prove nothing to others. Nothing here is checked; `evidence-search.ts` does that.
 *
 * Cost: references to bytes that the run holds anyway, a few versions of each.
 */

import * as z from 'zod/mini';
import { equalBytes } from '../../mpc/bytes.ts';
import type { Channel, Parcels, Posted } from '../../mpc/channels/channel.ts';
import type { PartyIndex } from '../../mpc/party.ts';
import { helloTopic } from '../../mpc/session/attempts.ts';
import { toBase64url } from '../canonical.ts';
import { closingListSchema } from '../closing-list.ts';
import { clearingSessionOf } from '../evidence-hello.ts';
import { datedList, messageSchema } from '../evidence-messages.ts';
import type { SignedDocuments } from '../evidence-search.ts';
import { type SignedOutcome, signedOutcomeSchema } from '../outcome.ts';
import type { TenderId } from '../tender.ts';
import { parseJson } from './closing-messages.ts';

/** Honest parties have one version of each document; a second one proves the fault, and more add nothing. */
const MAX_VERSIONS = 3;
/** Four steps of the closing in their versions; steps that nobody awaits are not kept without end. */
const MAX_ITEMS = 4 * MAX_VERSIONS;
/** A peer may announce attempts without end; the last ones are those that count. */
const MAX_HELLOS = 8;

/** A public item that was read from, or written to, an outbox. */
interface Sighting {
  readonly topic: string;
  readonly step: string;
  readonly from: PartyIndex;
  readonly bytes: Uint8Array;
}

export class Witness implements Channel {
  readonly self: PartyIndex;
  readonly #channel: Channel;
  readonly #topics: ReadonlySet<string>;
  readonly #helloTopic: string;
  #seen: readonly Sighting[] = [];

  constructor(channel: Channel, tender: TenderId) {
    this.self = channel.self;
    this.#channel = channel;
    this.#helloTopic = helloTopic(clearingSessionOf(tender));
    this.#topics = new Set([`${tender}/closing`, `${tender}/outcome`, this.#helloTopic]);
  }

  async post(topic: string, step: string, parcels: Parcels): Promise<void> {
    await this.#channel.post(topic, step, parcels);
    if ('everyone' in parcels) this.#note({ topic, step, from: this.self, bytes: parcels.everyone });
  }

  async collect(topic: string, step: string, from: PartyIndex, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = await this.#channel.collect(topic, step, from, signal);
    this.#note({ topic, step, from, bytes });
    return bytes;
  }

  async recall(topic: string, step: string): Promise<Uint8Array | undefined> {
    const bytes = await this.#channel.recall(topic, step);
    if (bytes !== undefined) this.#note({ topic, step, from: this.self, bytes });
    return bytes;
  }

  async latest(topic: string, from: PartyIndex): Promise<Posted | undefined> {
    const posted = await this.#channel.latest(topic, from);
    if (posted !== undefined) this.#note({ topic, from, ...posted });
    return posted;
  }

  /** The own last hello's step, which names the attempt; undefined before the first. */
  lastAttempt(): string | undefined {
    return this.#hellos().findLast(({ from }) => from === this.self)?.step;
  }

  /** Of all parties, as far as they were seen. */
  hellosOf(attempt: string): SignedDocuments['hellos'] {
    return this.#hellos()
      .filter(({ step }) => step === attempt)
      .map(asDocument);
  }

  /** As far as they have the form of a document; neither receipts nor submissions come this way. */
  documents(): SignedDocuments {
    const json = this.#seen.filter(({ topic }) => topic !== this.#helloTopic).flatMap(jsonOf);
    return {
      lists: json.flatMap((value) => parsed(closingListSchema, value).map(datedList)),
      messages: json.flatMap((value) => parsed(messageSchema, value)),
      outcomes: json.flatMap((value): readonly SignedOutcome[] => parsed(signedOutcomeSchema, value)),
      hellos: this.#hellos().map(asDocument),
      receipts: [],
      submissions: [],
    };
  }

  #hellos(): readonly Sighting[] {
    return this.#seen.filter(({ topic }) => topic === this.#helloTopic);
  }

  #note(sighting: Sighting): void {
    const { topic, step, from, bytes } = sighting;
    if (!this.#topics.has(topic)) return;
    const items = this.#seen.filter((seen) => seen.topic === topic && seen.from === from);
    const versions = items.filter((seen) => seen.step === step);
    if (versions.length >= MAX_VERSIONS || versions.some((seen) => equalBytes(seen.bytes, bytes))) return;
    const isHello = topic === this.#helloTopic;
    if (!isHello && items.length >= MAX_ITEMS) return;
    this.#seen = [...this.#seen, sighting];
    if (isHello) this.#forgetEarlyHellos(from);
  }

  #forgetEarlyHellos(from: PartyIndex): void {
    const kept = new Set(
      this.#hellos()
        .filter((hello) => hello.from === from)
        .slice(-MAX_HELLOS),
    );
    this.#seen = this.#seen.filter(
      (seen) => seen.topic !== this.#helloTopic || seen.from !== from || kept.has(seen),
    );
  }
}

function asDocument({ from, bytes }: Sighting): SignedDocuments['hellos'][number] {
  return { party: from, hello: toBase64url(bytes) };
}

/** Everything that two heaps hold. */
export function joinDocuments(left: SignedDocuments, right: Partial<SignedDocuments>): SignedDocuments {
  return {
    lists: [...left.lists, ...(right.lists ?? [])],
    messages: [...left.messages, ...(right.messages ?? [])],
    outcomes: [...left.outcomes, ...(right.outcomes ?? [])],
    hellos: [...left.hellos, ...(right.hellos ?? [])],
    receipts: [...left.receipts, ...(right.receipts ?? [])],
    submissions: [...left.submissions, ...(right.submissions ?? [])],
  };
}

function jsonOf({ bytes }: Sighting): readonly unknown[] {
  try {
    return [parseJson(bytes)];
  } catch {
    return [];
  }
}

function parsed<Schema extends z.ZodMiniType>(schema: Schema, value: unknown): readonly z.output<Schema>[] {
  const result = z.safeParse(schema, value);
  return result.success ? [result.data] : [];
}
