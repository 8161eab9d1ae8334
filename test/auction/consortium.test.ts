import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkConsortium, checkFingerprint, checkOwnKeys, joinConsortium } from '../../auction/consortium.ts';
import { consortiumChanges } from '../../auction/consortium-change.ts';
import type { AuctionError } from '../../auction/errors.ts';
import {
  checkOperatorRecord,
  engineRoleArn,
  type OperatorRecord,
  operatorRecordHash,
  outboxTableArn,
  type SignedOperatorRecord,
  signOperatorRecord,
} from '../../auction/operator-record.ts';
import { generatePartyKeys, loadPartyKeys, type PartyKeys, partyRecordOf } from '../../auction/party/keys.ts';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import { PARTIES, type PartyIndex } from '../../mpc/party.ts';

const NOW = toEpochMs(Date.parse('2027-01-01T00:00:00Z'));

let keys: readonly PartyKeys[];
let spare: PartyKeys;

beforeAll(async () => {
  keys = await Promise.all(PARTIES.map(newKeys));
  spare = await newKeys(1);
});

async function newKeys(index: PartyIndex): Promise<PartyKeys> {
  return loadPartyKeys(await generatePartyKeys(index, randomBytes));
}

function recordOf(index: PartyIndex, changes: Partial<OperatorRecord> = {}): OperatorRecord {
  return {
    protocol: 'tacit/1',
    index,
    operator: `Operator ${index}`,
    account: `11111111111${index}`,
    region: 'eu-central-1',
    signingKey: keys[index]!.signing.publicKey,
    sealingKey: keys[index]!.sealing.publicKey,
    outboxTable: 'tacit-outbox',
    engineRole: 'tacit-engine',
    validFrom: '2026-06-01T00:00:00Z',
    validUntil: '2028-06-01T00:00:00Z',
    ...changes,
  };
}

function signedOf(index: PartyIndex, changes: Partial<OperatorRecord> = {}): SignedOperatorRecord {
  return signOperatorRecord(recordOf(index, changes), keys[index]!.signing);
}

const three = () => PARTIES.map((index) => signedOf(index));

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as AuctionError).code;
  }
  return 'none';
}

/** Every value of a document, replaced by another of the same type. */
function* tampered(value: unknown): Generator<unknown> {
  if (typeof value === 'string')
    yield value.endsWith('A') ? `${value.slice(0, -1)}Q` : `${value.slice(0, -1)}A`;
  else if (typeof value === 'number') yield (value + 1) % 3;
  else if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) for (const other of tampered(item)) yield value.with(at, other);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value))
      for (const other of tampered(item)) yield { ...value, [key]: other };
  }
}

