/** The generated parts of docs/api.md and docs/errors.md say what the sources say, and their examples verify. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { checkCloseOrder } from '../../auction/close-order.ts';
import { AUCTION_ERRORS } from '../../auction/errors.ts';
import { checkOutcome } from '../../auction/outcome.ts';
import { checkReceipt } from '../../auction/receipt.ts';
import { checkSubmission } from '../../auction/submission.ts';
import { checkTender } from '../../auction/tender.ts';
import { CLI_ERRORS } from '../../cli/errors.ts';
import { ENVIRONMENT_VARIABLES } from '../../functions/environment.ts';
import { FUNCTION_ERRORS } from '../../functions/errors.ts';
import { ROUTE_CONTRACTS } from '../../functions/route-contracts.ts';
import { ROUTES } from '../../functions/routes.ts';
import { DEPLOYMENT_ERRORS } from '../../infra/errors.ts';
import { MPC_ERROR_CODES } from '../../mpc/errors.ts';
import { ORAM_ERROR_CODES } from '../../oram/errors.ts';
import { PAGE_ERRORS } from '../../web/errors.ts';
import {
  AUCTION_ADVICE,
  CLIENT_CODES,
  COMMAND_ADVICE,
  DEPLOYMENT_ADVICE,
  ENGINE_ADVICE,
  FUNCTION_ADVICE,
  PAGE_ADVICE,
} from './advice.ts';
import { documentsIn } from './api-tables.ts';
import { engineStatus } from './error-tables.ts';
import { type ExampleParty, runExampleExchange } from './example-exchange.ts';
import { GENERATED_PARTS, partOf } from './generated.ts';
import { allPages, filesMatching, readRepositoryFile } from './repository.ts';
import { VAULT_ADVICE } from './vault-advice.ts';

/** Words like codes that are none: variables that tests read. */
const OTHER_NAMES: readonly string[] = ['TACIT_CIRCUITS'];

let example: ExampleParty;

beforeAll(async () => {
  example = await runExampleExchange();
});

afterAll(() => example.close());

describe('generated parts are up to date (else: node test/docs/write-generated.ts)', () => {
  test.each(GENERATED_PARTS)('$page: $name', ({ page, name, render, matches }) => {
    const standing = partOf(readRepositoryFile(page), name);
    const rendered = render(example.exchanges);
    if (!matches(standing, rendered)) expect(standing).toBe(rendered);
  });
});

describe('codes', () => {
  test.each([
    ['auction', AUCTION_ERRORS, AUCTION_ADVICE],
    ['engine', MPC_ERROR_CODES, ENGINE_ADVICE],
    ['vault', ORAM_ERROR_CODES, VAULT_ADVICE],
    ['functions', FUNCTION_ERRORS, FUNCTION_ADVICE],
    ['command', CLI_ERRORS, COMMAND_ADVICE],
    ['deployment', DEPLOYMENT_ERRORS, DEPLOYMENT_ADVICE],
    ['page', PAGE_ERRORS, PAGE_ADVICE],
  ])('%s: each has advice, and no advice is for a code that is gone', (_, codes, advice) => {
    expect(Object.keys(advice).sort()).toEqual(Object.keys(codes).sort());
  });

  test('codes of the HTTP client, which has no table, are those of its source', () => {
    const source = readRepositoryFile('client/party-client.ts');
    const codes = [...source.matchAll(/code: '([A-Z_]+)'/g)].map(([, code]) => code);
    expect(new Set(codes)).toEqual(new Set(Object.keys(CLIENT_CODES)));
  });

  test('no other file of the sources has an error class with codes of its own', () => {
    const files = filesMatching('{oram,mpc,auction,functions,infra,client,local,cli,web}/**/*.ts').filter(
      (path) => /class \w+ extends Error/.test(readRepositoryFile(path)),
    );
    expect(files).toEqual([
      'auction/errors.ts',
      // This one and local-auction.ts pass on the code that a party answered with.
      'cli/commands/bid.ts',
      'cli/errors.ts',
      'client/party-client.ts',
      'functions/errors.ts',
      'infra/errors.ts',
      'local/local-auction.ts',
      // Its one code is in the command's table.
      'local/processes.ts',
      'mpc/errors.ts',
      'oram/errors.ts',
      'web/errors.ts',
    ]);
  });

  test('named anywhere in the documentation exist', () => {
    const known = new Set([
      ...[
        AUCTION_ERRORS,
        MPC_ERROR_CODES,
        ORAM_ERROR_CODES,
        FUNCTION_ERRORS,
        CLI_ERRORS,
        CLIENT_CODES,
        DEPLOYMENT_ERRORS,
        PAGE_ERRORS,
      ].flatMap(Object.keys),
      ...ENVIRONMENT_VARIABLES,
      ...OTHER_NAMES,
    ]);
    for (const { path, prose } of allPages()) {
      for (const [, name] of prose.join('\n').matchAll(/\b([A-Z]+(?:_[A-Z0-9]+)+)\b(?!\*)/g)) {
        expect(known.has(name ?? ''), `${path} names ${name}`).toBe(true);
      }
    }
  });

  test('errors.md names the HTTP status of engine errors', () => {
    expect(readRepositoryFile('docs/errors.md')).toContain(`status ${engineStatus()}`);
  });
});

