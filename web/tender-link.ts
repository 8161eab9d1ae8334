/** The one thing that the page's address says: which tender is looked at, as in `#tender=<id>`. */

import type { TenderId } from '../auction/tender.ts';

/** Undefined where the text is no id. Spaces around a pasted one do not matter. */
export function parseTenderId(text: string): TenderId | undefined {
  const id = text.trim();
  return isTenderId(id) ? id : undefined;
}

/** @param hash of the address, with its `#` */
export function tenderOfHash(hash: string): TenderId | undefined {
  return parseTenderId(new URLSearchParams(hash.replace(/^#/, '')).get('tender') ?? '');
}

export function hashOfTender(id: TenderId): string {
  return `#tender=${id}`;
}

/** An id out of an address or out of plain text, since bidders paste either. */
export function tenderOfPasted(text: string): TenderId | undefined {
  return parseTenderId(text) ?? tenderOfHash(text.slice(text.indexOf('#')));
}

function isTenderId(text: string): text is TenderId {
  return /^[A-Za-z0-9_-]{43}$/.test(text);
}