describe('a consortium of three records', () => {
  test('is the same whatever order they come in, and is accepted as its file form', () => {
    const [first, second, third] = three();
    const joined = joinConsortium([first, second, third]);
    for (const order of [
      [third, first, second],
      [second, third, first],
    ]) {
      expect(joinConsortium(order)).toEqual(joined);
    }
    const reread = checkConsortium(JSON.parse(JSON.stringify(joined.document)), {
      now: NOW,
      signatures: nodeSignatures,
    });
    expect(reread).toEqual(joined);
    expect(joined.parties).toEqual(keys.map(partyRecordOf));
  });

  test('names what peers need to give each other access', () => {
    expect(outboxTableArn(recordOf(2))).toBe('arn:aws:dynamodb:eu-central-1:111111111112:table/tacit-outbox');
    expect(engineRoleArn(recordOf(0))).toBe('arn:aws:iam::111111111110:role/tacit-engine');
  });

  test('does not survive the change of any value', () => {
    const { document } = joinConsortium(three());
    const changed = [...tampered(document)];
    expect(changed.length).toBe(1 + 3 * 12);
    for (const other of changed) {
      expect(
        codeOf(() => checkConsortium(other)),
        JSON.stringify(other),
      ).toMatch(/^(CONSORTIUM_MALFORMED|OPERATOR_SIGNATURE)$/);
    }
  });

  test('does not survive fields that are missing or unknown', () => {
    const { document } = joinConsortium(three());
    expect(codeOf(() => checkConsortium({ ...document, note: 'x' }))).toBe('CONSORTIUM_MALFORMED');
    const { region: _, ...without } = recordOf(0);
    const operators = [{ ...signedOf(0), record: without }, signedOf(1), signedOf(2)];
    expect(() => checkConsortium({ ...document, operators })).toThrow(
      /CONSORTIUM_MALFORMED: consortium: field operators\[0\].record.region is missing/,
    );
    for (const junk of [null, 7, 'x', [], {}]) {
      expect(codeOf(() => checkConsortium(junk))).toBe('CONSORTIUM_MALFORMED');
      expect(codeOf(() => checkOperatorRecord(junk))).toBe('OPERATOR_MALFORMED');
    }
  });

  test.each([
    ['an account that has no 12 digits', { account: '12345678901' }],
    ['a region of another partition', { region: 'cn-north-1' }],
    ['a region that is none', { region: 'Frankfurt' }],
    ['a table name with a slash', { outboxTable: 'a/b' }],
    ['a role name with a space', { engineRole: 'the role' }],
    ['an address without TLS', { url: 'http://party.example' }],
    ['a name that hides something', { operator: 'Opera\u200btor' }],
    ['a time without offset', { validUntil: '2028-06-01T00:00:00' }],
    ['an end before its beginning', { validUntil: '2026-05-01T00:00:00Z' }],
  ])('refuses %s', (_, changes) => {
    expect(codeOf(() => signedOf(0, changes))).toBe('OPERATOR_MALFORMED');
  });

  test('refuses two records of one party, and a party without one', () => {
    const [first, second] = three();
    expect(codeOf(() => joinConsortium([first, second]))).toBe('CONSORTIUM_INDEX');
    expect(codeOf(() => joinConsortium([first, second, second]))).toBe('CONSORTIUM_INDEX');
    expect(codeOf(() => joinConsortium([first, second, signedOf(1, { account: '222222222222' })]))).toBe(
      'CONSORTIUM_INDEX',
    );
    const { document } = joinConsortium(three());
    const [zero, one, two] = document.operators;
    expect(codeOf(() => checkConsortium({ ...document, operators: [one, zero, two] }))).toBe(
      'CONSORTIUM_INDEX',
    );
  });

  test('refuses one operator in two seats', () => {
    const twice = (changes: Partial<OperatorRecord>, signer = keys[2]!) =>
      codeOf(() =>
        joinConsortium([signedOf(0), signedOf(1), signOperatorRecord(recordOf(2, changes), signer.signing)]),
      );
    expect(twice({ signingKey: keys[0]!.signing.publicKey }, keys[0])).toBe('CONSORTIUM_KEY_REUSED');
    expect(twice({ sealingKey: keys[1]!.sealing.publicKey })).toBe('CONSORTIUM_KEY_REUSED');
    expect(twice({ operator: 'Operator 1' })).toBe('CONSORTIUM_NAME_REUSED');
    expect(twice({ account: '111111111110' })).toBe('CONSORTIUM_ACCOUNT_SHARED');
  });

  test('takes a shared account where the caller names the risk, and then refuses all else as before', () => {
    const shared = [signedOf(0), signedOf(1), signedOf(2, { account: '111111111110' })];
    const options = { allowSharedAccount: true };
    expect(joinConsortium(shared, options).operators[2].account).toBe('111111111110');
    const alsoNamed = [
      signedOf(0),
      signedOf(1),
      signedOf(2, { account: '111111111110', operator: 'Operator 0' }),
    ];
    expect(codeOf(() => joinConsortium(alsoNamed, options))).toBe('CONSORTIUM_NAME_REUSED');
  });

  test('is for its time only, where a time is given', () => {
    const { document } = joinConsortium(three());
    const at = (text: string) =>
      codeOf(() => checkConsortium(document, { now: toEpochMs(Date.parse(text)) }));
    expect(at('2026-05-31T23:59:59.999Z')).toBe('OPERATOR_NOT_YET_VALID');
    expect(at('2026-06-01T00:00:00Z')).toBe('none');
    expect(at('2028-05-31T23:59:59.999Z')).toBe('none');
    expect(at('2028-06-01T00:00:00Z')).toBe('OPERATOR_EXPIRED');
  });

  test('refuses a record that another key signed', () => {
    expect(codeOf(() => signOperatorRecord(recordOf(0), keys[1]!.signing))).toBe('CONSORTIUM_KEYS_DIFFER');
    const forged = { record: recordOf(0), signature: signedOf(1).signature };
    expect(codeOf(() => checkOperatorRecord(forged))).toBe('OPERATOR_SIGNATURE');
  });

  test('knows its own keys', () => {
    const consortium = joinConsortium(three());
    for (const own of keys) checkOwnKeys(consortium, partyRecordOf(own));
    expect(codeOf(() => checkOwnKeys(consortium, partyRecordOf(spare)))).toBe('CONSORTIUM_KEYS_DIFFER');
    const moved = { ...partyRecordOf(keys[0]!), index: 2 as const };
    expect(() => checkOwnKeys(consortium, moved)).toThrow(/are those of party 0 and not of party 2/);
  });
});

