/**
 * For receivers of a party's webhooks: whether a delivery is the party's, is for this receiver, and is of now.
 *
 * Against whoever can reach the receiver's address: without the party's key no delivery checks, one that is altered or
 * was made for another address does not, and one that is sent again is refused after five minutes. Within them, and
 * because parties deliver at least once, the same event may come again: remember the ids of events. What is delivered is
 * one party's word; the outcome in it carries the signatures to check (`checkOutcome`).
 *
 * Needs nothing of Node. RFC 9421 allows signatures in many forms; parties write one, and no other is taken.
 */

import { fromBase64url } from '../auction/canonical.ts';
import { AuctionError } from '../auction/errors.ts';
import { contentDigest, toBase64 } from '../auction/http-signature.ts';
import { type PartyEvent, parsePartyEvent } from '../auction/party-event.ts';
import { portableSignatures, type Signatures } from '../auction/signature.ts';
import { WEBHOOK_CONTENT_TYPE, WEBHOOK_LABEL, webhookBase, webhookInput } from '../auction/webhook-form.ts';

export type { AbortedEvent, ClearedEvent, PartyEvent } from '../auction/party-event.ts';

/** For the way, and for two clocks that are not set well. */
export const MAX_DELIVERY_AGE_SECONDS = 300;

/** As `fetch` has them, or as Node's server does: names in lower case. */
export type DeliveryHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Delivery {
  readonly headers: DeliveryHeaders;
  /** As it came, not parsed. */
  readonly body: Uint8Array;
}

export interface DeliveryContext {
  /** The receiver's own address, as the operator of the party configured it. */
  readonly url: string;
  /** Of the parties whose deliveries are taken, base64url: from the tender or the consortium document. */
  readonly signingKeys: readonly string[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly signatures?: Signatures;
}

const INPUT = new RegExp(
  `^${WEBHOOK_LABEL}=\\([^()]{1,200}\\);created=(\\d{1,12});keyid="([A-Za-z0-9_-]{43})";[a-z0-9="; -]{1,60}$`,
);
const SIGNATURE = new RegExp(`^${WEBHOOK_LABEL}=:([A-Za-z0-9+/]{86}==):$`);

/**
 * @throws AuctionError WEBHOOK_MALFORMED, WEBHOOK_SIGNER_UNKNOWN, WEBHOOK_EXPIRED, WEBHOOK_DIGEST, WEBHOOK_SIGNATURE,
 *   EVENT_MALFORMED, EVENT_OTHER_PARTY
 */
export function checkDelivery({ headers, body }: Delivery, context: DeliveryContext): PartyEvent {
  const [, created = '', signingKey = ''] = INPUT.exec(headerOf(headers, 'signature-input')) ?? [];
  const [, signature = ''] = SIGNATURE.exec(headerOf(headers, 'signature')) ?? [];
  const digest = headerOf(headers, 'content-digest');
  const request = { url: context.url, digest, created: Number(created), signingKey };
  if (created === '' || signature === '' || headerOf(headers, 'signature-input') !== webhookInput(request)) {
    throw malformed('its signature does not have the documented form');
  }
  if (headerOf(headers, 'content-type') !== WEBHOOK_CONTENT_TYPE) {
    throw malformed(`its type is not ${WEBHOOK_CONTENT_TYPE}`);
  }
  if (!context.signingKeys.includes(signingKey)) {
    throw new AuctionError('WEBHOOK_SIGNER_UNKNOWN', 'the delivery is signed by a key that was not given');
  }
  if (Math.abs(context.nowMs / 1000 - request.created) > MAX_DELIVERY_AGE_SECONDS) {
    throw new AuctionError(
      'WEBHOOK_EXPIRED',
      `the delivery was not signed within ${MAX_DELIVERY_AGE_SECONDS} s of now`,
    );
  }
  if (digest !== contentDigest(body)) {
    throw new AuctionError('WEBHOOK_DIGEST', 'the body is not the one that was signed');
  }
  const { verify } = context.signatures ?? portableSignatures;
  if (!verify(fromBase64url(signingKey), webhookBase(request), bytesOf(signature))) {
    throw new AuctionError('WEBHOOK_SIGNATURE', 'the signature is not of this delivery to this address');
  }
  const event = parsePartyEvent(jsonOf(body));
  if (event.signingKey !== signingKey) {
    throw new AuctionError('EVENT_OTHER_PARTY', 'the event is of another party than the one that signed it');
  }
  return event;
}

/** Of several values of one name none is taken. */
function headerOf(headers: DeliveryHeaders, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  return typeof value === 'string' ? value : '';
}

/** In the one spelling whose spare bits are zero. @throws AuctionError WEBHOOK_MALFORMED */
function bytesOf(base64: string): Uint8Array {
  try {
    const bytes = fromBase64url(base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''));
    if (toBase64(bytes) === base64) return bytes;
  } catch {
    // Said below.
  }
  throw malformed('its signature is not base64');
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new AuctionError('EVENT_MALFORMED', 'event: is not JSON', {}, { cause });
  }
}

function malformed(what: string): AuctionError {
  return new AuctionError('WEBHOOK_MALFORMED', `the delivery is not to be believed: ${what}`);
}
