/**
 * The closing view: one hash of the three signed lists as a party saw them.
 *
 * Each party signs its view, so a party that shows its peers different lists is noticed, and so whoever has the
 * lists can hold a party to what it said it saw.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { frame } from '../mpc/bytes.ts';
import { canonicalBytes, PROTOCOL, toBase64url } from './canonical.ts';
import type { ClosingLists } from './closing-set.ts';

/**
 * base64url SHA-256, 43 characters.
 * @param lists of parties 0, 1 and 2
 */
export function closingView(lists: ClosingLists): string {
  return toBase64url(sha256(frame(PROTOCOL, 'closing-view', canonicalBytes(lists))));
}
