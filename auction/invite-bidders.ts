/**
 * From what an auctioneer writes, `{"name": "Cairn & Sons", "invite": true}`, to what a tender lists: the public key
 * of a new invitation, whose secret seed goes into the link for that bidder alone.
 *
 * Whoever has a seed can take the bidder's name, so the seeds leave here apart from the specification. Runs in a
 * browser.
 */

import * as z from 'zod/mini';
import { type Invitation, invitationKeyOf, invitationTo, inviteKey } from './invitation.ts';
import { portableSignatures, SECRET_KEY_BYTES, type Signatures, signerOf } from './signature.ts';
import type { TenderId } from './tender.ts';
import { parseTenderSpec, type TenderSpec } from './tender-spec.ts';

export interface InvitingSpec {
  readonly spec: TenderSpec;
  /** Names of those whose invitations were made here, in the order of the list. */
  readonly invited: readonly string[];
  /** Of the invitations made, once the tender has its id; in the same order. */
  invitations(tender: TenderId): readonly Invitation[];
}

/** Anything else is left for the schema of the specification to refuse. */
const inviteSchema = z.strictObject({ name: z.string(), invite: z.literal(true) });
const invitingSchema = z.looseObject({ bidders: z.array(z.unknown()) });

/**
 * The specification with its defaults filled in, and an invitation for each bidder that is to get one.
 * @param random cryptographic; as many bytes as asked for
 * @throws as `parseTenderSpec`
 */
export function inviteBidders(
  written: unknown,
  random: (bytes: number) => Uint8Array,
  signatures: Signatures = portableSignatures,
): InvitingSpec {
  const seeds = new Map<string, Uint8Array>();
  const entryOf = (entry: unknown): unknown => {
    const invite = z.safeParse(inviteSchema, entry);
    if (!invite.success) return entry;
    const { name } = invite.data;
    const seed = random(SECRET_KEY_BYTES);
    seeds.set(name, seed);
    return { name, invitation: invitationKeyOf(seed, signatures) };
  };
  const inviting = z.safeParse(invitingSchema, written);
  const spec = parseTenderSpec(
    inviting.success ? { ...inviting.data, bidders: inviting.data.bidders.map(entryOf) } : written,
  );
  const invitations = (tender: TenderId) =>
    [...seeds].map(([bidder, seed]) => invitationTo(tender, bidder, seed));
  return { spec, invited: [...seeds.keys()], invitations };
}

/**
 * The field `invitation` of a submission, for whoever plays bidders; undefined for a bidder who is not among them.
 * @param bidderSecretKey 32-byte seed of the bidder's own key
 */
export function invitationFor(
  invitations: readonly Invitation[],
  bidder: string,
  bidderSecretKey: Uint8Array,
  signatures: Signatures = portableSignatures,
): string | undefined {
  const own = invitations.find((invitation) => invitation.bidder === bidder);
  return own && inviteKey(own, signerOf(bidderSecretKey, signatures).publicKey, signatures);
}
