import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toBase64url } from '../../auction/canonical.ts';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import { NONCE_EXPIRY_ATTRIBUTE, requestNonces } from '../../functions/request-nonces.ts';
import {
  type AuthorisationContext,
  authorise,
  MAX_REQUEST_AGE_MS,
} from '../../functions/vault-access/authorisation.ts';
import type { RecordOperation, VaultRequest } from '../../functions/vault-request.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import { createVaultTable } from '../../oram/stores/dynamodb.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../support/dynalite.ts';
import { newSigner, nonceText, requestFor, resigned, text } from './vault-requests.ts';

const NOW = toEpochMs(Date.parse('2027-01-01T00:00:00Z'));
const VALUE_BYTES = 32;
const [reader, writer, stranger] = [newSigner(), newSigner(), newSigner()];
const party = newSigner().publicKey;

const context: AuthorisationContext = {
  vault: 'suppliers',
  party,
  grants: [
    { vault: 'suppliers', requester: reader.publicKey, rights: 'read' },
    { vault: 'suppliers', requester: writer.publicKey, rights: 'write' },
    { vault: 'patients', requester: stranger.publicKey, rights: 'write' },
  ],
  now: NOW,
  signatures: nodeSignatures,
};

const facts = { vault: 'suppliers', party, requester: writer, valueBytes: VALUE_BYTES, issuedAt: NOW };
const look: RecordOperation = { kind: 'get', key: 'Quarry Ltd' };
const change: RecordOperation = { kind: 'put', key: 'Quarry Ltd', value: text('no findings') };

