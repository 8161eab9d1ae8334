/**
 * Tells events to a webhook: one POST with the event as JSON, signed by the party (`auction/webhook-form.ts`).
 *
 * Against a receiver that is hostile or taken over, and against whoever would have the party ask something inside its
 * network: addresses come from the operator's configuration alone, are https but on loopback, and carry no user name;
 * redirects are not followed, and of the answer nothing but the status is read. The body is public.
 */

import { createHash } from 'node:crypto';
import { contentDigest, toBase64 } from '../auction/http-signature.ts';
import type { PartyEvent } from '../auction/party-event.ts';
import type { Signer } from '../auction/signature.ts';
import {
  canonicalUrl,
  WEBHOOK_CONTENT_TYPE,
  WEBHOOK_LABEL,
  webhookBase,
  webhookInput,
} from '../auction/webhook-form.ts';
import { utf8 } from '../mpc/bytes.ts';
import type { Clock } from '../mpc/clock.ts';
import type { EventDestination } from './events.ts';

/** With all variables of a function in 4 KB there is room for few; who has more puts a bus in front. */
export const MAX_WEBHOOKS = 5;

/** https to anywhere, http to this machine alone; no user name, no password, no fragment. */
export function isWebhookUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** @param position in the configuration, which is what the log calls it by */
export function webhook(
  url: string,
  position: number,
  { signer, clock }: { readonly signer: Signer; readonly clock: Pick<Clock, 'now'> },
): EventDestination {
  const target = canonicalUrl(url);
  return {
    name: `webhook ${position}`,
    id: createHash('sha256').update(`webhook ${target}`).digest('base64url'),
    tell: async (event, signal) => {
      const { headers, body } = deliveryOf(event, target, signer, clock.now());
      const answer = await fetch(target, { method: 'POST', headers, body, redirect: 'manual', signal });
      await answer.body?.cancel();
      return answer.status;
    },
  };
}

/** Signed anew for each try, because receivers refuse what was signed long ago. */
function deliveryOf(event: PartyEvent, url: string, signer: Signer, nowMs: number) {
  const body = utf8(JSON.stringify(event));
  const digest = contentDigest(body);
  const request = { url, digest, created: Math.floor(nowMs / 1000), signingKey: signer.publicKey };
  const signature = toBase64(signer.sign(webhookBase(request)));
  return {
    headers: {
      'content-type': WEBHOOK_CONTENT_TYPE,
      'content-digest': digest,
      'signature-input': webhookInput(request),
      signature: `${WEBHOOK_LABEL}=:${signature}:`,
      'user-agent': 'tacit',
    },
    body,
  };
}
