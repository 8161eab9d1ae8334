/**
 * Invitations: whoever has the link bids once under the name in it, with a key of its own.
 *
 * The tender lists the name with the public key of the invitation; the link has the name and the secret seed. The
 * bidder's device makes a signing key as ever, and the invitation lets that key in: a signature over tender, name and
 * key, which every bid and withdrawal carries. So a party checks at intake that the link's holder chose the key, and the
 * auctioneer, who made the link, cannot amend, withdraw or forge what another key bids. Which of two keys has the
 * name is decided as in an open tender: the first one with a sound bid (`party/intake.ts`). An auctioneer, or whoever
 * reads the bidder's mail, may use the link first; the bidder then learns it by BIDDER_NAME_TAKEN.
 *
 * A signature that somebody saw is of no use to anybody else: it names the one key. The seed is in the fragment of the
 * link, which browsers send to no server (RFC 3986 section 3.5, RFC 9110 section 4.2.5). It is needed once, for the
 * signature; later bids of the key carry the same one. Runs in a browser.
 *
 * Cost: one signature made in a bidder's life, one checked at each submission.
 */

import * as z from 'zod/mini';
import { fromBase64url, toBase64url } from './canonical.ts';
import { AuctionError } from './errors.ts';
import { bidderNameField, bytesField, parseDocument } from './fields.ts';
import { Secret } from './secret.ts';
import {
  portableSignatures,
  SECRET_KEY_BYTES,
  type Signatures,
  signDocument,
  signerOf,
  verifyDocument,
} from './signature.ts';
import { isTenderId, type TenderId } from './tender.ts';

/** What a link says; prints as `[secret]`. */
export interface Invitation {
  readonly tender: TenderId;
  /** The name to bid under. */
  readonly bidder: string;
  /** 32 bytes; whoever has them takes the name. */
  readonly seed: Uint8Array;
}

class SecretInvitation extends Secret implements Invitation {
  readonly tender: TenderId;
  readonly bidder: string;
  readonly #seed: Uint8Array;
  constructor(tender: TenderId, bidder: string, seed: Uint8Array) {
    super();
    this.tender = tender;
    this.bidder = bidder;
    this.#seed = seed;
  }
  get seed(): Uint8Array {
    return this.#seed;
  }
}

/** Where the auctioneer has no page of its own, links begin with this; programs read what is behind the `#`. */
const WITHOUT_PAGE = 'tacit:bid';

/** Longest link that is read: an address of a page, a name of 128 characters in percent-encoded UTF-8, and the rest. */
const MAX_LINK_LENGTH = 8192;

const linkSchema = z.strictObject({
  tender: z.custom<TenderId>(isTenderId, 'must be the id of a tender'),
  bidder: bidderNameField,
  invitation: bytesField(SECRET_KEY_BYTES),
});

/** @param seed 32 bytes */
export function invitationTo(tender: TenderId, bidder: string, seed: Uint8Array): Invitation {
  return new SecretInvitation(tender, bidder, seed);
}

/**
 * The public key that the tender lists.
 * @param seed 32 uniformly random bytes
 * @throws AuctionError KEY_MALFORMED
 */
export function invitationKeyOf(seed: Uint8Array, signatures: Signatures = portableSignatures): string {
  return signerOf(seed, signatures).publicKey;
}

/**
 * The link for one bidder. The seed stands last, and the name without any character that ends a link in running text,
 * so that a mail program which makes links out of text cuts nothing off.
 * @param page address of the page that bidders use, without a fragment
 */
export function invitationLink({ tender, bidder, seed }: Invitation, page: string = WITHOUT_PAGE): string {
  const name = encodeURIComponent(bidder).replaceAll(
    /[!'()*.~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${page}#tender=${tender}&bidder=${name}&invitation=${toBase64url(seed)}`;
}

/**
 * What a link says, whatever page it leads to; also of its fragment alone. Line breaks that a mail put into it do not
 * matter. Whether the tender knows the invitation is `checkEligibility`'s question.
 * @throws AuctionError INVITATION_MALFORMED, which never repeats any of it
 */
export function parseInvitation(link: string): Invitation {
  const text = link.replaceAll(/\s+/g, '');
  if (text.length > MAX_LINK_LENGTH || !text.includes('#')) {
    throw new AuctionError(
      'INVITATION_MALFORMED',
      'the text is no link of an invitation: it has no part behind a #',
    );
  }
  const fields = new URLSearchParams(text.slice(text.indexOf('#') + 1));
  const fragment = Object.fromEntries(
    ['tender', 'bidder', 'invitation'].map((name) => [name, fields.get(name) ?? undefined]),
  );
  const said = parseDocument(linkSchema, fragment, 'INVITATION_MALFORMED', 'link of the invitation');
  return invitationTo(said.tender, said.bidder, fromBase64url(said.invitation));
}

/**
 * Lets a key in: the field `invitation` of every bid and withdrawal under this name and key.
 * @param bidderKey Ed25519, base64url
 * @throws AuctionError KEY_MALFORMED
 */
export function inviteKey(
  { tender, bidder, seed }: Invitation,
  bidderKey: string,
  signatures: Signatures = portableSignatures,
): string {
  return signDocument('invitation', { tender, bidder, bidderKey }, signerOf(seed, signatures));
}

export interface InvitedKey {
  /** Id of the tender. */
  readonly tender: string;
  readonly bidder: string;
  /** Ed25519, base64url. */
  readonly bidderKey: string;
}

/**
 * Whether the holder of the invitation let this key in.
 * @param invitationKey of the tender's list, base64url
 * @param signature base64url, 64 bytes
 */
export function isInvited(
  { tender, bidder, bidderKey }: InvitedKey,
  invitationKey: string,
  signature: string,
  signatures: Signatures = portableSignatures,
): boolean {
  return verifyDocument('invitation', { tender, bidder, bidderKey }, invitationKey, signature, signatures);
}
