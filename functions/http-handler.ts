/**
 * The pipeline that every HTTP function shares: API Gateway HTTP API events (payload version 2.0) in, JSON or
 * an RFC 9457 problem document out.
 *
 * Order: security headers on whatever leaves; errors become problem documents; header names in lower case; for
 * requests with a body, its size is checked before it is parsed. What is left for a function to do is to call
 * the domain. Answers are never cached: each is signed, or changes with the tender's phase.
 */

import middy from '@middy/core';
import httpHeaderNormalizer from '@middy/http-header-normalizer';
import httpJsonBodyParser from '@middy/http-json-body-parser';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { TenderId } from '../auction/tender.ts';
import { bodySizeLimit } from './body-size-limit.ts';
import { FunctionError } from './errors.ts';
import { problemDetails } from './problem-details.ts';
import { securityHeaders } from './security-headers.ts';

export type HttpEvent = APIGatewayProxyEventV2;
export type HttpResult = APIGatewayProxyStructuredResultV2;
export type HttpHandler = (event: HttpEvent, context: Context) => Promise<HttpResult>;

export interface HttpRequest {
  readonly pathParameters: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly requestId: string;
  /** Parsed JSON, not checked against any schema; undefined for functions without a body. */
  readonly body: unknown;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface HttpHandlerOptions {
  /** Present if and only if the function takes a JSON body. */
  readonly maxBodyBytes?: number;
}

/** 64 KB: a sealed bid is about 2 KB and a close order below 1 KB; nobody may fill a table with padding. */
export const MAX_SUBMISSION_BYTES = 64 * 1024;

/** 256 KB: a tender with 50 lots and a list of 1,000 eligible bidders, and still below DynamoDB's 400 KB item. */
export const MAX_TENDER_BYTES = 256 * 1024;

/** Answer this long before Lambda would cut the function off, so that the caller gets a problem document. */
const EARLY_TIMEOUT_MS = 250;

export function httpHandler(
  functionName: string,
  respond: (request: HttpRequest) => Promise<HttpAnswer>,
  options: HttpHandlerOptions = {},
): HttpHandler {
  const pipeline = middy<HttpEvent, HttpResult>({ timeoutEarlyInMillis: EARLY_TIMEOUT_MS })
    .use(securityHeaders())
    .use(problemDetails(functionName))
    .use(httpHeaderNormalizer());
  if (options.maxBodyBytes !== undefined) {
    pipeline.use(bodySizeLimit(options.maxBodyBytes)).use(httpJsonBodyParser<HttpEvent>());
  }
  const composed = pipeline.handler(async (event: HttpEvent, context: Context): Promise<HttpResult> => {
    const answer = await respond({
      pathParameters: event.pathParameters ?? {},
      query: event.queryStringParameters ?? {},
      requestId: context.awsRequestId,
      body: event.body,
    });
    return {
      statusCode: answer.status,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(answer.body),
    };
  });
  return (event, context) => composed(event, context);
}

/** SHA-256 in base64url without padding. */
const TENDER_ID = /^[A-Za-z0-9_-]{43}$/;

/** @throws FunctionError TENDER_ID_MALFORMED */
export function tenderIdOf(request: HttpRequest): TenderId {
  return toTenderId(request.pathParameters['tenderId'] ?? '');
}

/** @throws FunctionError TENDER_ID_MALFORMED */
export function toTenderId(text: string): TenderId {
  if (isTenderId(text)) return text;
  throw new FunctionError('TENDER_ID_MALFORMED', 'a tender is named by 43 characters of base64url');
}

export function isTenderId(text: string): text is TenderId {
  return TENDER_ID.test(text);
}
