import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../functions/system-clock.ts';
import { type Clock, toEpochMs } from '../../../mpc/clock.ts';
import { createDynamodbStore, createVaultTable } from '../../../oram/stores/dynamodb.ts';
import { MAX_TRIES } from '../../../oram/stores/failures.ts';
import { inParallel } from '../../../oram/stores/parallel.ts';
import type { Item, ItemKey, ItemStore } from '../../../oram/stores/store.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../../support/dynalite.ts';
import { type Answer, type Fault, WireFront } from './wire-front.ts';

const TABLE = 'vault';
const THROTTLED: Fault = { status: 400, type: 'ProvisionedThroughputExceededException' };

/** What may succeed when it is sent again. */
const TRANSIENT: readonly [string, Fault][] = [
  ['throttled', THROTTLED],
  ['throttled by the account', { status: 400, type: 'ThrottlingException' }],
  ['over the limit of requests', { status: 400, type: 'RequestLimitExceeded' }],
  ['failed inside', { status: 500, type: 'InternalServerError' }],
  ['failed by another name', { status: 500, type: 'InternalFailure' }],
  ['not served now', { status: 503, type: 'ServiceUnavailable' }],
  ['cut off on the way there', 'cut-before'],
  ['cut off on the way back', 'cut-after'],
  ['never answered', 'hang'],
];

let dynamodb: LocalDynamodb;
let front: WireFront;
let store: ItemStore;
let waits: number[];
let partition: string;
let runs = 0;

/** Waits are written down and take no time. */
const clock: Clock = {
  now: () => toEpochMs(0),
  sleep: async (durationMs) => void waits.push(durationMs),
};
const largest = (bytes: number) => new Uint8Array(bytes).fill(255);

beforeAll(async () => {
  dynamodb = await startLocalDynamodb();
  await createVaultTable(dynamodb.client, TABLE);
});

afterAll(() => dynamodb.close());

beforeEach(async () => {
  runs += 1;
  partition = `partition-${runs}`;
  waits = [];
  front = new WireFront(dynamodb.endpoint);
  store = createDynamodbStore({ client: await front.client(), tableName: TABLE, clock, random: largest });
});

afterEach(() => front.close());

const keyOf = (sort: number | string): ItemKey => ({ partition, sort: String(sort) });
const itemOf = (sort: number | string, version: number, fill = version): Item => ({
  key: keyOf(sort),
  version,
  bytes: new Uint8Array(40).fill(fill),
});
const itemsOf = (count: number) => Array.from({ length: count }, (_, index) => itemOf(index, 1, index));
const direct = () => createDynamodbStore({ client: dynamodb.client, tableName: TABLE, clock: systemClock });
/** Gives up on a connection soon. */
const impatient = async () =>
  createDynamodbStore({
    client: await front.client({ requestTimeout: 1_000 }),
    tableName: TABLE,
    clock,
    random: largest,
  });
const held = async (sort: number | string) => (await direct().read([keyOf(sort)]))[0];
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error: unknown) => (error as { code: string }).code,
  );
const bodies = () => front.requests.map(({ body }) => body);