/** The code with which a request is refused. */
function codeOf(request: unknown, changed: Partial<AuthorisationContext> = {}): unknown {
  try {
    authorise(request, { ...context, ...changed });
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}

describe('a vault request is served', () => {
  test('to a reader who looks up, and to a writer who does anything', () => {
    const everything = [
      look,
      change,
      { kind: 'has', key: 'a' },
      { kind: 'delete', key: 'b' },
      { kind: 'dummy' },
    ] as const;
    expect(authorise(requestFor(facts, ...everything), context).operations).toEqual(everything);
    const looking = [look, { kind: 'has', key: 'a' }, { kind: 'dummy' }] as const;
    expect(authorise(requestFor({ ...facts, requester: reader }, ...looking), context).operations).toEqual(
      looking,
    );
  });

  test('whose clock is a little off', () => {
    for (const offset of [-MAX_REQUEST_AGE_MS, MAX_REQUEST_AGE_MS]) {
      expect(codeOf(requestFor({ ...facts, issuedAt: toEpochMs(NOW + offset) }, look))).toBeUndefined();
    }
  });
});

describe('a vault request is refused', () => {
  const request = requestFor(facts, look);

  test('without a signature, or with one of another request, key or document', () => {
    const { signature: _, ...unsigned } = request;
    expect(codeOf(unsigned)).toBe('VAULT_REQUEST_MALFORMED');
    const others: readonly VaultRequest[] = [
      { ...request, signature: requestFor(facts, look).signature },
      { ...request, requester: reader.publicKey },
      { ...request, nonce: nonceText() },
      { ...request, operations: requestFor(facts, change).operations },
      { ...request, padding: `${request.padding}.` },
      { ...request, issuedAt: request.issuedAt + 1 },
      { ...request, signature: toBase64url(new Uint8Array(64)) },
      { ...resigned(request, {}, stranger), requester: writer.publicKey },
    ];
    for (const forged of others) expect(codeOf(forged)).toBe('VAULT_REQUEST_SIGNATURE');
  });

  test('from a key that is not on the list of this vault', () => {
    expect(codeOf(requestFor({ ...facts, requester: newSigner() }, look))).toBe('VAULT_REQUESTER_UNKNOWN');
    expect(codeOf(requestFor({ ...facts, requester: stranger }, look))).toBe('VAULT_REQUESTER_UNKNOWN');
    expect(codeOf(request, { grants: [] })).toBe('VAULT_REQUESTER_UNKNOWN');
  });

  test.each([change, { kind: 'delete', key: 'Quarry Ltd' }] as const)(
    'that writes with rights to read: $kind, also hidden among lookups',
    (operation) => {
      const asked = { ...facts, requester: reader };
      expect(codeOf(requestFor(asked, operation))).toBe('VAULT_RIGHTS');
      expect(codeOf(requestFor(asked, look, { kind: 'dummy' }, operation, look))).toBe('VAULT_RIGHTS');
    },
  );

  test('that was signed for another vault or another party', () => {
    expect(codeOf(requestFor({ ...facts, vault: 'patients' }, look))).toBe('VAULT_REQUEST_OTHER_VAULT');
    expect(codeOf(request, { vault: 'patients' })).toBe('VAULT_REQUEST_OTHER_VAULT');
    expect(codeOf(request, { party: newSigner().publicKey })).toBe('VAULT_REQUEST_OTHER_PARTY');
  });

  test('that is late, or from the future', () => {
    for (const offset of [-MAX_REQUEST_AGE_MS - 1, MAX_REQUEST_AGE_MS + 1]) {
      expect(codeOf(requestFor({ ...facts, issuedAt: toEpochMs(NOW + offset) }, look))).toBe(
        'VAULT_REQUEST_EXPIRED',
      );
    }
  });

  test('in a sentence without keys and values', () => {
    for (const code of ['VAULT_RIGHTS', 'VAULT_REQUESTER_UNKNOWN']) {
      const requester = code === 'VAULT_RIGHTS' ? reader : newSigner();
      const refuse = () => authorise(requestFor({ ...facts, requester }, change), context);
      expect(refuse).toThrow(code);
      expect(refuse).not.toThrow(/Quarry|findings/);
    }
  });
});

describe('a nonce', () => {
  let dynamodb: LocalDynamodb;

  beforeAll(async () => {
    dynamodb = await startLocalDynamodb();
    await createVaultTable(dynamodb.client, 'state');
  });

  afterAll(() => dynamodb.close());

  const fresh = () => ({
    vault: 'suppliers',
    requester: writer.publicKey,
    nonce: nonceText(),
    issuedAt: NOW,
  });

  test('is taken once, whoever asks, and by one of many at the same time', async () => {
    const nonce = fresh();
    const both = [requestNonces(dynamodb.client, 'state'), requestNonces(dynamodb.client, 'state')];
    const taken = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => both[index % 2]!.take(nonce)),
    );
    expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of taken) {
      if (result.status === 'rejected')
        expect(result.reason).toMatchObject({ code: 'VAULT_REQUEST_REPLAYED' });
    }
  });

  test('of another requester or vault is another one', async () => {
    const nonces = requestNonces(dynamodb.client, 'state');
    const nonce = fresh();
    await nonces.take(nonce);
    await nonces.take({ ...nonce, requester: reader.publicKey });
    await nonces.take({ ...nonce, vault: 'patients' });
    await expect(nonces.take(nonce)).rejects.toMatchObject({ code: 'VAULT_REQUEST_REPLAYED' });
  });

  test('leaves an item that expires long after the request, and shows nothing of it', async () => {
    const nonce = fresh();
    await requestNonces(dynamodb.client, 'state').take(nonce);
    const { Items: items = [] } = await dynamodb.client.send(new ScanCommand({ TableName: 'state' }));
    for (const item of items) {
      expect(Number(item[NONCE_EXPIRY_ATTRIBUTE]?.N) * 1000).toBeGreaterThan(NOW + 2 * MAX_REQUEST_AGE_MS);
      expect(Object.keys(item).sort()).toEqual(['expiresAt', 'pk', 'sk', 'taker']);
      expect(item['pk']?.S).toMatch(/^request:[A-Za-z0-9_-]{43}$/);
    }
    const stored = JSON.stringify(items);
    expect(stored).not.toContain(nonce.nonce);
    expect(stored).not.toContain(nonce.requester);
  });

  /** Whatever the table answers to the first try does not arrive, so the client tries again. */
  async function losingOneAnswer(take: () => Promise<void>): Promise<void> {
    let lost = false;
    dynamodb.client.middlewareStack.add(
      (next) => async (args) => {
        if (lost) return await next(args);
        await next(args).catch(() => {});
        lost = true;
        throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError', $retryable: {} });
      },
      { step: 'deserialize', priority: 'high', name: 'loseOneAnswer' },
    );
    try {
      await take();
    } finally {
      dynamodb.client.middlewareStack.remove('loseOneAnswer');
      expect(lost).toBe(true);
    }
  }

  test('is not refused where the client sent it twice because the answer was lost; a replay is', async () => {
    const nonces = requestNonces(dynamodb.client, 'state');
    const nonce = fresh();
    await losingOneAnswer(() => nonces.take(nonce));
    await expect(losingOneAnswer(() => nonces.take(nonce))).rejects.toMatchObject({
      code: 'VAULT_REQUEST_REPLAYED',
    });
  });

  test('that cannot be stored is STORE_UNAVAILABLE or STORE_REFUSED, never taken for granted', async () => {
    await expect(requestNonces(dynamodb.client, 'elsewhere').take(fresh())).rejects.toMatchObject({
      code: 'STORE_REFUSED',
    });
  });
});
