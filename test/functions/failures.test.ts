import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AuctionError } from '../../auction/errors.ts';
import type { ClearingReport } from '../../auction/party/clearing-run.ts';
import {
  createClearTenderHandler,
  createLeasedClearTenderHandler,
} from '../../functions/clear-tender/clear-tender.handler.ts';
import type { RunVerdict } from '../../functions/clearing-lease.ts';
import { type HttpEvent, httpHandler } from '../../functions/http-handler.ts';
import { logInfo } from '../../functions/log.ts';
import { handler as partyInfo } from '../../functions/party-info/party-info.handler.ts';
import { invocationContext } from '../../local/invocation-context.ts';
import { MpcError } from '../../mpc/errors.ts';

const SECRET = 'amount 1399999.99 of Cairn & Sons';
const TENDER = 'A'.repeat(43);

let lines: string[];

beforeEach(() => {
  lines = [];
  const capture = (chunk: unknown) => {
    lines.push(String(chunk));
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(capture);
  vi.spyOn(process.stderr, 'write').mockImplementation(capture);
});

afterEach(() => {
  vi.restoreAllMocks();
});

const context = (timeoutMs = 30_000): Context => invocationContext('tested', timeoutMs);

const event: HttpEvent = {
  version: '2.0',
  routeKey: 'GET /tested',
  rawPath: '/tested',
  rawQueryString: '',
  headers: {},
  requestContext: {
    accountId: '',
    apiId: '',
    domainName: '',
    domainPrefix: '',
    http: { method: 'GET', path: '/tested', protocol: 'HTTP/1.1', sourceIp: '', userAgent: '' },
    requestId: '',
    routeKey: '',
    stage: '',
    time: '',
    timeEpoch: 0,
  },
  isBase64Encoded: false,
};

describe('an HTTP function', () => {
  test('answers an unexpected error with the request id alone, and logs where it was', async () => {
    const failing = httpHandler('tested', async () => {
      throw new TypeError(SECRET, { cause: SECRET });
    });
    const invoked = context();
    const { statusCode, body = '' } = await failing(event, invoked);
    expect(statusCode).toBe(500);
    expect(JSON.parse(body)).toMatchObject({
      code: 'INTERNAL',
      instance: `urn:tacit:request:${invoked.awsRequestId}`,
    });
    const log = lines.join('');
    expect(JSON.parse(log)).toMatchObject({
      level: 'ERROR',
      functionName: 'tested',
      requestId: invoked.awsRequestId,
      errorClass: 'TypeError',
      errorFrames: expect.stringContaining('failures.test.ts'),
    });
    expect(body + log).not.toContain('1399999');
  });

  test('keeps the code of an engine error', async () => {
    const failing = httpHandler('tested', async () => {
      throw new MpcError('CHANNEL_TIMEOUT', 'party 2 sent nothing in time', { from: 2 });
    });
    const { statusCode, body = '' } = await failing(event, context());
    expect(statusCode).toBe(503);
    expect(JSON.parse(body)).toMatchObject({ code: 'CHANNEL_TIMEOUT', facts: { from: 2 } });
  });

  test('answers before Lambda would cut it off', async () => {
    const slow = httpHandler('tested', () => new Promise(() => {}));
    const { statusCode, body = '' } = await slow(event, context(300));
    expect(statusCode).toBe(503);
    expect(JSON.parse(body)).toMatchObject({ code: 'REQUEST_TIMED_OUT' });
  });

  test('without its environment answers INTERNAL, and logs what to set', async () => {
    const { statusCode, body = '' } = await partyInfo(event, context());
    expect(statusCode).toBe(500);
    expect(JSON.parse(body)).toMatchObject({ code: 'INTERNAL' });
    expect(JSON.parse(lines.join(''))).toMatchObject({ code: 'CONFIGURATION_INVALID' });
  });
});

describe('the log', () => {
  test('drops every field that is not named in its allow-list', () => {
    const fields = {
      requestId: 'r',
      body: SECRET,
      event: { body: SECRET },
      tenderId: TENDER,
      error: new Error(SECRET),
    };
    logInfo('tested', fields);
    const line = lines.join('');
    expect(JSON.parse(line)).toMatchObject({ message: 'tested', requestId: 'r', tenderId: TENDER });
    expect(line).not.toContain('1399999');
    expect(Object.keys(JSON.parse(line)).sort()).toEqual(
      ['level', 'message', 'requestId', 'service', 'tenderId', 'timestamp'].sort(),
    );
  });
});

const statistics: ClearingReport['statistics'] = {
  bids: 3,
  bits: 20,
  protocol: 'verified',
  rounds: 8,
  ands: 100,
  bytesSent: 200,
  predicted: { rounds: 8, ands: 100, bytes: 200 },
  attempt: 1,
  closingRounds: 2,
  handshakeRounds: 2,
  clearingMs: 12,
};

const report: ClearingReport = {
  statistics,
  outcome: {
    statement: { kind: 'outcome', tender: TENDER, closingRoot: TENDER, liveBids: [], lots: [] },
    signatures: [],
  },
};

describe('the clearing function', () => {
  test('clears the tender it is invoked with and returns what it cost', async () => {
    const cleared: string[] = [];
    const clear = createClearTenderHandler({
      clear: async (id) => {
        cleared.push(id);
        return report;
      },
    });
    expect(await clear({ tenderId: TENDER }, context())).toEqual({
      tenderId: TENDER,
      statistics,
      signatures: report.outcome.signatures.length,
    });
    expect(cleared).toEqual([TENDER]);
  });

  test('ends at once where another run has the lease of the tender', async () => {
    let runs = 0;
    const clear = createClearTenderHandler({
      clear: async () => {
        runs += 1;
        return report;
      },
    });
    const leased = createLeasedClearTenderHandler(clear, { hold: async () => undefined });
    expect(await leased({ tenderId: TENDER }, context())).toEqual({ busy: true });
    expect(runs).toBe(0);
  });

  test.each([2, 3])(
    'counts an outcome with %d signatures as settled only where all three signed',
    async (count) => {
      const signatures = ([0, 1, 2] as const).slice(0, count).map((party) => ({ party, signature: '' }));
      const outcome = { ...report.outcome, signatures };
      const clear = createClearTenderHandler({ clear: async () => ({ ...report, outcome }) });
      const settled: RunVerdict[] = [];
      const leased = createLeasedClearTenderHandler(clear, {
        hold: async (_id, _holder, run, verdictOf) => {
          const value = await run();
          settled.push(verdictOf(value));
          return value;
        },
      });
      await leased({ tenderId: TENDER }, context());
      expect(settled).toEqual([count === 3 ? 'settled' : 'failed']);
    },
  );

  test.each([undefined, {}, { tenderId: 7 }])('refuses the invocation %j', async (invocation) => {
    const clear = createClearTenderHandler({ clear: async () => report });
    await expect(clear(invocation, context())).rejects.toMatchObject({ code: 'INVOCATION_MALFORMED' });
  });

  test('fails with the code of the cause, so that it is invoked again', async () => {
    const error = new AuctionError('CLOSING_BID_MISSING', 'a bid is missing');
    const clear = createClearTenderHandler({ clear: () => Promise.reject(error) });
    await expect(clear({ tenderId: TENDER }, context())).rejects.toBe(error);
    expect(JSON.parse(lines.join(''))).toMatchObject({ code: 'CLOSING_BID_MISSING', tenderId: TENDER });
  });

  test('logs whom an abort names and on what the parties differ', async () => {
    const facts = { field: 'protocol', party: 2 };
    const error = new MpcError('HANDSHAKE_MISMATCH', 'party 2 has another protocol', facts);
    const clear = createClearTenderHandler({ clear: () => Promise.reject(error) });
    await expect(clear({ tenderId: TENDER }, context())).rejects.toBe(error);
    expect(JSON.parse(lines.join(''))).toMatchObject({ code: 'HANDSHAKE_MISMATCH', ...facts });
  });

  test('shows nothing of an unexpected error', async () => {
    const clear = createClearTenderHandler({ clear: () => Promise.reject(new Error(SECRET)) });
    const failure = clear({ tenderId: TENDER }, context());
    await expect(failure).rejects.toMatchObject({ code: 'INTERNAL' });
    const error = await failure.catch((caught: unknown) => caught);
    expect(String(error) + lines.join('')).not.toContain('1399999');
  });

  test('aborts the attempt shortly before its time is up', async () => {
    let aborted = false;
    const clear = createClearTenderHandler({
      clear: (_id, { signal } = {}) =>
        new Promise(() => {
          signal?.addEventListener('abort', () => {
            aborted = true;
          });
        }),
    });
    const failure = clear({ tenderId: TENDER }, context(2_100)).catch((caught: unknown) => caught);
    expect(await failure).toMatchObject({ code: 'REQUEST_TIMED_OUT' });
    expect(aborted).toBe(true);
  });
});
