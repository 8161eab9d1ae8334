/**
 * How a party signs a delivery to a webhook: which components of the request, with which parameters. Shared by the party,
 * which signs, and `client/webhook.ts`, which checks.
 *
 * Method, address, type and digest of the body are signed, with the time. So a delivery cannot be altered, sent to
 * another receiver, or sent again later than the receiver's bound.
 */

import { type Component, type SignatureParameters, signatureBase, signatureInput } from './http-signature.ts';

export const WEBHOOK_CONTENT_TYPE = 'application/json';

/** Of the signature in `Signature-Input` and `Signature`. */
export const WEBHOOK_LABEL = 'tacit';

const TAG = 'tacit-event';

export interface WebhookRequest {
  /** As the operator configured it. */
  readonly url: string;
  /** Value of its `Content-Digest`. */
  readonly digest: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** Signing key of the party, base64url. */
  readonly signingKey: string;
}

/** One spelling for each address, such as with a slash for the empty path. @throws TypeError where it is none */
export function canonicalUrl(url: string): string {
  return new URL(url).href;
}

export function webhookBase(request: WebhookRequest): Uint8Array {
  return signatureBase(componentsOf(request), parametersOf(request));
}

/** The value of the header `Signature-Input`. */
export function webhookInput(request: WebhookRequest): string {
  const names = componentsOf(request).map(([name]) => name);
  return `${WEBHOOK_LABEL}=${signatureInput(names, parametersOf(request))}`;
}

function componentsOf({ url, digest }: WebhookRequest): readonly Component[] {
  return [
    ['@method', 'POST'],
    ['@target-uri', canonicalUrl(url)],
    ['content-type', WEBHOOK_CONTENT_TYPE],
    ['content-digest', digest],
  ];
}

function parametersOf({ created, signingKey }: WebhookRequest): SignatureParameters {
  return { created, keyId: signingKey, algorithm: 'ed25519', tag: TAG };
}
