import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OutboxLook } from '../../auction/api-answers.ts';
import { createCloseOrder } from '../../auction/close-order.ts';
import { checkReceipt } from '../../auction/receipt.ts';
import { signDocument, signerOf } from '../../auction/signature.ts';
import { createWithdrawal } from '../../auction/submission.ts';
import { MAX_SUBMISSION_BYTES, MAX_TENDER_BYTES } from '../../functions/http-handler.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import { bidFor, get, type PartyHost, post, random, START, startPartyHost } from './party-host.ts';

let host: PartyHost;

beforeAll(async () => {
  host = await startPartyHost();
});

afterAll(async () => {
  await host.close();
});

async function published(spec: Record<string, unknown> = {}) {
  const tender = host.tender(spec);
  await host.party.publishTender(tender.signed);
  return tender;
}

const submissionsOf = (id: string) => `${host.url}/tenders/${id}/submissions`;

/** A problem document (RFC 9457) with this status and code, that names its request. */
function problem(status: number, code: string) {
  return {
    status,
    type: 'application/problem+json',
    body: {
      type: `urn:tacit:problem:${code.toLowerCase().replaceAll('_', '-')}`,
      title: expect.any(String),
      status,
      detail: expect.any(String),
      instance: expect.stringMatching(/^urn:tacit:request:[0-9a-f-]{36}$/),
      code,
    },
  };
}

describe('the API of a party', () => {
  test('says who the party is', async () => {
    const { status, body } = await get(`${host.url}/party`);
    expect(status).toBe(200);
    expect(body).toEqual({ protocol: 'tacit/1', ...host.tender().signed.tender.parties[0] });
  });

  test('takes a tender, again as well, lists and shows it, and announces its deadline', async () => {
    const { id, signed } = host.tender({ closesAt: '2027-01-02T00:00:00Z' });
    for (let time = 0; time < 2; time++) {
      const answer = await post(`${host.url}/tenders`, signed);
      expect([answer.status, answer.body['id']]).toEqual([201, id]);
    }
    expect((await get(`${host.url}/tenders`)).body['tenders']).toContain(id);
    expect((await get(`${host.url}/tenders/${id}`)).body).toEqual({ id, signed, state: { phase: 'open' } });
    expect(host.startedAt.get(id)).toBe(Date.parse('2027-01-02T00:00:00Z'));
  });

  test('lists tenders a page at a time, each of them once', async () => {
    const ids = new Set<string>();
    for (let count = 0; count < 5; count++) ids.add((await published()).id);
    const listed: string[] = [];
    let query = '?limit=2';
    for (let pages = 0; pages < 20 && query !== ''; pages++) {
      const { status, body } = await get(`${host.url}/tenders${query}`);
      expect([status, (body['tenders'] as string[]).length <= 2]).toEqual([200, true]);
      listed.push(...(body['tenders'] as string[]));
      query = body['next'] === undefined ? '' : `?limit=2&after=${body['next']}`;
    }
    expect(listed).toEqual([...new Set(listed)].sort());
    for (const id of ids) expect(listed).toContain(id);
    expect((await get(`${host.url}/tenders`)).body).toEqual({ tenders: listed });
  });

  test.each([
    'limit=0',
    'limit=101',
    'limit=-1',
    'limit=1e2',
    'limit=',
    'after=',
    'after=..%2F',
    'limit=2&after=x',
  ])('refuses a page with %s', async (query) => {
    expect(await get(`${host.url}/tenders?${query}`)).toMatchObject(problem(400, 'PAGE_MALFORMED'));
  });

  test('says what time it has and how the outboxes were found, and asks its table at most every five seconds', async () => {
    const status = async () => (await get(`${host.url}/status`)).body;
    const own = { protocol: 'tacit/1', index: 0, stateAnswers: true };
    expect(await status()).toEqual({ ...own, now: START });
    const answering = { answeredAt: START, failures: 0 };
    const silent = { failures: 4, code: 'CHANNEL_REFUSED' };
    const outboxes: OutboxLook = { lookedAt: START, parties: [answering, answering, silent] };
    await host.looks.keep(outboxes);
    host.moveClock(toEpochMs(START + 4_999));
    expect(await status()).toEqual({ ...own, now: START + 4_999 });
    host.moveClock(toEpochMs(START + 60_000));
    expect(await status()).toEqual({ ...own, now: START + 60_000, outboxes });
    host.moveClock(START);
  });

  test('gives a signed receipt for a bid, and the same one for the same bid', async () => {
    const { id, terms, signed } = await published();
    const submission = await bidFor({ id, terms, signed });
    const first = await post(submissionsOf(id), submission);
    expect(first.status).toBe(201);
    const receipt = checkReceipt(first.body, { terms, parties: signed.tender.parties, submission });
    expect([receipt.party, receipt.receivedAt]).toEqual([0, START]);
    expect((await post(submissionsOf(id), submission)).body).toEqual(first.body);
  });

  test('closes on the order of the auctioneer and has the clearing started', async () => {
    const { id } = await published();
    const answer = await post(`${host.url}/tenders/${id}/close`, createCloseOrder(id, host.auctioneer));
    expect(answer).toMatchObject({ status: 200, body: { id, state: { phase: 'closing' } } });
    expect(host.started).toContain(id);
    expect(await get(`${host.url}/tenders/${id}/outcome`)).toMatchObject({
      ...problem(409, 'OUTCOME_NOT_READY'),
      body: { facts: { phase: 'closing' } },
    });
  });

  test('answers with headers that forbid caching, sniffing and framing', async () => {
    for (const answer of [await get(`${host.url}/party`), await get(`${host.url}/tenders/short`)]) {
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    }
  });
});

