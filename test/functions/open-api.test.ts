/** The OpenAPI document: its structure, that docs/openapi.json is it, and that a real party answers as it says. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openApiDocument } from '../../functions/open-api.ts';
import { ROUTE_CONTRACTS, refusalOf, refusalsOf } from '../../functions/route-contracts.ts';
import { matchRoute, ROUTES } from '../../functions/routes.ts';
import { type ExampleParty, runExampleExchange } from '../docs/example-exchange.ts';
import { OPEN_API_FILE } from '../docs/open-api-file.ts';
import { readRepositoryFile } from '../docs/repository.ts';
import { resolve, violations } from '../support/json-schema.ts';

type Json = Readonly<Record<string, unknown>>;

/** What its consumers read: JSON, and no more. */
const document = JSON.parse(JSON.stringify(openApiDocument())) as Json & {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json> };
};

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema: Json }[];
  readonly requestBody?: { required: boolean; content: Record<string, { schema: Json }> };
  readonly responses: Record<string, { description: string; content: Record<string, { schema: Json }> }>;
}

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

function responseSchema(method: string, path: string, status: number, type: string): Json | undefined {
  const match = matchRoute(method, path);
  if (!('route' in match)) return undefined;
  const { responses } = document.paths[match.route.path]![method.toLowerCase()]!;
  return responses[String(status)]?.content[type]?.schema;
}

function* everyValue(value: unknown): Generator<Json> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Json;
  for (const part of Object.values(value)) yield* everyValue(part);
}

describe('the OpenAPI document', () => {
  test('is what docs/openapi.json holds (else: node test/docs/write-generated.ts)', () => {
    expect(JSON.parse(readRepositoryFile(OPEN_API_FILE))).toEqual(document);
  });

  test('has the members that OpenAPI 3.1 requires, and no others at the top', () => {
    expect(Object.keys(document).sort()).toEqual(['components', 'info', 'openapi', 'paths', 'servers']);
    expect(document['openapi']).toMatch(/^3\.1\.\d+$/);
    expect(document['info']).toMatchObject({ title: expect.any(String), version: expect.any(String) });
  });

  test('describes every route once, under its name, and nothing else', () => {
    const described = operations.map(({ path, method, operation }) => [method, path, operation.operationId]);
    const routes = ROUTES.map(({ method, path, functionName }) => [method.toLowerCase(), path, functionName]);
    expect(described.sort()).toEqual(routes.sort());
  });

  test('declares each parameter of a path, and no other in a path', () => {
    for (const { path, operation } of operations) {
      const templated = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(declared.map(({ name }) => name)).toEqual(templated);
      for (const { required } of declared) expect(required).toBe(true);
    }
  });

  test('has references that lead somewhere, and names no schema that nothing uses', () => {
    const used = new Set<string>();
    for (const value of everyValue(document)) {
      const reference = value['$ref'];
      if (typeof reference !== 'string') continue;
      resolve(reference, document);
      used.add(reference);
    }
    const named = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect([...used].sort()).toEqual(named.sort());
  });

  test('has a description and a body for each answer, and each code under its status alone', () => {
    for (const { path, method, operation } of operations) {
      const contract =
        ROUTE_CONTRACTS[ROUTES.find((route) => route.functionName === operation.operationId)!.functionName];
      const codes: string[] = [];
      for (const [status, { description, content }] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^[2-5]\d\d$/);
        expect(description, `${method} ${path} ${status}`).not.toBe('');
        const problem = content['application/problem+json'];
        if (problem === undefined) {
          expect([status, Object.keys(content)]).toEqual([String(contract.success), ['application/json']]);
          continue;
        }
        const [, { properties }] = problem.schema['allOf'] as [
          Json,
          { properties: { code: { enum: string[] } } },
        ];
        for (const code of properties.code.enum) {
          codes.push(code);
          expect(refusalsOf(contract).find((known) => known === code)).toBe(code);
          expect(String(refusalOf(code as never).status)).toBe(status);
        }
      }
      expect(codes.sort()).toEqual([...refusalsOf(contract)].sort());
    }
  });

  test('has schemas of which every keyword is known', () => {
    for (const schema of Object.values(document.components.schemas)) {
      violations(schema, undefined, document);
      violations(schema, {}, document);
    }
  });
});

describe('a party answers as its OpenAPI document says', () => {
  let example: ExampleParty;

  beforeAll(async () => {
    example = await runExampleExchange();
  });

  afterAll(() => example.close());

  test('in an auction from publication to outcome, and takes what it says', () => {
    expect(example.exchanges.length).toBeGreaterThan(8);
    for (const { functionName, request, status, type, body } of example.exchanges) {
      const route = ROUTES.find((known) => known.functionName === functionName)!;
      const operation = document.paths[route.path]![route.method.toLowerCase()]!;
      const schema = operation.responses[String(status)]!.content[type]!.schema;
      expect(violations(schema, body, document), functionName).toEqual([]);
      if (request === undefined) continue;
      const taken = operation.requestBody!.content['application/json']!.schema;
      expect(violations(taken, request, document), functionName).toEqual([]);
    }
  });

  test.each([
    ['GET', '/openapi.json', undefined, 200],
    ['GET', '/status', undefined, 200],
    ['GET', '/tenders?limit=1', undefined, 200],
    ['GET', '/tenders?limit=0', undefined, 400],
    ['GET', '/tenders/short', undefined, 400],
    ['GET', `/tenders/${'A'.repeat(43)}`, undefined, 404],
    ['POST', '/tenders', '{}', 400],
    ['POST', '/tenders', '{', 400],
    ['POST', `/tenders/${'A'.repeat(43)}/close`, '{}', 404],
    ['POST', `/tenders/${'A'.repeat(43)}/submissions`, ' '.repeat(70_000), 413],
  ])('to %s %s', async (method, path, sent, expected) => {
    const { status, type, body } = await example.send(method, path, sent);
    expect(status).toBe(expected);
    const schema = responseSchema(method, path.split('?')[0]!, status, type);
    if (schema === undefined) expect.fail(`${method} ${path} does not say that it answers ${status} ${type}`);
    expect(violations(schema, body, document)).toEqual([]);
  });

  test('and serves it', async () => {
    expect((await example.send('GET', '/openapi.json')).body).toEqual(document);
  });

  test('while the schemas refuse what a party refuses', () => {
    const signed = example.exchanges.find(({ functionName }) => functionName === 'publish-tender')!
      .request as Json;
    const schema = { $ref: '#/components/schemas/SignedTender' };
    expect(violations(schema, signed, document)).toEqual([]);
    const { signature: _, ...unsigned } = signed;
    expect(violations(schema, unsigned, document)).toEqual(['$.signature: required']);
    expect(violations(schema, { ...signed, more: 1 }, document)).toEqual(['$.more: additionalProperties']);
    const tender = signed['tender'] as Json;
    const parties = (tender['parties'] as unknown[]).slice(0, 2);
    expect(violations(schema, { ...signed, tender: { ...tender, parties } }, document)).toEqual([
      '$.tender.parties: minItems',
    ]);
  });
});
