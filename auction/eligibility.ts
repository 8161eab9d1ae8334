/**
 * Who may bid: anybody, or whom the tender lists by key or invites by link.
 *
 * Everything is in the tender and in the submission, so parties, bidders and auditors answer alike, and what is
 * refused here is never stored, listed or passed on by an honest party.
 */

import { AuctionError } from './errors.ts';
import { isInvited } from './invitation.ts';
import { portableSignatures, type Signatures } from './signature.ts';
import type { SubmissionFacts } from './submission.ts';
import type { TenderTerms } from './tender.ts';

/**
 * An invitation where none is asked for is an error, too: it would be signed and stored, and nobody would read it.
 * @throws AuctionError BIDDER_NOT_ELIGIBLE, BIDDER_INVITATION_MISSING, BIDDER_INVITATION, BIDDER_NOT_INVITED;
 *   facts {bidder}
 */
export function checkEligibility(
  submission: SubmissionFacts,
  terms: TenderTerms,
  signatures: Signatures = portableSignatures,
): void {
  const { bidder, invitation } = submission;
  if (!mayBeEligible(submission, terms)) {
    throw new AuctionError('BIDDER_NOT_ELIGIBLE', 'the tender does not list this bidder with this key', {
      bidder,
    });
  }
  const invitationKey = terms.spec.bidders?.find(({ name }) => name === bidder)?.invitation;
  if (invitationKey === undefined) {
    if (invitation === undefined) return;
    throw new AuctionError('BIDDER_NOT_INVITED', 'the tender asks this bidder for no invitation', { bidder });
  }
  if (invitation === undefined) {
    throw new AuctionError(
      'BIDDER_INVITATION_MISSING',
      'the tender invites this bidder: bid with the link that the auctioneer sent',
      { bidder },
    );
  }
  if (isInvited(submission, invitationKey, invitation, signatures)) return;
  throw new AuctionError(
    'BIDDER_INVITATION',
    'the invitation was not made with the link for this tender, name and key',
    { bidder },
  );
}

/** As far as name and key alone tell: any key may have been let in under an invited name. */
export function mayBeEligible(
  { bidder, bidderKey }: Pick<SubmissionFacts, 'bidder' | 'bidderKey'>,
  { spec: { bidders } }: TenderTerms,
): boolean {
  if (bidders === undefined) return true;
  const entry = bidders.find(({ name }) => name === bidder);
  return entry !== undefined && (entry.publicKey === undefined || entry.publicKey === bidderKey);
}
