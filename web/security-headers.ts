/**
 * The headers that the page is served with, on this machine and by CloudFront: one list for both.
 *
 * Against a script that gets into the page, or a page that frames it: code and style come from the page's own address
 * alone, connections go to the three operators and to `config.json` beside the page, forms go nowhere, nothing is framed.
 * They bind the browser; whoever serves the page can leave them out, and change the page as well.
 */

import type { PartyUrls } from './page-config.ts';

/** Two years, as the lists of such sites ask for. */
export const HSTS_SECONDS = 63_072_000;

/** What no page here has any use for. */
const SWITCHED_OFF = [
  'accelerometer',
  'autoplay',
  'camera',
  'clipboard-read',
  'display-capture',
  'geolocation',
  'gyroscope',
  'microphone',
  'midi',
  'payment',
  'publickey-credentials-get',
  'usb',
];

export const PERMISSIONS_POLICY = SWITCHED_OFF.map((feature) => `${feature}=()`).join(', ');

/** @param urls undefined where the operators' addresses are typed in: then any https address may be asked */
export function contentSecurityPolicy(urls: PartyUrls | undefined): string {
  const parties = urls === undefined ? ['https:'] : urls.map((url) => new URL(url).origin);
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src 'self' ${[...new Set(parties)].join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
}

/** Beside the policy, and beside HSTS, which means something over TLS alone. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': PERMISSIONS_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};