/** Sort keys named by each request so far. */
function sortsAsked(): string[][] {
  return bodies().map((body) => [...body.matchAll(/"sk":\{"S":"([^"]*)"\}/g)].map((match) => match[1]!));
}

describe('a batch that is processed in parts', () => {
  test('of reads is sent again for what was left, and for nothing else', async () => {
    const items = itemsOf(10);
    await direct().fill(items);
    front.next.push({ processed: 4 }, { processed: 0 }, THROTTLED, { processed: 5 });
    const answers = await store.read(items.map(({ key }) => key));
    expect(answers.map((item) => item?.bytes[0])).toEqual(items.map((_, index) => index));
    const sorts = items.map(({ key }) => key.sort);
    expect(sortsAsked()).toEqual([sorts, sorts.slice(4), sorts.slice(4), sorts.slice(4), sorts.slice(9)]);
    expect(store.units()).toEqual({ requests: 5, readUnits: 10, writeUnits: 0 });
  });

  test('of items put is sent again for what was left, bytes the same', async () => {
    const items = itemsOf(10);
    front.next.push({ processed: 3 }, { processed: 0 });
    await store.fill(items);
    const sorts = items.map(({ key }) => key.sort);
    expect(sortsAsked()).toEqual([sorts, sorts.slice(3), sorts.slice(3)]);
    expect(bodies()[1]).toBe(bodies()[2]);
    expect((await direct().read(items.map(({ key }) => key))).map((item) => item?.bytes[0])).toEqual(
      items.map((_, index) => index),
    );
    expect(store.units()).toEqual({ requests: 3, readUnits: 0, writeUnits: 10 });
  });

  test('of deletions is sent again for what was left', async () => {
    const keys = itemsOf(6).map(({ key }) => key);
    await direct().fill(itemsOf(6));
    front.next.push({ processed: 2 });
    await store.remove(keys);
    const sorts = keys.map(({ sort }) => sort);
    expect(sortsAsked()).toEqual([sorts, sorts.slice(2)]);
    expect(await direct().read(keys)).toEqual(keys.map(() => undefined));
  });

  test('goes on as long as something is processed', async () => {
    await direct().fill(itemsOf(40));
    front.always = { processed: 1 };
    const answers = await store.read(itemsOf(40).map(({ key }) => key));
    expect(answers.every((item) => item !== undefined)).toBe(true);
    expect(front.requests).toHaveLength(40);
  });

  test.each(['read', 'fill', 'remove'] as const)(
    'and never processed ends a %s as unavailable',
    async (op) => {
      front.always = { processed: 0 };
      const items = itemsOf(3);
      const call = op === 'fill' ? store.fill(items) : store[op](items.map(({ key }) => key));
      expect(await codeOf(call)).toBe('STORE_UNAVAILABLE');
      expect(new Set(bodies()).size).toBe(1);
      expect(front.requests).toHaveLength(MAX_TRIES);
    },
  );
});

describe('a request that fails for a time', () => {
  test.each(TRANSIENT)('%s: is sent again as it was', async (_, fault) => {
    if (fault === 'hang') store = await impatient();
    await direct().fill([itemOf('old', 1)]);
    const calls: [() => Promise<unknown>, unknown][] = [
      [() => store.read([keyOf('old')]).then(([item]) => item?.version), 1],
      [() => store.write([itemOf('new', 5)]), true],
      [() => store.fill([itemOf('filled', 1)]).then(() => true), true],
      [() => store.replace(itemOf('old', 2), 1), true],
      [() => store.remove([keyOf('filled')]).then(() => true), true],
    ];
    for (const [call, expected] of calls) {
      front.requests.length = 0;
      front.next.push(fault);
      expect(await call()).toBe(expected);
      const [first, second, ...reading] = front.requests;
      expect(second).toEqual(first);
      expect(reading.every(({ operation }) => operation === 'BatchGetItem')).toBe(true);
    }
    expect([(await held('old'))?.version, (await held('new'))?.version, await held('filled')]).toEqual([
      2,
      5,
      undefined,
    ]);
  });

  test.each(TRANSIENT.filter(([, fault]) => fault !== 'hang'))('%s: not for ever', async (_, fault) => {
    front.always = fault;
    expect(await codeOf(store.read([keyOf(1)]))).toBe('STORE_UNAVAILABLE');
    expect(front.requests).toHaveLength(MAX_TRIES);
    expect(await codeOf(store.write([itemOf(1, 1)]))).toBe('STORE_UNAVAILABLE');
    expect(await codeOf(store.replace(itemOf(2, 1), undefined))).toBe('STORE_UNAVAILABLE');
    expect(front.requests).toHaveLength(3 * MAX_TRIES);
    expect(store.units().requests).toBe(3 * MAX_TRIES);
  });

  test('is sent again after waits drawn from ranges that double, up to a bound', async () => {
    front.always = THROTTLED;
    await codeOf(store.read([keyOf(1)]));
    expect(waits).toEqual([24, 49, 99, 199, 399, 799, 1599, 2999, 2999]);
    waits = [];
    const client = await front.client();
    const zero = (bytes: number) => new Uint8Array(bytes);
    await codeOf(createDynamodbStore({ client, tableName: TABLE, clock, random: zero }).read([keyOf(1)]));
    expect(waits).toEqual(Array.from({ length: MAX_TRIES - 1 }, () => 0));
  });
});

describe('a compare-and-swap whose answer was lost', () => {
  test('is true where its item is held', async () => {
    front.next.push('cut-after');
    expect(await store.replace(itemOf('x', 1), undefined)).toBe(true);
    store = await impatient();
    front.next.push('hang', 'cut-after', THROTTLED);
    expect(await store.replace(itemOf('x', 2), 1)).toBe(true);
    expect(await held('x')).toMatchObject({ version: 2 });
    expect(front.requests.map(({ operation }) => operation)).toEqual([
      'PutItem',
      'PutItem',
      'BatchGetItem',
      ...['PutItem', 'PutItem', 'PutItem', 'PutItem', 'BatchGetItem'],
    ]);
  });

  test('is false where other bytes are held', async () => {
    await direct().fill([itemOf('x', 1)]);
    await direct().replace(itemOf('x', 2, 99), 1);
    front.next.push('cut-before');
    expect(await store.replace(itemOf('x', 2), 1)).toBe(false);
    expect((await held('x'))?.bytes[0]).toBe(99);
  });

  test('cannot be told where a later version is held: it may have come and gone', async () => {
    await direct().fill([itemOf('x', 1)]);
    await direct().replace(itemOf('x', 3, 99), 1);
    front.next.push('cut-before');
    expect(await codeOf(store.replace(itemOf('x', 2), 1))).toBe('STORE_UNAVAILABLE');
    expect((await held('x'))?.bytes[0]).toBe(99);
  });

  test('cannot be told where nothing is held any more', async () => {
    front.next.push('cut-before');
    expect(await codeOf(store.replace(itemOf('x', 2), 1))).toBe('STORE_UNAVAILABLE');
    expect(await held('x')).toBeUndefined();
  });

  test('is found out where it was the client that sent it again', async () => {
    const client = await front.client({ maxAttempts: 3 });
    const patient = createDynamodbStore({ client, tableName: TABLE, clock, random: largest });
    front.next.push('cut-after');
    expect(await patient.replace(itemOf('x', 1), undefined)).toBe(true);
    expect(await patient.replace(itemOf('x', 1), undefined)).toBe(false);
    expect(front.requests.map(({ operation }) => operation)).toEqual([
      'PutItem',
      'PutItem',
      'BatchGetItem',
      'PutItem',
    ]);
  });

  test('costs no read where the first answer says that it was refused', async () => {
    await direct().fill([itemOf('x', 2)]);
    expect(await store.replace(itemOf('x', 2), 1)).toBe(false);
    expect(front.requests.map(({ operation }) => operation)).toEqual(['PutItem']);
  });
});

describe('a table that refuses', () => {
  test.each([
    ['is not there', { status: 400, type: 'ResourceNotFoundException' }],
    ['denies access', { status: 400, type: 'AccessDeniedException' }],
    ['does not know the credentials', { status: 400, type: 'UnrecognizedClientException' }],
    ['finds a request invalid', { status: 400, type: 'ValidationException' }],
  ] as const)('since it %s is asked once', async (_, fault) => {
    front.always = fault;
    for (const call of [
      () => store.read([keyOf(1)]),
      () => store.write([itemOf(1, 1)]),
      () => store.fill([itemOf(1, 1)]),
      () => store.replace(itemOf(1, 1), undefined),
      () => store.remove([keyOf(1)]),
    ]) {
      front.requests.length = 0;
      expect(await codeOf(call())).toBe('STORE_REFUSED');
      expect(front.requests).toHaveLength(1);
    }
    expect(await codeOf(createVaultTable(await front.client(), 'other'))).toBe('STORE_REFUSED');
  });

  test('for want of credentials is not asked at all', async () => {
    const client = await front.client();
    client.config.credentials = () =>
      Promise.reject(Object.assign(new Error('none found'), { name: 'CredentialsProviderError' }));
    const nobody = createDynamodbStore({ client, tableName: TABLE, clock });
    expect(await codeOf(nobody.read([keyOf(1)]))).toBe('STORE_REFUSED');
    expect(front.requests).toEqual([]);
  });

  test('and really is not there', async () => {
    const absent = createDynamodbStore({ client: dynamodb.client, tableName: 'absent', clock });
    expect(await codeOf(absent.read([keyOf(1)]))).toBe('STORE_REFUSED');
    expect(await codeOf(absent.write([itemOf(1, 1)]))).toBe('STORE_REFUSED');
  });
});

describe('an answer that no honest table gives', () => {
  test.each([
    ['no version', { d: { B: new Uint8Array(3) } }],
    ['a version as a number', { v: { N: '1' }, d: { B: new Uint8Array(3) } }],
    ['a version in capitals', { v: { S: '0000000A' }, d: { B: new Uint8Array(3) } }],
    ['a version that is too long', { v: { S: '000000001' }, d: { B: new Uint8Array(3) } }],
    ['no bytes', { v: { S: '00000001' } }],
    ['text for bytes', { v: { S: '00000001' }, d: { S: 'abc' } }],
  ])('an item with %s is malformed', async (_, attributes) => {
    const Item = { pk: { S: partition }, sk: { S: 'x' }, ...attributes };
    await dynamodb.client.send(new PutItemCommand({ TableName: TABLE, Item }));
    expect(await codeOf(store.read([keyOf('x')]))).toBe('STORE_ITEM_MALFORMED');
  });

  const item = (sort: string) => ({
    pk: { S: partition },
    sk: { S: sort },
    v: { S: '00000001' },
    d: { B: 'AAAA' },
  });
  test.each<[string, (answer: Answer) => unknown]>([
    ['an item that was not asked for', () => ({ Responses: { [TABLE]: [item('y')] } })],
    ['an item twice', () => ({ Responses: { [TABLE]: [item('x'), item('x')] } })],
    [
      'an item both processed and not',
      () => ({
        Responses: { [TABLE]: [item('x')] },
        UnprocessedKeys: { [TABLE]: { Keys: [{ pk: { S: partition }, sk: { S: 'x' } }] } },
      }),
    ],
    [
      'a key left that is none',
      () => ({ UnprocessedKeys: { [TABLE]: { Keys: [{ pk: { S: partition } }] } } }),
    ],
  ])('%s is malformed', async (_, rewrite) => {
    front.next.push({ rewrite });
    expect(await codeOf(store.read([keyOf('x')]))).toBe('STORE_ITEM_MALFORMED');
  });

  test('a key left that was not asked for is not read either', async () => {
    const strange = { pk: { S: 'elsewhere' }, sk: { S: 'y' } };
    front.next.push({
      rewrite: (answer) => ({ ...answer, UnprocessedKeys: { [TABLE]: { Keys: [strange] } } }),
    });
    await direct().fill([itemOf('x', 1)]);
    expect((await store.read([keyOf('x')]))[0]?.version).toBe(1);
    expect(sortsAsked()).toEqual([['x']]);
  });
});

test('an endpoint that nobody listens on is unavailable', async () => {
  const client = await front.client();
  front.close();
  const nowhere = createDynamodbStore({ client, tableName: TABLE, clock });
  expect(await codeOf(nowhere.write([itemOf(1, 1)]))).toBe('STORE_UNAVAILABLE');
  expect(nowhere.units()).toEqual({ requests: MAX_TRIES, readUnits: 0, writeUnits: 0 });
  expect(await codeOf(createVaultTable(client, TABLE))).toBe('STORE_UNAVAILABLE');
});

test('a failure that is a bug stays what it is', async () => {
  const client = await front.client();
  const bug = new TypeError('a bug');
  client.middlewareStack.add(() => () => Promise.reject(bug), { step: 'initialize' });
  const broken = createDynamodbStore({ client, tableName: TABLE, clock });
  await expect(broken.read([keyOf(1)])).rejects.toBe(bug);
  await expect(broken.write([itemOf(1, 1)])).rejects.toBe(bug);
});

test('puts go out side by side, not more than a client has connections by default', async () => {
  const gate = Promise.withResolvers<void>();
  front.gate = gate.promise;
  const written = store.write(itemsOf(120));
  await vi.waitFor(() => expect(front.requests.length).toBeGreaterThanOrEqual(50), { timeout: 60_000 });
  await systemClock.sleep(100);
  expect(front.requests).toHaveLength(50);
  gate.resolve();
  expect(await written).toBe(true);
  expect(front.requests).toHaveLength(120);
});

test('a table may be named by its ARN, and answer under its name', async () => {
  const arn = 'arn:aws:dynamodb:eu-central-1:123456789012:table/vault';
  const client = await front.client();
  client.middlewareStack.add(
    (next) => (args) => {
      const input = JSON.parse(JSON.stringify(args.input).replaceAll(arn, TABLE)) as typeof args.input;
      expect(JSON.stringify(args.input)).toContain(arn);
      return next({ ...args, input });
    },
    { step: 'initialize' },
  );
  await direct().fill([itemOf('x', 1)]);
  const named = createDynamodbStore({ client, tableName: arn, clock });
  front.next.push({ processed: 0 });
  expect((await named.read([keyOf('x')]))[0]?.version).toBe(1);
  await named.remove([keyOf('x')]);
  expect(await held('x')).toBeUndefined();
});

describe('tasks in parallel', () => {
  test('are all settled before a failure is told, and none is begun after it', async () => {
    const slow = Promise.withResolvers<string>();
    const begun: number[] = [];
    let told = false;
    const run = inParallel([0, 1, 2, 3], 2, async (index) => {
      begun.push(index);
      if (index === 0) return slow.promise;
      throw new Error('failed');
    }).catch((error: Error) => {
      told = true;
      return error.message;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toBe(false);
    slow.resolve('late');
    expect(await run).toBe('failed');
    expect(begun).toEqual([0, 1]);
  });

  test('answer in the order of their inputs', async () => {
    const gates = [0, 1, 2].map(() => Promise.withResolvers<number>());
    const run = inParallel(gates, 3, (gate) => gate.promise);
    for (const index of [2, 0, 1]) gates[index]!.resolve(index);
    expect(await run).toEqual([0, 1, 2]);
  });
});
