/** Deliveries as a party makes them, received by a real server; and everything that somebody else could make of one. */

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { contentDigest } from '../../auction/http-signature.ts';
import { checkOutcome } from '../../auction/outcome.ts';
import { abortedEvent, clearedEvent, type PartyEvent } from '../../auction/party-event.ts';
import { signerOf } from '../../auction/signature.ts';
import { checkDelivery, type Delivery, MAX_DELIVERY_AGE_SECONDS } from '../../client/webhook.ts';
import { webhook } from '../../functions/webhook.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import { type Received, type Receiver, startReceiver } from '../functions/receiver.ts';
import { clearedAuction, type ToldAuction } from '../functions/told-auction.ts';
import { codeOf } from '../support/auction-world.ts';

const NOW = toEpochMs(1_800_000_000_000);
const clock = { now: () => NOW };

let auction: ToldAuction;
let receiver: Receiver;
let event: PartyEvent;

beforeAll(async () => {
  auction = await clearedAuction();
  event = clearedEvent({ ...auction, tender: auction.tender.id, at: NOW }, auction.outcome);
});

beforeEach(async () => {
  receiver = await startReceiver();
});

afterEach(() => receiver.close());

async function delivered(told: PartyEvent = event, signer = auction.keys.signing): Promise<Received> {
  const status = await webhook(receiver.url, 0, { signer, clock }).tell(told, AbortSignal.timeout(5_000));
  expect(status).toBe(204);
  return receiver.received.at(-1)!;
}

function check(delivery: Delivery, context: Partial<Parameters<typeof checkDelivery>[1]> = {}): PartyEvent {
  const { signingKey } = auction.record;
  return checkDelivery(delivery, { url: receiver.url, signingKeys: [signingKey], nowMs: NOW, ...context });
}

function refusalOf(delivery: Delivery, context: Parameters<typeof check>[1] = {}): string {
  try {
    check(delivery, context);
  } catch (error) {
    return codeOf(error);
  }
  return 'taken';
}

describe('a delivery', () => {
  test('is the event, whose outcome checks by itself', async () => {
    const taken = check(await delivered());
    expect(taken).toEqual(event);
    if (taken.kind !== 'tender.cleared') throw new Error(taken.kind);
    const { terms, signed } = auction.tender;
    const outcome = checkOutcome(taken.outcome, { terms, parties: signed.tender.parties, required: 3 });
    expect(outcome.statement.lots).toMatchObject([{ winner: 'Saline Ltd', price: '1234.56' }]);
  });

  test('may tell of an abort', async () => {
    const source = { ...auction, tender: auction.tender.id, at: NOW };
    const aborted = abortedEvent(source, { code: 'CHECK_FAILED', blame: 'suspected', blamed: [1, 2] });
    expect(check(await delivered(aborted))).toEqual(aborted);
  });

  test('is a POST of JSON with the documented headers', async () => {
    await delivered();
    const { method, headers } = receiver.received[0]!;
    expect(method).toBe('POST');
    expect(headers['content-type']).toBe('application/json');
    expect(headers['signature-input']).toBe(
      `tacit=("@method" "@target-uri" "content-type" "content-digest");created=${NOW / 1000};keyid="${auction.record.signingKey}";alg="ed25519";tag="tacit-event"`,
    );
  });

  test('is taken with headers in the form of fetch as well', async () => {
    const { headers, body } = await delivered();
    const fetched = new Headers();
    for (const [name, value] of Object.entries(headers))
      if (typeof value === 'string') fetched.set(name, value);
    expect(check({ headers: fetched, body })).toEqual(event);
  });
});

