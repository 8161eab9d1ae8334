/**
 * A typed client of one party's HTTP API, for programs that hold no secrets of the party.
 *
 * Nothing that a party answers is believed here: callers check signatures (`tacit-client.ts`). Every request
 * is idempotent, so one that failed on the way, or that the party was too slow for, is sent again a few times, and one
 * that its gateway throttled (429) for a quarter of a minute: pauses double and are spread at random, so that bidders who
 * were refused together do not come back together. Runs wherever `fetch` does.
 */

import * as z from 'zod/mini';
import { type PartyStatus, partyStatusSchema, tenderPageSchema } from '../auction/api-answers.ts';
import type { CloseOrder } from '../auction/close-order.ts';
import { timeField } from '../auction/fields.ts';
import type { Submission } from '../auction/submission.ts';
import { type PartyRecord, partyRecordSchema, type SignedTender, type TenderId } from '../auction/tender.ts';

/** A refusal by a party, or the failure to reach it, with a stable code. */
export class PartyClientError extends Error {
  /**
   * PARTY_UNREACHABLE, PARTY_BUSY, PARTY_TOKEN_REFUSED, PARTY_ANSWER_MALFORMED, or the code of the party's problem
   * document.
   */
  readonly code: string;
  readonly detail: string;
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  readonly url: string;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(
    refusal: { code: string; detail: string; status: number; facts?: Readonly<Record<string, unknown>> },
    url: string,
    options?: ErrorOptions,
  ) {
    super(`${refusal.code}: ${refusal.detail}`, options);
    this.name = 'PartyClientError';
    this.code = refusal.code;
    this.detail = refusal.detail;
    this.status = refusal.status;
    this.url = url;
    this.facts = refusal.facts ?? {};
  }
}

export interface PartyClientOptions {
  /** For one request; an API Gateway integration ends after 30 s. */
  readonly timeoutMs?: number;
  /** How often a request is sent in all while the party cannot be reached. */
  readonly tries?: number;
  /** How often it is sent in all while the party's gateway throttles it. */
  readonly throttledTries?: number;
  /** Secret: what a party whose auctioneers need one is shown when a tender is published or closed, and at no other time. */
  readonly token?: string | undefined;
  /** Waits between tries; a timer where nothing is said. */
  readonly pause?: (ms: number) => Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** A party that restarts is back within about two seconds; pauses of 0.2, 0.4 and 0.8 s bridge most of that. */
const DEFAULT_TRIES = 4;
const FIRST_PAUSE_MS = 200;

/** With pauses of up to 0.5, 1, 2, 4 and 8 s: a thousand bids in one second have passed by then, at 50 a second. */
const DEFAULT_THROTTLED_TRIES = 6;
const FIRST_THROTTLED_PAUSE_MS = 500;

const TOO_MANY_REQUESTS = 429;

/** Statuses of a party or gateway that may answer the same request later. */
const TRANSIENT_STATUSES: readonly number[] = [502, 503, 504];

const problemSchema = z.object({
  code: z.string().check(z.maxLength(64)),
  detail: z.string().check(z.maxLength(1_000)),
  facts: z.optional(z.record(z.string(), z.unknown())),
});

const publishedSchema = z.object({ id: z.string() });
const tenderSchema = z.object({
  signed: z.unknown(),
  state: z.looseObject({
    phase: z.enum(['open', 'closing', 'clearing', 'cleared']),
    closedAt: z.optional(timeField),
  }),
});

export interface TenderPage {
  readonly tenders: readonly string[];
  /** Absent where this page is the last. */
  readonly next?: string;
}

export interface ShownTender {
  /** To be checked by `checkTender`. */
  readonly signed: unknown;
  readonly phase: 'open' | 'closing' | 'clearing' | 'cleared';
  /** Milliseconds since 1970 by the party's clock; absent while it is open. */
  readonly closedAtMs?: number;
}

export class PartyClient {
  readonly url: string;
  readonly #timeoutMs: number;
  readonly #tries: number;
  readonly #throttledTries: number;
  readonly #token: string | undefined;
  readonly #pause: (ms: number) => Promise<void>;

  constructor(url: string, options: PartyClientOptions = {}) {
    this.url = url.replace(/\/+$/, '');
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#tries = options.tries ?? DEFAULT_TRIES;
    this.#throttledTries = options.throttledTries ?? DEFAULT_THROTTLED_TRIES;
    this.#token = options.token;
    this.#pause = options.pause ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
  }

  async info(): Promise<PartyRecord> {
    const { index, signingKey, sealingKey } = await this.#ask(
      'GET',
      '/party',
      undefined,
      z.object(partyRecordSchema.shape),
    );
    return { index, signingKey, sealingKey };
  }

