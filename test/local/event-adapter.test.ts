import type { Server } from 'node:http';
import type { Context } from 'aws-lambda';
import { afterEach, describe, expect, test } from 'vitest';
import type { HttpEvent, HttpHandler, HttpResult } from '../../functions/http-handler.ts';
import { createApiServer, type HttpHandlers, MAX_PAYLOAD_BYTES } from '../../local/event-adapter.ts';
import { closeServer, listenOnLoopback } from '../../local/listen.ts';

let server: Server | undefined;

afterEach(async () => {
  if (server !== undefined) await closeServer(server);
  server = undefined;
});

const TENDER = 'A'.repeat(43);

/** A host in which every function is this one; returns its base address. */
async function host(handler: HttpHandler): Promise<string> {
  const handlers: HttpHandlers = {
    'show-openapi': handler,
    'party-info': handler,
    'party-status': handler,
    'publish-tender': handler,
    'list-tenders': handler,
    'show-tender': handler,
    'close-tender': handler,
    'submit-bid': handler,
    'show-outcome': handler,
    'vault-access': handler,
  };
  server = createApiServer(handlers);
  return `http://127.0.0.1:${await listenOnLoopback(server, 0)}`;
}

/** Answers with nothing and keeps what it was invoked with. */
function recorder(result: HttpResult = { statusCode: 200, body: '{}' }) {
  const invocations: { event: HttpEvent; context: Context }[] = [];
  const handler: HttpHandler = async (event, context) => {
    invocations.push({ event, context });
    return result;
  };
  return { handler, invocations };
}

describe('the event adapter', () => {
  test('keeps idle connections for minutes, so that no request meets the end of one', async () => {
    const url = await host(recorder().handler);
    expect((await fetch(`${url}/party`)).headers.get('keep-alive')).toBe('timeout=300');
  });

  test('makes an API Gateway event of payload version 2.0', async () => {
    const { handler, invocations } = recorder();
    const url = await host(handler);
    await fetch(`${url}/tenders/${TENDER}/submissions?a=1&b=x%20y`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Custom': 'One' },
      body: '{"text":"Sägewerk"}',
    });
    const { event, context } = invocations[0]!;
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'POST /tenders/{tenderId}/submissions',
      rawPath: `/tenders/${TENDER}/submissions`,
      rawQueryString: 'a=1&b=x%20y',
      queryStringParameters: { a: '1', b: 'x y' },
      pathParameters: { tenderId: TENDER },
      headers: { 'x-custom': 'One', 'content-type': 'application/json' },
      body: '{"text":"Sägewerk"}',
      isBase64Encoded: false,
      requestContext: { stage: '$default', http: { method: 'POST', path: `/tenders/${TENDER}/submissions` } },
    });
    expect(event.requestContext.requestId).toBe(context.awsRequestId);
    expect(context.functionName).toBe('submit-bid');
    expect(structuredClone(event)).toEqual(JSON.parse(JSON.stringify(event)));
  });

  test('passes bodies that are no text in base64', async () => {
    const { handler, invocations } = recorder();
    const url = await host(handler);
    const body = new Uint8Array([0, 255, 128]);
    await fetch(`${url}/tenders`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body,
    });
    const { event } = invocations[0]!;
    expect(event.isBase64Encoded).toBe(true);
    expect(Buffer.from(event.body ?? '', 'base64')).toEqual(Buffer.from(body));
  });

  test('counts the remaining time down', async () => {
    const { handler, invocations } = recorder();
    await fetch(`${await host(handler)}/party`);
    const remainingMs = invocations[0]!.context.getRemainingTimeInMillis();
    expect(remainingMs).toBeGreaterThan(0);
    expect(remainingMs).toBeLessThanOrEqual(30_000);
  });

  test('returns status, headers and body of the result, from base64 where it says so', async () => {
    const body = Buffer.from([1, 2, 250]).toString('base64');
    const { handler } = recorder({
      statusCode: 418,
      headers: { 'x-answer': 'yes' },
      body,
      isBase64Encoded: true,
    });
    const response = await fetch(`${await host(handler)}/party`);
    expect(response.status).toBe(418);
    expect(response.headers.get('x-answer')).toBe('yes');
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([1, 2, 250]);
  });

  test('answers unknown paths and methods itself', async () => {
    const { handler, invocations } = recorder();
    const url = await host(handler);
    const unknown = await fetch(`${url}/nothing`);
    expect(unknown.status).toBe(404);
    expect(unknown.headers.get('content-type')).toBe('application/problem+json');
    expect(await unknown.json()).toMatchObject({ code: 'ROUTE_UNKNOWN', status: 404 });
    const method = await fetch(`${url}/tenders`, { method: 'DELETE' });
    expect([method.status, method.headers.get('allow')]).toEqual([405, 'POST, GET']);
    expect(await method.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
    expect(invocations).toHaveLength(0);
  });

  test('refuses more than a Lambda function can be given', async () => {
    const { handler, invocations } = recorder();
    const url = await host(handler);
    const post = (bytes: number) =>
      fetch(`${url}/tenders`, {
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
        body: 'a'.repeat(bytes),
      });
    expect((await post(MAX_PAYLOAD_BYTES)).status).toBe(200);
    const refused = await post(MAX_PAYLOAD_BYTES + 1);
    expect(refused.status).toBe(413);
    expect(await refused.json()).toMatchObject({ code: 'BODY_TOO_LARGE' });
    expect(invocations).toHaveLength(1);
  });
});
