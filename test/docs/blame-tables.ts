/** The tables of docs/blame.md, from the rules of blame and the kinds of evidence in the sources. */

import { AUCTION_ERRORS } from '../../auction/errors.ts';
import { FAULTS } from '../../auction/evidence-document.ts';
import { abortCodes, type BlameRule, blameRule } from '../../auction/party/blame-codes.ts';
import { MPC_ERROR_CODES } from '../../mpc/errors.ts';
import { markdownTable } from './markdown-table.ts';

const SUSPECTED = {
  named: 'suspected: the party named',
  peers: 'suspected: both peers',
  nobody: 'nobody',
} as const satisfies Readonly<Record<BlameRule['otherwise'], string>>;

export function blameTable(): string {
  return markdownTable(
    ['code', 'proven by', 'otherwise', 'why no more than that'],
    abortCodes().map((code) => {
      const { provenBy, otherwise, reason } = blameRule(code);
      return [`\`${code}\``, proofs(provenBy), SUSPECTED[otherwise], reason];
    }),
  );
}

/** Every code that the table leaves out, so that a new one is thought about. */
export function otherCodes(): string {
  const known = new Set<string>(abortCodes());
  const others = [...Object.keys(AUCTION_ERRORS), ...Object.keys(MPC_ERROR_CODES)].filter(
    (code) => !known.has(code),
  );
  return others.map((code) => `\`${code}\``).join(', ');
}

export function faultTable(): string {
  return markdownTable(
    ['fault', 'what the party did'],
    Object.entries(FAULTS).map(([fault, sentence]) => [`\`${fault}\``, `It ${sentence}.`]),
  );
}

function proofs(provenBy: BlameRule['provenBy']): string {
  if (provenBy === undefined) return 'nothing is sought';
  return provenBy.length === 0
    ? 'a fault seen elsewhere in the run'
    : provenBy.map((fault) => `\`${fault}\``).join(', ');
}
