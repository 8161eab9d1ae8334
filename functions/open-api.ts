/**
 * The HTTP interface as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), made from the table of
 * routes, their contracts, and the schemas that check the documents themselves, so it cannot say anything else.
 *
 * Schemas are JSON Schema 2020-12, the dialect of OpenAPI 3.1. They are necessary and not sufficient: signatures,
 * Unicode rules and what fields say about each other are checked by code and have codes of their own.
 */

import * as z from 'zod/mini';
import {
  closedTenderSchema,
  MAX_TENDERS_IN_PAGE,
  partyInfoSchema,
  partyStatusSchema,
  problemSchema,
  publishedTenderSchema,
  shownTenderSchema,
  tenderPageSchema,
} from '../auction/api-answers.ts';
import { closeOrderSchema } from '../auction/close-order.ts';
import { signedOutcomeSchema } from '../auction/outcome.ts';
import { receiptSchema } from '../auction/receipt.ts';
import { tenderStateSchema } from '../auction/state.ts';
import { submissionSchema } from '../auction/submission.ts';
import { partyRecordSchema, signedTenderSchema } from '../auction/tender.ts';
import { PROBLEM_MEDIA_TYPE } from './problem-details.ts';
import {
  type RefusalCode,
  ROUTE_CONTRACTS,
  type RouteContract,
  refusalOf,
  refusalsOf,
} from './route-contracts.ts';
import { ROUTES, type Route } from './routes.ts';
import { vaultAnswerSchema } from './vault-answer.ts';
import { vaultRequestSchema } from './vault-request.ts';

/** Of the interface, not of the program: changes when a client has to change. */
export const API_VERSION = '1.0.0';

/** Every schema that has a name in the document. */
const NAMED_SCHEMAS: readonly (readonly [string, z.ZodMiniType])[] = [
  ['PartyRecord', partyRecordSchema],
  ['PartyInfo', partyInfoSchema],
  ['PartyStatus', partyStatusSchema],
  ['SignedTender', signedTenderSchema],
  ['TenderState', tenderStateSchema],
  ['PublishedTender', publishedTenderSchema],
  ['TenderPage', tenderPageSchema],
  ['ShownTender', shownTenderSchema],
  ['CloseOrder', closeOrderSchema],
  ['ClosedTender', closedTenderSchema],
  ['Submission', submissionSchema],
  ['Receipt', receiptSchema],
  ['SignedOutcome', signedOutcomeSchema],
  ['VaultRequest', vaultRequestSchema],
  ['VaultAnswer', vaultAnswerSchema],
  ['Problem', problemSchema],
];

type JsonObject = Readonly<Record<string, unknown>>;

export interface OpenApiDocument {
  readonly openapi: '3.1.1';
  readonly info: JsonObject;
  readonly servers: readonly JsonObject[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonObject>> };
}

export function openApiDocument(): OpenApiDocument {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const route of ROUTES) {
    const operations = paths[route.path] ?? {};
    operations[route.method.toLowerCase()] = operationOf(route, ROUTE_CONTRACTS[route.functionName]);
    paths[route.path] = operations;
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Tacit: one party of a sealed-bid auction',
      version: API_VERSION,
      summary: 'Each of the three parties answers these requests; clients ask all three and believe none.',
      description:
        'Tenders, submissions, receipts and outcomes are signed documents, to be checked with the keys that the tender names. All requests but those of a vault may be repeated. Bytes are base64url without padding, times are milliseconds since 1970, amounts are decimal text.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'the party that serves this document' }],
    paths,
    components: { schemas: componentSchemas() },
  };
}

function operationOf(route: Route, contract: RouteContract): JsonObject {
  const parameters = [
    ...[...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => pathParameter(name ?? '')),
    ...(contract.paged === true ? pageParameters() : []),
  ];
  const { body } = contract;
  return {
    operationId: route.functionName,
    summary: contract.purpose,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            description: `${body.document}, at most ${body.maxBytes} bytes`,
            content: { 'application/json': { schema: referenceTo(body.schema) } },
          },
        }),
    responses: {
      [contract.success]: {
        description: contract.answer.replaceAll('`', ''),
        content: { 'application/json': { schema: answerOf(contract) } },
      },
      ...problemResponses(refusalsOf(contract)),
    },
  };
}

function answerOf({ answerSchema }: RouteContract): JsonObject {
  return answerSchema === undefined ? { type: 'object' } : referenceTo(answerSchema);
}

const PATH_PARAMETERS: Readonly<Record<string, { readonly description: string; readonly pattern: string }>> =
  {
    tenderId: { description: 'id of the tender', pattern: '^[A-Za-z0-9_-]{43}$' },
    vaultName: { description: 'name of the vault', pattern: '^[A-Za-z0-9._-]{1,64}$' },
  };

function pathParameter(name: string): JsonObject {
  const { description, pattern } = PATH_PARAMETERS[name] ?? { description: name, pattern: '^[^/]+$' };
  return { name, in: 'path', required: true, description, schema: { type: 'string', pattern } };
}

function pageParameters(): readonly JsonObject[] {
  return [
    {
      name: 'limit',
      in: 'query',
      description: 'ids in the page, at most',
      schema: { type: 'integer', minimum: 1, maximum: MAX_TENDERS_IN_PAGE, default: MAX_TENDERS_IN_PAGE },
    },
    {
      name: 'after',
      in: 'query',
      description: 'next of the page before',
      schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' },
    },
  ];
}

/** One response for each status, with the codes that it may carry. */
function problemResponses(codes: readonly RefusalCode[]): JsonObject {
  const byStatus = new Map<number, RefusalCode[]>();
  for (const code of codes) {
    const { status } = refusalOf(code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus]
      .sort(([left], [right]) => left - right)
      .map(([status, known]) => [status, problemResponse(known)]),
  );
}

function problemResponse(codes: readonly RefusalCode[]): JsonObject {
  const schema = {
    allOf: [referenceTo(problemSchema), { type: 'object', properties: { code: { enum: codes } } }],
  };
  return {
    description: codes.map((code) => `${code}: ${refusalOf(code).meaning}`).join('; '),
    content: { [PROBLEM_MEDIA_TYPE]: { schema } },
  };
}

function referenceTo(schema: z.ZodMiniType): JsonObject {
  const name = NAMED_SCHEMAS.find(([, known]) => known === schema)?.[0];
  if (name === undefined) throw new Error('a schema of a contract has no name in the document');
  return { $ref: locationOf(name) };
}

const locationOf = (name: string): string => `#/components/schemas/${name}`;

/** What clients may send and must expect, with references between named schemas. */
function componentSchemas(): Readonly<Record<string, JsonObject>> {
  const registry = z.registry<{ readonly id: string }>();
  for (const [id, schema] of NAMED_SCHEMAS) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: locationOf, io: 'input', override: boundTuples });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _dialect, $id: _id, id: _name, ...schema }]) => [
      name,
      schema,
    ]),
  );
}

/** JSON Schema lets an array end early or go on after its listed items; a tuple does neither. */
function boundTuples({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  const { prefixItems } = jsonSchema;
  if (prefixItems === undefined) return;
  jsonSchema.minItems = prefixItems.length;
  jsonSchema.maxItems = prefixItems.length;
}
