/**
 * Evidence: documents that prove, to anybody who has the tender, that one party broke the protocol.
 *
 * Everything in it is signed by the accused party, or is fixed by a hash that it signed; nothing rests on the
 * word of the accuser, of a peer or of whoever carried a message. Each kind of fault is something that a party
 * which runs this program never signs, whatever its peers, the network and the bidders do, so an honest party
 * cannot be framed unless its key or its tables leave its hands. What is no evidence, and why: docs/blame.md.
 *
 * Verification needs the signed tender alone and runs in a browser.
 */

import type { PartyIndex } from '../mpc/party.ts';
import { AuctionError } from './errors.ts';
import { type Evidence, evidenceSchema, FAULTS, type Fault } from './evidence-document.ts';
import { particularsOf } from './evidence-faults.ts';
import { parseDocument } from './fields.ts';
import { portableSignatures, type Signatures } from './signature.ts';
import type { CheckedTender } from './tender.ts';

export interface Verdict {
  readonly party: PartyIndex;
  readonly fault: Fault;
  /** For people: who did what, with the particulars; public facts only. */
  readonly sentence: string;
}

/**
 * @param json evidence from anywhere
 * @param tender as `checkTender` gave it
 * @returns who is at fault and why
 * @throws AuctionError EVIDENCE_MALFORMED, EVIDENCE_OTHER_TENDER, EVIDENCE_SIGNATURE, EVIDENCE_PROVES_NOTHING
 */
export function checkEvidence(
  json: unknown,
  tender: CheckedTender,
  signatures: Signatures = portableSignatures,
): Verdict {
  const evidence = parseDocument(evidenceSchema, json, 'EVIDENCE_MALFORMED', 'evidence');
  if (evidence.tender !== tender.id) {
    throw new AuctionError('EVIDENCE_OTHER_TENDER', 'the evidence is about another tender');
  }
  const { party, fault } = evidence;
  const particulars = checkedParticulars(evidence, tender, signatures);
  if (particulars === undefined) {
    const detail = `the documents do not show that party ${party} ${FAULTS[fault]}`;
    throw new AuctionError('EVIDENCE_PROVES_NOTHING', detail, { party, fault });
  }
  return { party, fault, sentence: `Party ${party} ${FAULTS[fault]}: ${particulars}.` };
}

/** Documents that another check refuses prove nothing; values without a canonical form (RFC 8785) are none. */
function checkedParticulars(
  evidence: Evidence,
  tender: CheckedTender,
  signatures: Signatures,
): string | undefined {
  const facts = { party: evidence.party, fault: evidence.fault };
  try {
    return particularsOf(evidence, { tender, party: evidence.party, signatures });
  } catch (cause) {
    if (cause instanceof AuctionError && cause.code !== 'TEXT_MALFORMED') {
      if (cause.code.startsWith('EVIDENCE_')) throw cause;
      const detail = `the documents do not stand by themselves: ${cause.detail}`;
      throw new AuctionError('EVIDENCE_PROVES_NOTHING', detail, facts, { cause });
    }
    throw new AuctionError('EVIDENCE_MALFORMED', 'a document has no canonical form', facts, { cause });
  }
}