describe('the API refuses', () => {
  test('what is not JSON', async () => {
    const { id } = await published();
    expect(await post(submissionsOf(id), '{"kind":')).toMatchObject(problem(400, 'BODY_MALFORMED'));
    expect(await post(submissionsOf(id), '{"__proto__":{"kind":"bid"}}')).toMatchObject(
      problem(400, 'BODY_MALFORMED'),
    );
    expect(await post(submissionsOf(id), '')).toMatchObject(problem(400, 'BODY_MALFORMED'));
  });

  test('another content type', async () => {
    const { id } = await published();
    const submission = await bidFor(host.tender());
    const answer = await post(submissionsOf(id), submission, 'text/plain');
    expect(answer).toMatchObject(problem(415, 'CONTENT_TYPE_UNSUPPORTED'));
  });

  test('a body over its bound, before it is parsed', async () => {
    const { id } = await published();
    const padded = (bytes: number) => `{${' '.repeat(bytes - 2)}}`;
    expect(await post(submissionsOf(id), padded(MAX_SUBMISSION_BYTES))).toMatchObject(
      problem(400, 'BID_MALFORMED'),
    );
    expect(await post(submissionsOf(id), padded(MAX_SUBMISSION_BYTES + 1))).toMatchObject(
      problem(413, 'BODY_TOO_LARGE'),
    );
    expect(await post(`${host.url}/tenders`, padded(MAX_TENDER_BYTES + 1))).toMatchObject(
      problem(413, 'BODY_TOO_LARGE'),
    );
  });

  test('what no tender or bid looks like, naming the field', async () => {
    const { id, signed } = await published();
    const tender = { ...signed, tender: { ...signed.tender, nonce: 'short' } };
    expect(await post(`${host.url}/tenders`, tender)).toMatchObject({
      ...problem(400, 'TENDER_MALFORMED'),
      body: { facts: { field: 'tender.nonce' } },
    });
    const bid = { ...(await bidFor({ ...host.tender(), id })), version: 0 };
    expect(await post(submissionsOf(id), bid)).toMatchObject({
      ...problem(400, 'BID_MALFORMED'),
      body: { facts: { field: 'version' } },
    });
  });

  test('a tender that was changed after it was signed', async () => {
    const { signed } = host.tender();
    const tender = { ...signed.tender, spec: { ...signed.tender.spec, ceiling: '1.00' } };
    expect(await post(`${host.url}/tenders`, { ...signed, tender })).toMatchObject(
      problem(401, 'TENDER_SIGNATURE'),
    );
  });

  test('tenders that are unknown, or not named by an id', async () => {
    const { id, terms, signed } = host.tender();
    const bid = await bidFor({ id, terms, signed });
    for (const answer of [
      await get(`${host.url}/tenders/${id}`),
      await get(`${host.url}/tenders/${id}/outcome`),
      await post(submissionsOf(id), bid),
      await post(`${host.url}/tenders/${id}/close`, createCloseOrder(id, host.auctioneer)),
    ]) {
      expect(answer).toMatchObject(problem(404, 'TENDER_UNKNOWN'));
    }
    expect(await get(`${host.url}/tenders/..%2Fparty`)).toMatchObject(problem(400, 'TENDER_ID_MALFORMED'));
  });

  test('a bid after the deadline, and one after the close order', async () => {
    const tender = await published({ closesAt: '2027-01-01T00:00:10Z' });
    const bid = await bidFor(tender);
    host.moveClock(toEpochMs(START + 10_000));
    expect(await post(submissionsOf(tender.id), bid)).toMatchObject(problem(409, 'BID_AFTER_DEADLINE'));
    host.moveClock(START);
    expect((await post(submissionsOf(tender.id), bid)).status).toBe(201);

    const closed = await published();
    await host.party.close(closed.id, createCloseOrder(closed.id, host.auctioneer));
    expect(await post(submissionsOf(closed.id), await bidFor(closed))).toMatchObject(
      problem(409, 'BID_AFTER_DEADLINE'),
    );
  });

  test('a wrong signature, and a bid changed after it was signed', async () => {
    const tender = await published();
    const bid = await bidFor(tender);
    const other = await bidFor(tender);
    const refused = problem(401, 'BID_SIGNATURE');
    expect(await post(submissionsOf(tender.id), { ...bid, signature: other.signature })).toMatchObject(
      refused,
    );
    expect(await post(submissionsOf(tender.id), { ...bid, version: 2 })).toMatchObject(refused);
  });

  test('a version that was used for another bid, or is behind', async () => {
    const tender = await published();
    const secretKey = random(32);
    await post(submissionsOf(tender.id), await bidFor(tender, { secretKey, version: 2 }));
    const refused = problem(409, 'BID_VERSION_REPLAYED');
    for (const version of [1, 2]) {
      expect(
        await post(submissionsOf(tender.id), await bidFor(tender, { secretKey, version })),
      ).toMatchObject(refused);
    }
  });

  test('a bid for another tender, lot or name', async () => {
    const [tender, elsewhere] = [await published(), await published()];
    const bid = await bidFor(elsewhere);
    expect(await post(submissionsOf(tender.id), bid)).toMatchObject(problem(422, 'BID_OTHER_TENDER'));
    await post(submissionsOf(tender.id), await bidFor(tender));
    expect(await post(submissionsOf(tender.id), await bidFor(tender))).toMatchObject(
      problem(409, 'BIDDER_NAME_TAKEN'),
    );
  });

  test('envelopes that were sealed for another tender, or to another party', async () => {
    const [tender, elsewhere] = [await published(), await published()];
    const refused = problem(422, 'ENVELOPE_UNREADABLE');
    const secretKey = random(32);
    const { signature: _, ...foreign } = await bidFor(elsewhere, { secretKey });
    const moved = { ...foreign, tender: tender.id };
    const resigned = { ...moved, signature: signDocument('bid', moved, signerOf(secretKey)) };
    expect(await post(submissionsOf(tender.id), resigned)).toMatchObject(refused);

    const [first, second, third] = tender.signed.tender.parties;
    const parties = [second, first, third] as const;
    const swapped = { ...tender.signed, tender: { ...tender.signed.tender, parties } };
    expect(await post(submissionsOf(tender.id), await bidFor({ ...tender, signed: swapped }))).toMatchObject(
      refused,
    );
  });

  test('a withdrawal where nothing stands', async () => {
    const { id, terms } = await published();
    const withdrawal = createWithdrawal({
      terms,
      lot: '1',
      bidder: 'Nobody',
      bidderSecretKey: random(32),
      version: 1,
    });
    expect(await post(submissionsOf(id), withdrawal)).toMatchObject(problem(409, 'WITHDRAWAL_WITHOUT_BID'));
  });

  test('a close order of somebody else, and starts nothing', async () => {
    const { id } = await published();
    const order = createCloseOrder(id, random(32));
    expect(await post(`${host.url}/tenders/${id}/close`, order)).toMatchObject(
      problem(401, 'CLOSE_UNAUTHORISED'),
    );
    expect(host.started).not.toContain(id);
  });
});
