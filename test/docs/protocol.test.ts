/**
 * docs/protocol.md against the sources: the table of domains is complete, and ids, hashes, signatures and the closing
 * root follow from the formulas of the page alone, written down here a second time without the project's code.
 */

import { createHash, createPublicKey, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { type ExampleParty, runExampleExchange } from './example-exchange.ts';
import { filesMatching, readPage, readRepositoryFile } from './repository.ts';

type Json = Readonly<Record<string, unknown>>;

function frame(...fields: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(
    fields.flatMap((field) => {
      const bytes = Buffer.from(field);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

/** RFC 8785 for what the documents hold: objects, arrays, text and whole numbers. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${members.map(([key, part]) => `${JSON.stringify(key)}:${canonical(part)}`).join(',')}}`;
}

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
const documentOf = (kind: string, body: unknown): Buffer => frame('tacit/1', kind, canonical(body));
const hashOf = (kind: string, body: unknown): string => sha256(documentOf(kind, body)).toString('base64url');

function without({ signature: _, ...body }: Json): Json {
  return body;
}

function isSigned(kind: string, body: unknown, key: string, signature: unknown): boolean {
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key }, format: 'jwk' });
  return verify(null, documentOf(kind, body), publicKey, Buffer.from(String(signature), 'base64url'));
}

const partySchema = z.object({ signingKey: z.string() });
const tenderSchema = z.object({
  tender: z.looseObject({
    auctioneer: z.string(),
    parties: z.tuple([partySchema, partySchema, partySchema]),
  }),
  signature: z.string(),
});
const outcomeSchema = z.object({
  statement: z.looseObject({ closingRoot: z.string() }),
  signatures: z.array(z.object({ party: z.int(), signature: z.string() })),
});
const jsonSchema = z.record(z.string(), z.unknown());

let example: ExampleParty;

beforeAll(async () => {
  example = await runExampleExchange();
});

afterAll(() => example.close());

/** The body of the request or answer that api.md shows under a title. */
function recorded(title: string, part: 'request' | 'body'): Json {
  return z.parse(jsonSchema, example.exchanges.find((exchange) => exchange.title === title)?.[part]);
}

describe('the formulas of protocol.md', () => {
  test('give the id and the signature of a tender', () => {
    const json = recorded('Publishing a tender', 'request');
    const { tender, signature } = z.parse(tenderSchema, json);
    expect(hashOf('tender', json['tender'])).toBe(recorded('Publishing a tender', 'body')['id']);
    expect(isSigned('tender', json['tender'], tender.auctioneer, signature)).toBe(true);
  });

  test('give the signatures of bids, withdrawals, receipts and the close order', () => {
    const { tender } = z.parse(tenderSchema, recorded('Publishing a tender', 'request'));
    expect(example.submissions).toHaveLength(3);
    for (const { submission, receipts } of example.submissions) {
      const body = without({ ...submission });
      expect(isSigned(submission.kind, body, submission.bidderKey, submission.signature)).toBe(true);
      for (const [party, receipt] of receipts.entries()) {
        expect(receipt.submission).toBe(hashOf(submission.kind, body));
        const key = tender.parties[party]!.signingKey;
        expect(isSigned('receipt', without({ ...receipt }), key, receipt.signature)).toBe(true);
      }
    }
    const order = recorded('A close order', 'request');
    expect(isSigned('close', without(order), tender.auctioneer, order['signature'])).toBe(true);
  });

  test('give the closing root and the signatures of the outcome', () => {
    const { tender } = z.parse(tenderSchema, recorded('Publishing a tender', 'request'));
    const { statement, signatures } = z.parse(outcomeSchema, recorded('The outcome', 'body'));
    const counted = example.submissions.map(({ submission, receipts }) => {
      const { kind, lot, bidder, bidderKey, version } = submission;
      const place = receipts.map(({ receivedAt }) => receivedAt).sort((left, right) => left - right)[1];
      const hash = hashOf(kind, without({ ...submission }));
      return { submission: hash, kind, lot, bidder, bidderKey, version, place };
    });
    const [one, two, three] = counted
      .sort((left, right) => (left.submission < right.submission ? -1 : 1))
      .map((leaf) =>
        sha256(Buffer.concat([Buffer.of(0), frame('tacit/1', 'closing-leaf', canonical(leaf))])),
      );
    const node = (left: Buffer, right: Buffer) => sha256(Buffer.concat([Buffer.of(1), left, right]));
    expect(statement.closingRoot).toBe(node(node(one!, two!), three!).toString('base64url'));
    expect(signatures.map(({ party }) => party)).toEqual([0, 1, 2]);
    for (const { party, signature } of signatures) {
      expect(isSigned('outcome', statement, tender.parties[party]!.signingKey, signature)).toBe(true);
    }
  });
});

/** `tacit/1 purpose` alone, or `tacit/1` and the purpose that follows it. */
function documentedDomains(): readonly string[] {
  return readPage('docs/protocol.md').prose.flatMap((line) => {
    const [, first, second] = /^\| `(tacit\/1[a-z -]*)`(?:, `([a-z-]+)`)? \|/.exec(line) ?? [];
    return first === undefined ? [] : [second === undefined ? first : `${first}, ${second}`];
  });
}

/** They say what a file is, and are neither signed nor hashed. */
const KINDS_OF_FILES: readonly string[] = ['tacit/1 party keys', 'tacit/1 signing key', 'tacit/1 bid file'];

function domainsOfSources(): readonly string[] {
  const found: string[] = [];
  for (const path of filesMatching('{mpc,auction}/**/*.ts')) {
    const source = readRepositoryFile(path).replaceAll(/\/\*\*[\s\S]*?\*\//g, '');
    for (const [, domain] of source.matchAll(/'(tacit\/1 [a-z -]+)'/g)) found.push(domain ?? '');
    for (const [, purpose] of source.matchAll(/frame\(\s*PROTOCOL,\s*'([a-z-]+)'/g))
      found.push(`tacit/1, ${purpose}`);
    for (const [, kinds] of source.matchAll(/type DocumentKind =([^;]+);/g)) {
      for (const [, kind] of (kinds ?? '').matchAll(/'([a-z-]+)'/g)) found.push(`tacit/1, ${kind}`);
    }
    for (const [, kind] of source.matchAll(/kind: z\.literal\('(closing-(?!list)[a-z-]+)'\)/g)) {
      found.push(`tacit/1, ${kind}`);
    }
  }
  return found.filter((domain) => !KINDS_OF_FILES.includes(domain));
}

test('the table of domains has exactly those of the sources', () => {
  expect([...new Set(documentedDomains())].sort()).toEqual([...new Set(domainsOfSources())].sort());
});

test('every step of a conversation or a protocol is in the page', () => {
  const page = readPage('docs/protocol.md').prose.join('\n');
  const steps = filesMatching('{mpc,auction}/**/*.ts').flatMap((path) => {
    const source = readRepositoryFile(path);
    const named = [...source.matchAll(/const (?:[A-Z]+_)?STEP = '([a-z/-]+)'/g)];
    const closing = /type ClosingStep = ([^;]+);/.exec(source)?.[1] ?? '';
    return [...named, ...closing.matchAll(/'([a-z-]+)'/g)].map(([, step]) => step ?? '');
  });
  expect(steps.length).toBeGreaterThan(8);
  for (const step of steps) expect(page).toContain(`\`${step}\``);
});