describe('what is refused', () => {
  const other = signerOf(new Uint8Array(32).fill(7));

  test('a body with any byte changed', async () => {
    const { headers, body } = await delivered();
    for (const position of [0, 10, body.length - 1]) {
      const altered = body.slice();
      altered[position]! ^= 1;
      expect(refusalOf({ headers, body: altered })).toBe('WEBHOOK_DIGEST');
    }
  });

  test('a body with the digest of what it was changed to', async () => {
    const { headers, body } = await delivered();
    const altered = new TextEncoder().encode(new TextDecoder().decode(body).replace('1234.56', '1.00'));
    const { headers: theirs } = await delivered(event, other);
    expect(altered).not.toEqual(body);
    const forged = { ...headers, 'content-digest': contentDigest(altered) };
    expect(refusalOf({ headers: forged, body: altered })).toBe('WEBHOOK_SIGNATURE');
    expect(refusalOf({ headers: { ...headers, signature: theirs['signature'] }, body })).toBe(
      'WEBHOOK_SIGNATURE',
    );
  });

  test('a signature of somebody else, and their event under a key that is given', async () => {
    const delivery = await delivered(event, other);
    expect(refusalOf(delivery)).toBe('WEBHOOK_SIGNER_UNKNOWN');
    expect(refusalOf(delivery, { signingKeys: [other.publicKey] })).toBe('EVENT_OTHER_PARTY');
  });

  test('a delivery that was made for another address', async () => {
    const delivery = await delivered();
    expect(refusalOf(delivery, { url: `${receiver.url}&also=1` })).toBe('WEBHOOK_SIGNATURE');
  });

  test('one that is sent again when its time is over, or before', async () => {
    const delivery = await delivered();
    const bound = MAX_DELIVERY_AGE_SECONDS * 1_000;
    expect(refusalOf(delivery, { nowMs: NOW + bound })).toBe('taken');
    expect(refusalOf(delivery, { nowMs: NOW + bound + 1 })).toBe('WEBHOOK_EXPIRED');
    expect(refusalOf(delivery, { nowMs: NOW - bound - 1 })).toBe('WEBHOOK_EXPIRED');
  });

  test('one whose time was changed', async () => {
    const { headers, body } = await delivered();
    const input = String(headers['signature-input']).replace(/created=\d+/, `created=${NOW / 1000 + 60}`);
    expect(refusalOf({ headers: { ...headers, 'signature-input': input }, body })).toBe('WEBHOOK_SIGNATURE');
  });

  test.each<readonly [string, (headers: Record<string, unknown>) => void]>([
    ['no signature', (headers) => delete headers['signature']],
    ['no input', (headers) => delete headers['signature-input']],
    [
      'fewer components',
      (headers) => {
        headers['signature-input'] = String(headers['signature-input']).replace(' "@target-uri"', '');
      },
    ],
    [
      'another algorithm',
      (headers) => {
        headers['signature-input'] = String(headers['signature-input']).replace('ed25519', 'hmac-sha256');
      },
    ],
    [
      'another label',
      (headers) => {
        headers['signature'] = String(headers['signature']).replace('tacit=', 'other=');
      },
    ],
    [
      'spare bits in the signature',
      (headers) => {
        headers['signature'] = String(headers['signature']).replace(/.==:$/, (end) =>
          end[0] === 'B' ? 'C==:' : 'B==:',
        );
      },
    ],
    [
      'two signatures',
      (headers) => {
        headers['signature'] = [headers['signature'], headers['signature']];
      },
    ],
    [
      'another type',
      (headers) => {
        headers['content-type'] = 'text/plain';
      },
    ],
  ])('one with %s', async (_what, change) => {
    const { headers, body } = await delivered();
    const changed: Record<string, unknown> = { ...headers };
    change(changed);
    expect(refusalOf({ headers: changed as Record<string, string>, body })).toBe('WEBHOOK_MALFORMED');
  });

  test('signed text that is no event', async () => {
    const odd: PartyEvent = Object.assign({}, event, { bids: [1, 2, 3] });
    expect(refusalOf(await delivered(odd))).toBe('EVENT_MALFORMED');
  });
});

test('the check is exported under its name, and is code that browsers and edge workers run', async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: "export { checkDelivery } from 'tacit/webhook';",
      resolveDir: fileURLToPath(new URL('../../client', import.meta.url)),
    },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    logLevel: 'silent',
  });
  expect(outputFiles[0]!.text).not.toMatch(/from "node:|require\(/);
});

describe('the party', () => {
  const tell = () =>
    webhook(receiver.url, 0, { signer: auction.keys.signing, clock }).tell(event, AbortSignal.timeout(2_000));

  test('follows no redirect', async () => {
    for (const status of [301, 302, 307, 308]) {
      receiver.answer = status;
      expect(await tell()).toBe(status);
    }
    expect(receiver.received).toHaveLength(4);
  });

  test('waits for no answer longer than it is let', async () => {
    receiver.answer = 'never';
    const signal = AbortSignal.timeout(50);
    const told = webhook(receiver.url, 0, { signer: auction.keys.signing, clock }).tell(event, signal);
    await expect(told).rejects.toThrow();
  });
});
