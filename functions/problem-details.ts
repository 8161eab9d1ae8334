/**
 * Errors as problem documents (RFC 9457): type, title, status, detail, instance, and the extension members
 * `code` and `facts`.
 *
 * Coded errors keep their code, sentence and public facts. Everything else, a bug or an outage, becomes
 * INTERNAL with the request id and nothing more; the log gets its class and stack frames.
 */

import type middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { AUCTION_ERRORS, AuctionError } from '../auction/errors.ts';
import { MPC_ERROR_CODES, MpcError } from '../mpc/errors.ts';
import { ORAM_ERROR_CODES, OramError } from '../oram/errors.ts';
import { FUNCTION_ERRORS, FunctionError, type FunctionErrorCode } from './errors.ts';
import { describeUnexpected, logError } from './log.ts';
import { VAULT_STATUSES } from './vault-statuses.ts';

export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly facts?: Readonly<Record<string, unknown>>;
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** An engine error that reaches HTTP is an attempt that ended without a result: the next one may succeed. */
const ENGINE_STATUS = 503;

export function problemOf(error: unknown, requestId: string): ProblemDocument {
  if (error instanceof AuctionError) {
    const { status, meaning } = AUCTION_ERRORS[error.code];
    return document(error.code, status, meaning, sentenceOf(error), requestId, error.facts);
  }
  if (error instanceof MpcError) {
    return document(
      error.code,
      ENGINE_STATUS,
      MPC_ERROR_CODES[error.code],
      sentenceOf(error),
      requestId,
      error.facts,
    );
  }
  if (error instanceof OramError) return vaultProblem(error, requestId);
  if (error instanceof FunctionError && error.code !== 'CONFIGURATION_INVALID') {
    const { status, meaning } = FUNCTION_ERRORS[error.code];
    return document(error.code, status, meaning, sentenceOf(error), requestId);
  }
  if (isMalformedJson(error)) {
    const { status, meaning } = AUCTION_ERRORS.BODY_MALFORMED;
    return document('BODY_MALFORMED', status, meaning, meaning, requestId);
  }
  const code = middlewareCode(error) ?? 'INTERNAL';
  const { status, meaning } = FUNCTION_ERRORS[code];
  return document(code, status, meaning, meaning, requestId);
}

/** What happened in the tables is for the operator, who finds the code in the log: others get no facts of it. */
function vaultProblem(error: OramError, requestId: string): ProblemDocument {
  const status = VAULT_STATUSES[error.code];
  const meaning = ORAM_ERROR_CODES[error.code];
  return status < 500
    ? document(error.code, status, meaning, sentenceOf(error), requestId, error.facts)
    : document(error.code, status, meaning, meaning, requestId);
}

export function problemDetails(
  functionName: string,
): middy.MiddlewareObj<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2> {
  return {
    onError: (request) => {
      const requestId = request.context.awsRequestId;
      const problem = problemOf(request.error, requestId);
      if (problem.status >= 500) {
        const unexpected = problem.code === 'INTERNAL' ? describeUnexpected(request.error) : {};
        logError('a request failed', {
          functionName,
          requestId,
          code: problem.code,
          status: problem.status,
          ...unexpected,
        });
      }
      request.response = problemResult(problem);
    },
  };
}

export function problemResult(problem: ProblemDocument): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode: problem.status,
    headers: { 'content-type': PROBLEM_MEDIA_TYPE },
    body: JSON.stringify(problem),
  };
}

/** The middlewares of others signal by HTTP status (body parser) or by name (middy's early timeout). */
function middlewareCode(error: unknown): FunctionErrorCode | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'TimeoutError') return 'REQUEST_TIMED_OUT';
  return 'statusCode' in error && error.statusCode === 415 ? 'CONTENT_TYPE_UNSUPPORTED' : undefined;
}

/** The body parser's status for text that is no JSON, and for JSON that would set a prototype. */
function isMalformedJson(error: unknown): boolean {
  return error instanceof Error && 'statusCode' in error && error.statusCode === 422;
}

/** Coded errors open their message with the code, which the document already has as a member. */
function sentenceOf(error: { readonly code: string; readonly message: string }): string {
  const prefix = `${error.code}: `;
  return error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message;
}

function document(
  code: string,
  status: number,
  title: string,
  detail: string,
  requestId: string,
  facts: Readonly<Record<string, unknown>> = {},
): ProblemDocument {
  return {
    type: `urn:tacit:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title,
    status,
    detail,
    instance: `urn:tacit:request:${requestId}`,
    code,
    ...(Object.keys(facts).length > 0 ? { facts } : {}),
  };
}