describe('the examples in api.md', () => {
  test('are documents whose signatures and hashes check', () => {
    const documents = documentsIn(partOf(readRepositoryFile('docs/api.md'), 'examples'));
    const [
      party,
      signed,
      published,
      listed,
      shown,
      bid,
      receipt,
      withdrawal,
      receipt2,
      early,
      order,
      closed,
      outcome,
    ] = documents;
    expect(documents).toHaveLength(13);
    const tender = checkTender(signed);
    const { id, terms } = tender;
    const { parties } = tender.signed.tender;
    expect(party).toEqual({ protocol: 'tacit/1', ...parties[0] });
    expect(published).toEqual({ id, record: parties[0] });
    expect(listed).toEqual({ tenders: [id] });
    expect(shown).toEqual({ id, signed, state: { phase: 'open' } });
    const exchanged = [
      [bid, receipt],
      [withdrawal, receipt2],
    ];
    for (const [submission, answer] of exchanged) {
      const checked = checkSubmission(submission, terms);
      expect(checkReceipt(answer, { terms, parties, submission: checked }).party).toBe(0);
    }
    expect(z.parse(z.object({ code: z.string() }), early).code).toBe('OUTCOME_NOT_READY');
    checkCloseOrder(order, tender.signed);
    expect(closed).toMatchObject({ id, state: { phase: 'closing' } });
    checkOutcome(outcome, { terms, parties, required: 3 });
  });

  test('answer with the status and media type that the table and the text name', () => {
    for (const { functionName, status, type } of example.exchanges) {
      const expected = { status: ROUTE_CONTRACTS[functionName].success, type: 'application/json' };
      const problem = { status: 409, type: 'application/problem+json' };
      expect([expected, problem]).toContainEqual({ status, type });
    }
  });

  test('security headers are those that api.md lists', () => {
    const page = readRepositoryFile('docs/api.md');
    for (const { headers } of example.exchanges) {
      const ours = [...headers].filter(
        ([name]) => !['content-type', 'content-length', 'date', 'connection', 'keep-alive'].includes(name),
      );
      expect(ours.length).toBeGreaterThan(0);
      for (const [name, value] of ours) expect(page).toContain(`\`${name}: ${value}\``);
    }
  });
});

describe('the table of routes', () => {
  const withBody = ROUTES.filter(({ functionName }) => ROUTE_CONTRACTS[functionName].body !== undefined);

  test.each(withBody)(
    '$method $path takes bodies up to its bound',
    async ({ method, path, functionName }) => {
      const target = path.replace('{tenderId}', 'A'.repeat(43));
      const maxBytes = ROUTE_CONTRACTS[functionName].body?.maxBytes ?? 0;
      const padded = (bytes: number) => `{${' '.repeat(bytes - 2)}}`;
      expect((await example.send(method, target, padded(maxBytes))).status).not.toBe(413);
      expect((await example.send(method, target, padded(maxBytes + 1))).body).toMatchObject({
        code: 'BODY_TOO_LARGE',
        facts: { maxBodyBytes: maxBytes },
      });
      expect((await example.send(method, target, '{}', 'text/plain')).status).toBe(415);
      expect((await example.send(method, target, '{')).body).toMatchObject({ code: 'BODY_MALFORMED' });
    },
  );

  test('every POST takes a body and no GET does', () => {
    expect(withBody.map(({ method }) => method)).toEqual(withBody.map(() => 'POST'));
    expect(withBody).toHaveLength(ROUTES.filter(({ method }) => method === 'POST').length);
  });
});
