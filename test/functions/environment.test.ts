import { describe, expect, test } from 'vitest';
import { ENVIRONMENT_VARIABLES, parseEnvironment } from '../../functions/environment.ts';

const key = (letter: string) => letter.repeat(42).concat('A');
const record = (index: number) => ({ index, signingKey: key(`s${index}`[0]!), sealingKey: key('t') });

const ARN = 'arn:aws:secretsmanager:eu-central-1:111111111111:secret:tacit-keys-AbCdEf';

const variables = {
  PARTY_INDEX: '2',
  PARTY_KEYS: 'file:/var/task/keys.json',
  CONSORTIUM: JSON.stringify([record(0), record(1), record(2)]),
  STATE_TABLE: 'state',
  OUTBOX_TABLES: '["out0","out1","out2"]',
};

describe('the environment', () => {
  test('is read into types', () => {
    expect(parseEnvironment({ ...variables, PATH: '/bin' })).toEqual({
      PARTY_INDEX: 2,
      PARTY_KEYS: 'file:/var/task/keys.json',
      CONSORTIUM: [record(0), record(1), record(2)],
      STATE_TABLE: 'state',
      OUTBOX_TABLES: ['out0', 'out1', 'out2'],
    });
  });

  test('names a protocol of three parties, or none', () => {
    expect(parseEnvironment({ ...variables, PROTOCOL: 'replicated' })).toMatchObject({
      PROTOCOL: 'replicated',
    });
    expect(() => parseEnvironment({ ...variables, PROTOCOL: 'clear' })).toThrow(
      'CONFIGURATION_INVALID: check the environment variables PROTOCOL',
    );
  });

  test.each(['file:/keys.json', `secretsmanager:${ARN}`, 'none'])('takes keys from %s', (source) => {
    expect(parseEnvironment({ ...variables, PARTY_KEYS: source }).PARTY_KEYS).toBe(source);
  });

  test.each(['', 'secretsmanager:tacit', 'secretsmanager:arn:aws:s3:::bucket', 'None', 'env:KEYS'])(
    'takes no keys from %j',
    (source) => {
      expect(() => parseEnvironment({ ...variables, PARTY_KEYS: source })).toThrow('PARTY_KEYS');
    },
  );

  test('keeps messages for a month at least', () => {
    const daysOf = (days: string) =>
      parseEnvironment({ ...variables, OUTBOX_RETENTION_DAYS: days }).OUTBOX_RETENTION_DAYS;
    expect(daysOf('400')).toBe(400);
    for (const days of ['29', '-400', '4e2', '']) expect(() => daysOf(days)).toThrow('OUTBOX_RETENTION_DAYS');
  });

  test('has a bus and webhooks, or neither', () => {
    const of = (more: Record<string, string>) => parseEnvironment({ ...variables, ...more });
    const bus = 'arn:aws:events:eu-central-1:111111111111:event-bus/tenders';
    expect(of({ EVENT_BUS: bus, WEBHOOKS: '["https://hooks.example/a"]' })).toMatchObject({
      ...{ EVENT_BUS: bus, WEBHOOKS: ['https://hooks.example/a'] },
    });
    expect(of({ EVENT_BUS: 'default' }).EVENT_BUS).toBe('default');
    for (const url of ['http://hooks.example', 'https://a:b@hooks.example', 'nonsense']) {
      expect(() => of({ WEBHOOKS: JSON.stringify([url]) })).toThrow('WEBHOOKS');
    }
    const many = Array.from({ length: 6 }, (_, index) => `https://hooks.example/${index}`);
    expect(() => of({ WEBHOOKS: JSON.stringify(many) })).toThrow('WEBHOOKS');
    expect(() => of({ EVENT_BUS: 'arn:aws:s3:::bucket' })).toThrow('EVENT_BUS');
    expect(() => of({ DETAILED_METRICS: 'yes' })).toThrow('DETAILED_METRICS');
  });

  test.each(Object.keys(variables))('without %s is refused by its name', (name) => {
    expect(ENVIRONMENT_VARIABLES).toContain(name);
    expect(() => parseEnvironment({ ...variables, [name]: undefined })).toThrow(name);
  });

  test('with a malformed value is refused without quoting it', () => {
    for (const [name, value] of Object.entries({
      PARTY_INDEX: '3',
      PARTY_KEYS: 'hunter2',
      CONSORTIUM: '[{"secretKey":"hunter2"}]',
      OUTBOX_TABLES: 'hunter2',
      DYNAMODB_ENDPOINTS: '["hunter2","hunter2","hunter2"]',
    })) {
      const parse = () => parseEnvironment({ ...variables, [name]: value });
      expect(parse).toThrow(`CONFIGURATION_INVALID: check the environment variables ${name}`);
      expect(parse).not.toThrow('hunter2');
    }
  });
});
