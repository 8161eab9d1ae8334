/**
 * Looks records of a party's vault up over HTTP, and changes them, as somebody who holds a key on its access list.
 *
 * What leaves this machine has a length that tells nothing of what is asked, and so has the answer. Requests are
 * never sent again by themselves: a policy that depended on the operation would show which it was, and one that did not
 * would repeat changes. After a failure the caller cannot know whether it was carried out, and may ask.
 * The answer is as trustworthy as the party and the connection to it (TLS): it is not signed. Runs wherever
 * `fetch` does.
 */

import { problemSchema } from '../auction/api-answers.ts';
import type { Signer } from '../auction/signature.ts';
import { PartyClientError, refusalByGateway } from '../client/party-client.ts';
import { type RecordResult, readVaultAnswer } from '../functions/vault-answer.ts';
import { createVaultRequest, NONCE_BYTES, type RecordOperation } from '../functions/vault-request.ts';
import { toEpochMs } from '../mpc/clock.ts';
import { ORAM_ERROR_CODES } from '../oram/errors.ts';

/** Beyond the 30 s after which an API Gateway integration ends. */
const DEFAULT_TIMEOUT_MS = 35_000;

export interface RemoteVault {
  /** Of the party, without a path. */
  readonly url: string;
  readonly vault: string;
  /** Signing key of the party that keeps the vault, base64url; from its operator, not from the address. */
  readonly party: string;
  /** Longest value of the vault. */
  readonly valueBytes: number;
  readonly requester: Signer;
}

interface Sent {
  readonly status: number;
  readonly json: unknown;
  /** What the answer means where it is none of the party's. */
  readonly byGateway: PartyClientError | undefined;
}

export class VaultClient {
  readonly #vault: RemoteVault;
  readonly #timeoutMs: number;

  constructor(vault: RemoteVault, options: { readonly timeoutMs?: number } = {}) {
    this.#vault = { ...vault, url: vault.url.replace(/\/+$/, '') };
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await this.#one({ kind: 'get', key })).value;
  }

  async has(key: string): Promise<boolean> {
    return (await this.#one({ kind: 'has', key })).found;
  }

  /** @throws PartyClientError VAULT_FULL, VAULT_KEY_COLLISION */
  async put(key: string, value: Uint8Array): Promise<void> {
    const { refused } = await this.#one({ kind: 'put', key, value });
    if (refused === undefined) return;
    const { url } = this.#vault;
    throw new PartyClientError({ code: refused, detail: ORAM_ERROR_CODES[refused], status: 200 }, url);
  }

  /** @returns whether the record was there */
  async delete(key: string): Promise<boolean> {
    return (await this.#one({ kind: 'delete', key })).found;
  }

  /**
   * One to eight operations, in order. A put that is refused says so in its result and holds up no other.
   * @throws PartyClientError with the code of the party, PARTY_UNREACHABLE, PARTY_BUSY or PARTY_ANSWER_MALFORMED;
   *   FunctionError VAULT_REQUEST_LENGTH, VAULT_REQUEST_MALFORMED before anything is sent
   */
  async batch(operations: readonly RecordOperation[]): Promise<readonly RecordResult[]> {
    const { url, vault, party, valueBytes, requester } = this.#vault;
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const issuedAt = toEpochMs(Date.now());
    const request = createVaultRequest({ vault, party, operations, valueBytes, requester, issuedAt, nonce });
    const { status, json, byGateway } = await this.#send(`${url}/vaults/${vault}/operations`, request);
    if (status === 200) {
      const results = readVaultAnswer(json, operations, valueBytes);
      if (results !== undefined) return results;
    }
    const problem = problemSchema.safeParse(json);
    if (status === 200 || !problem.success) {
      if (byGateway?.code === 'PARTY_BUSY') throw byGateway;
      const detail = `what answers at ${url} is not this vault of a party of Tacit (status ${status})`;
      throw new PartyClientError({ code: 'PARTY_ANSWER_MALFORMED', detail, status }, url);
    }
    const { code, detail, facts = {} } = problem.data;
    throw new PartyClientError({ code, detail, facts, status }, url);
  }

  async #one(operation: RecordOperation): Promise<RecordResult> {
    const [result] = await this.batch([operation]);
    if (result === undefined) throw new Error('an answer that was read has a result for each operation');
    return result;
  }

  async #send(address: string, body: unknown): Promise<Sent> {
    try {
      const response = await fetch(address, {
        method: 'POST',
        signal: AbortSignal.timeout(this.#timeoutMs),
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
      const json = parseJson(await response.text());
      return { status: response.status, json, byGateway: refusalByGateway(response, this.#vault.url) };
    } catch (cause) {
      const detail = `the party at ${this.#vault.url} cannot be reached`;
      throw new PartyClientError({ code: 'PARTY_UNREACHABLE', detail, status: 0 }, this.#vault.url, {
        cause,
      });
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