  async publishTender(signed: SignedTender): Promise<string> {
    return (await this.#ask('POST', '/tenders', signed, publishedSchema, this.#token)).id;
  }

  /**
   * One page of ids, in their own order.
   * @param after `next` of the page before
   * @param limit 1 to 100, which is also the default
   */
  async tenderPage(after?: string, limit?: number): Promise<TenderPage> {
    const query = new URLSearchParams();
    if (after !== undefined) query.set('after', after);
    if (limit !== undefined) query.set('limit', String(limit));
    const path = query.size === 0 ? '/tenders' : `/tenders?${query}`;
    const { tenders, next } = await this.#ask('GET', path, undefined, tenderPageSchema);
    return next === undefined ? { tenders } : { tenders, next };
  }

  /** The ids of all tenders published there, over as many pages as it takes. */
  async *tenders(): AsyncGenerator<string> {
    let after: string | undefined;
    do {
      const { tenders, next }: TenderPage = await this.tenderPage(after);
      yield* tenders;
      // A party that repeats itself would keep its reader for ever.
      if (next !== undefined && after !== undefined && next <= after) throw this.#malformed(200);
      after = next;
    } while (after !== undefined);
  }

  /** What the party says of its own health and clock; to be believed as little as all it says. */
  status(): Promise<PartyStatus> {
    return this.#ask('GET', '/status', undefined, partyStatusSchema);
  }

  async tender(id: TenderId): Promise<ShownTender> {
    const { signed, state } = await this.#ask('GET', `/tenders/${id}`, undefined, tenderSchema);
    const { phase, closedAt } = state;
    return { signed, phase, ...(closedAt === undefined ? {} : { closedAtMs: closedAt }) };
  }

  async close(id: TenderId, order: CloseOrder): Promise<void> {
    await this.#ask('POST', `/tenders/${id}/close`, order, z.unknown(), this.#token);
  }

  /** @returns a receipt, to be checked by `checkReceipt` */
  submit(id: TenderId, submission: Submission): Promise<unknown> {
    return this.#ask('POST', `/tenders/${id}/submissions`, submission, z.unknown());
  }

  /** @returns a signed outcome, to be checked by `checkOutcome` */
  outcome(id: TenderId): Promise<unknown> {
    return this.#ask('GET', `/tenders/${id}/outcome`, undefined, z.unknown());
  }

  async #ask<Schema extends z.ZodMiniType>(
    method: 'GET' | 'POST',
    path: string,
    body: unknown,
    schema: Schema,
    token?: string,
  ): Promise<z.output<Schema>> {
    for (let failures = 0, throttled = 0; ; ) {
      try {
        const answer = z.safeParse(schema, await this.#askOnce(method, path, body, token));
        if (answer.success) return answer.data;
        throw this.#malformed(200);
      } catch (error) {
        if (!(error instanceof PartyClientError)) throw error;
        if (error.status === TOO_MANY_REQUESTS) {
          throttled += 1;
          if (throttled >= this.#throttledTries) throw error;
          const longest = FIRST_THROTTLED_PAUSE_MS * 2 ** (throttled - 1);
          await this.#pause((longest * (1 + Math.random())) / 2);
        } else {
          failures += 1;
          const transient = error.status === 0 || TRANSIENT_STATUSES.includes(error.status);
          if (!transient || failures >= this.#tries) throw error;
          await this.#pause(FIRST_PAUSE_MS * 2 ** (failures - 1));
        }
      }
    }
  }

  async #askOnce(
    method: 'GET' | 'POST',
    path: string,
    body: unknown,
    token: string | undefined,
  ): Promise<unknown> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const request = {
      method,
      signal,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.url}${path}`, request);
      text = await response.text();
    } catch (cause) {
      const detail = `the party at ${this.url} cannot be reached`;
      throw new PartyClientError({ code: 'PARTY_UNREACHABLE', detail, status: 0 }, this.url, { cause });
    }
    const json = parseJson(text);
    if (response.ok && json !== undefined) return json;
    const problem = z.safeParse(problemSchema, json);
    if (response.ok || !problem.success)
      throw refusalByGateway(response, this.url) ?? this.#malformed(response.status);
    const { code, detail, facts = {} } = problem.data;
    throw new PartyClientError({ code, detail, facts, status: response.status }, this.url);
  }

  #malformed(status: number): PartyClientError {
    const detail = `what answers at ${this.url} is not a party of Tacit (status ${status})`;
    return new PartyClientError({ code: 'PARTY_ANSWER_MALFORMED', detail, status }, this.url);
  }
}

/**
 * What the gateway in front of a party says by itself, with a short body of its own: that requests come too fast, or that
 * it wants a token and there was none that it takes.
 */
export function refusalByGateway({ status, headers }: Response, url: string): PartyClientError | undefined {
  if (status === TOO_MANY_REQUESTS) {
    const detail = `the party at ${url} takes no more requests just now, and did not take this one: try again in a minute`;
    return new PartyClientError({ code: 'PARTY_BUSY', detail, status }, url);
  }
  if (status !== 401 && status !== 403) return undefined;
  const reason = /error_description="([ !#-~]{1,100})"/.exec(headers.get('www-authenticate') ?? '')?.[1];
  const detail = `the party at ${url} wants a token of its identity provider to publish and close tenders${reason === undefined ? '' : `: ${reason}`}`;
  return new PartyClientError({ code: 'PARTY_TOKEN_REFUSED', detail, status }, url);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
