import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  createVaultAccessHandler,
  type VaultAccess,
} from '../../functions/vault-access/vault-access.handler.ts';
import { readVaultAnswer } from '../../functions/vault-answer.ts';
import type { RecordOperation } from '../../functions/vault-request.ts';
import { invocationContext } from '../../local/invocation-context.ts';
import { operationsEvent, startVaultHost, VALUE_BYTES, type VaultHost } from './vault-host.ts';
import { requestFor, text } from './vault-requests.ts';

let host: VaultHost;
let named = 0;

beforeAll(async () => {
  host = await startVaultHost();
});

afterAll(() => host.close());

beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});

afterEach(() => {
  vi.restoreAllMocks();
});

async function newVault(): Promise<string> {
  const vault = `vault-${++named}`;
  await host.provide(vault);
  return vault;
}

/** One environment of Lambda, invoked by its events alone. */
function invoker(vault: string, access: VaultAccess) {
  const handler = createVaultAccessHandler(access);
  const facts = { vault, party: host.party, requester: host.writer, valueBytes: VALUE_BYTES };
  const invoke = async (timeoutMs: number, ...operations: readonly RecordOperation[]) => {
    const event = operationsEvent(vault, requestFor(facts, ...operations));
    const { statusCode, body = '' } = await handler(event, invocationContext('vault-access', timeoutMs));
    return { statusCode, body: JSON.parse(body), operations };
  };
  const results = async (...operations: readonly RecordOperation[]) => {
    const { statusCode, body } = await invoke(30_000, ...operations);
    expect({ statusCode, code: body.code }).toEqual({ statusCode: 200, code: undefined });
    return readVaultAnswer(body, operations, VALUE_BYTES) ?? [];
  };
  return {
    invoke,
    results,
    get: async (key: string) => (await results({ kind: 'get', key }))[0]?.value,
    put: async (key: string, value: string) => {
      await results({ kind: 'put', key, value: text(value) });
    },
  };
}

describe('two environments on the same tables', () => {
  test('at the same time: one waits for the other, and both are right', async () => {
    const vault = await newVault();
    const [left, right] = [invoker(vault, host.environment()), invoker(vault, host.environment())];
    const rounds = Array.from({ length: 6 }, (_, round) => round);
    const work = async (environment: typeof left, name: string) => {
      for (const round of rounds) {
        await environment.put(`${name} ${round}`, `${round}`);
        expect(await environment.get(`${name} ${round}`)).toEqual(text(`${round}`));
      }
    };
    await Promise.all([work(left, 'left'), work(right, 'right')]);
    const cold = invoker(vault, host.environment());
    for (const name of ['left', 'right']) {
      for (const round of rounds) expect(await cold.get(`${name} ${round}`)).toEqual(text(`${round}`));
    }
  });

  test('in turns: each sees at once what the other changed, however warm it is', async () => {
    const vault = await newVault();
    const [left, right] = [invoker(vault, host.environment()), invoker(vault, host.environment())];
    for (let turn = 0; turn < 4; turn++) {
      await left.put('key', `left ${turn}`);
      expect(await right.get('key')).toEqual(text(`left ${turn}`));
      await right.put('key', `right ${turn}`);
      expect(await left.get('key')).toEqual(text(`right ${turn}`));
    }
  });

  test('many invocations of one environment are queued and each gets its own answer', async () => {
    const vault = await newVault();
    const environment = invoker(vault, host.environment());
    const keys = Array.from({ length: 20 }, (_, index) => `key ${index}`);
    await Promise.all(keys.map((key) => environment.put(key, `of ${key}`)));
    const values = await Promise.all(keys.map((key) => environment.get(key)));
    expect(values).toEqual(keys.map((key) => text(`of ${key}`)));
  });
});

/** A client of the tree table whose puts stop until they are let go. */
function stallingClient() {
  const client = new DynamoDBClient({
    endpoint: host.dynamodb.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  let stalled: Promise<void> | undefined;
  const released = Promise.withResolvers<void>();
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === 'PutItemCommand') await stalled;
        return await next(args);
      },
    { step: 'initialize', name: 'stall' },
  );
  return {
    client,
    stall: () => {
      stalled = released.promise;
    },
    release: () => released.resolve(),
  };
}

describe('an access that runs into the time limit', () => {
  test('is answered before, and what wakes up later takes nothing back', async () => {
    const vault = await newVault();
    const { client, stall, release } = stallingClient();
    const frozen = invoker(vault, host.environment({ treeClient: client }));
    const other = invoker(vault, host.environment({ patienceMs: 200 }));
    try {
      await frozen.put('kept', 'before');
      stall();
      const cut = await frozen.invoke(700, { kind: 'put', key: 'cut off', value: text('perhaps') });
      expect(cut).toMatchObject({ statusCode: 503, body: { code: 'REQUEST_TIMED_OUT' } });

      // Another environment finishes what was cut off and goes on; the first then wakes up, late.
      expect(await other.get('kept')).toEqual(text('before'));
      await other.put('kept', 'after');
      release();
      expect(await frozen.get('kept')).toEqual(text('after'));
      await frozen.put('more', 'both go on');
      expect(await other.get('more')).toEqual(text('both go on'));
      const perhaps = await other.get('cut off');
      expect([undefined, 'perhaps']).toContain(perhaps && new TextDecoder().decode(perhaps));
      expect(await frozen.get('cut off')).toEqual(perhaps);
    } finally {
      release();
      client.destroy();
    }
  });
});

describe('an environment whose tables do not answer', () => {
  test.each(['treeClient', 'stateClient'] as const)(
    'refuses while the %s fails, and serves again when it does not',
    async (table) => {
      const vault = await newVault();
      const client = new DynamoDBClient({
        endpoint: host.dynamodb.endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      });
      let down = true;
      client.middlewareStack.add(
        (next) => async (args) => {
          if (!down) return await next(args);
          throw Object.assign(new Error('no'), {
            name: 'AccessDeniedException',
            $metadata: { httpStatusCode: 400 },
          });
        },
        { step: 'initialize', name: 'down' },
      );
      try {
        const environment = invoker(vault, host.environment({ [table]: client }));
        const refused = await environment.invoke(30_000, { kind: 'get', key: 'a' });
        expect(refused).toMatchObject({ statusCode: 500, body: { code: 'STORE_REFUSED' } });
        down = false;
        await environment.put('a', 'again');
        expect(await environment.get('a')).toEqual(text('again'));
      } finally {
        client.destroy();
      }
    },
  );
});
