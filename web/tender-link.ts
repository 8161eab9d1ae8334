/**
 * What the page's address says: which tender is looked at, as in `#tender=<id>`, and for an invited bidder the invitation.
 *
 * The fragment is sent to no server. An invitation is taken out of it at once, so that it stays in no history and no
 * screenshot; whoever has it could take the bidder's name.
 */

import { type Invitation, parseInvitation } from '../auction/invitation.ts';
import { isTenderId, type TenderId } from '../auction/tender.ts';

/** Undefined where the text is no id. Spaces around a pasted one do not matter. */
export function parseTenderId(text: string): TenderId | undefined {
  const id = text.trim();
  return isTenderId(id) ? id : undefined;
}

export interface TenderLink {
  readonly tender: TenderId | undefined;
  readonly invitation: Invitation | undefined;
}

/**
 * @param hash of the address, with its `#`
 * @throws AuctionError INVITATION_MALFORMED where it has an invitation that is none
 */
export function linkOfHash(hash: string): TenderLink {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const invitation = fields.has('invitation') ? parseInvitation(hash) : undefined;
  return { tender: invitation?.tender ?? parseTenderId(fields.get('tender') ?? ''), invitation };
}

export function hashOfTender(id: TenderId): string {
  return `#tender=${id}`;
}

/**
 * An id, or a link with one, since bidders paste either.
 * @throws as `linkOfHash`
 */
export function linkOfPasted(text: string): TenderLink {
  const tender = parseTenderId(text);
  const start = text.indexOf('#');
  if (tender !== undefined || start < 0) return { tender, invitation: undefined };
  return linkOfHash(text.slice(start).trim());
}