describe('the fingerprint', () => {
  test('is sixteen groups of five digits that spell the whole hash', () => {
    const { fingerprint } = joinConsortium(three());
    expect(fingerprint).toMatch(/^\d{5}( \d{5}){15}$/);
    for (const group of fingerprint.split(' ')) expect(Number(group)).toBeLessThan(65_536);
  });

  test('is compared by its digits alone', () => {
    const consortium = joinConsortium(three());
    const { fingerprint } = consortium;
    checkFingerprint(consortium, fingerprint);
    checkFingerprint(consortium, fingerprint.replaceAll(' ', '-'));
    fc.assert(
      fc.property(fc.nat({ max: 79 }), fc.integer({ min: 1, max: 9 }), (at, step) => {
        const digits = [...fingerprint.replaceAll(' ', '')];
        digits[at] = String((Number(digits[at]) + step) % 10);
        expect(codeOf(() => checkFingerprint(consortium, digits.join('')))).toBe(
          'CONSORTIUM_FINGERPRINT_DIFFERS',
        );
      }),
    );
    expect(codeOf(() => checkFingerprint(consortium, ''))).toBe('CONSORTIUM_FINGERPRINT_DIFFERS');
    expect(codeOf(() => checkFingerprint(consortium, fingerprint.slice(0, 47)))).toBe(
      'CONSORTIUM_FINGERPRINT_DIFFERS',
    );
  });

  test('is another one for every other consortium', () => {
    const base = joinConsortium(three()).fingerprint;
    for (const changes of [
      { region: 'eu-west-1' },
      { outboxTable: 'tacit-outbox-2' },
      { url: 'https://a.example' },
    ]) {
      expect(joinConsortium([signedOf(0, changes), signedOf(1), signedOf(2)]).fingerprint).not.toBe(base);
    }
  });
});

describe('the change of an operator', () => {
  const previous = () => joinConsortium(three());
  const replaces = () => operatorRecordHash(recordOf(1));
  const rotation = (changes: Partial<OperatorRecord> = {}) =>
    recordOf(1, {
      signingKey: spare.signing.publicKey,
      sealingKey: spare.sealing.publicKey,
      replaces: replaces(),
      ...changes,
    });
  const nextWith = (record: SignedOperatorRecord) => joinConsortium([signedOf(0), record, signedOf(2)]);
  const kinds = (record: SignedOperatorRecord, options = {}) =>
    consortiumChanges(previous(), nextWith(record), options).map(({ index, kind, endorsed }) => [
      index,
      kind,
      endorsed,
    ]);

  test('is none where nothing changed', () => {
    expect(consortiumChanges(previous(), joinConsortium(three()))).toEqual([]);
  });

  test('with the old key signing is taken: renewed, rotated, replaced', () => {
    expect(kinds(signedOf(1, { validUntil: '2030-06-01T00:00:00Z', replaces: replaces() }))).toEqual([
      [1, 'renewed', true],
    ]);
    expect(kinds(signOperatorRecord(rotation(), spare.signing, keys[1]!.signing))).toEqual([
      [1, 'rotated', true],
    ]);
    const successor = rotation({ operator: 'Successor', account: '333333333333' });
    expect(kinds(signOperatorRecord(successor, spare.signing, keys[1]!.signing))).toEqual([
      [1, 'replaced', true],
    ]);
  });

  test('without the old key is refused until the others say that they made sure', () => {
    const unendorsed = signOperatorRecord(rotation(), spare.signing);
    expect(codeOf(() => kinds(unendorsed))).toBe('CONSORTIUM_CHANGE_UNENDORSED');
    expect(kinds(unendorsed, { allowUnendorsed: true })).toEqual([[1, 'rotated', false]]);
    const byAnother = signOperatorRecord(rotation(), spare.signing, keys[2]!.signing);
    expect(codeOf(() => kinds(byAnother))).toBe('CONSORTIUM_CHANGE_UNENDORSED');
  });

  test('must name the record whose place it takes, whoever signs', () => {
    const { replaces: _, ...unnamed } = rotation();
    const other = rotation({ replaces: operatorRecordHash(recordOf(2)) });
    for (const record of [unnamed, other]) {
      const signed = signOperatorRecord(record, spare.signing);
      expect(codeOf(() => kinds(signed, { allowUnendorsed: true }))).toBe('OPERATOR_REPLACES_OTHER');
    }
  });

  test('cannot be undone with the old record', () => {
    const rotated = nextWith(signOperatorRecord(rotation(), spare.signing, keys[1]!.signing));
    expect(codeOf(() => consortiumChanges(rotated, previous(), { allowUnendorsed: true }))).toBe(
      'OPERATOR_REPLACES_OTHER',
    );
  });

  test('needs an endorsement that is one', () => {
    const signed = signOperatorRecord(rotation(), spare.signing, keys[1]!.signing);
    const { endorsement } = signed;
    if (endorsement === undefined) throw new Error('no endorsement');
    for (const forged of [
      { ...signed, endorsement: { ...endorsement, signingKey: keys[2]!.signing.publicKey } },
      { ...signed, endorsement: { ...endorsement, signature: signed.signature } },
      { ...signed, endorsement: { signingKey: spare.signing.publicKey, signature: signed.signature } },
      { ...signedOf(1), endorsement },
    ]) {
      expect(codeOf(() => checkOperatorRecord(forged))).toBe('OPERATOR_ENDORSEMENT');
    }
  });
});
