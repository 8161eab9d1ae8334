/** How far a bid is, in words: for each lot, each operator, and as a whole. */

import { RECEIPTS_NEEDED } from '../auction/receipt.ts';
import { PARTIES, type PartyIndex } from '../mpc/party.ts';
import type { Delivery, DeliveryState } from './bid-session.ts';
import { momentText, type Zone } from './deadline-view.ts';

export interface ProgressCell {
  readonly party: PartyIndex;
  readonly state: DeliveryState['state'];
  readonly sentence: string;
  readonly code: string | undefined;
}

export interface ProgressRow {
  readonly lot: string;
  readonly version: number;
  readonly counts: boolean;
  readonly cells: readonly ProgressCell[];
}

export interface ProgressView {
  readonly rows: readonly ProgressRow[];
  readonly standing: 'sending' | 'complete' | 'counts' | 'does-not-count';
  /** For the screen reader, too. */
  readonly sentence: string;
  /** Operators that something should be sent to again. */
  readonly retry: readonly PartyIndex[];
}

export function progressView(deliveries: readonly Delivery[], zone: Zone): ProgressView {
  const rows = deliveries.map(({ submission: { lot, version }, at }) => ({
    ...{ lot, version },
    counts: at.filter(({ state }) => state === 'received').length >= RECEIPTS_NEEDED,
    cells: PARTIES.map((party) => cellOf(party, at[party], zone)),
  }));
  const cells = rows.flatMap((row) => row.cells);
  const retry = PARTIES.filter((party) =>
    cells.some((cell) => cell.party === party && cell.state === 'failed'),
  );
  const received = cells.filter(({ state }) => state === 'received').length;
  if (cells.some(({ state }) => state === 'sending')) {
    const sentence = `Sending: ${received} of ${cells.length} receipts are there.`;
    return { rows, retry, standing: 'sending', sentence };
  }
  const bids = rows.length === 1 ? 'Your bid counts' : 'Your bids count';
  if (received === cells.length) {
    const sentence = `${bids}. All three operators gave a receipt, and every receipt was checked.`;
    return { rows, retry, standing: 'complete', sentence };
  }
  const lacking = rows.filter(({ counts }) => !counts).map(({ lot }) => lot);
  if (lacking.length === 0) {
    const sentence = `${bids}: two receipts are enough. Send again to have the third as well.`;
    return { rows, retry, standing: 'counts', sentence };
  }
  const sentence =
    rows.length === 1
      ? `Your bid does not count yet: it has ${received} of ${RECEIPTS_NEEDED} needed receipts. Send again before the deadline.`
      : `Lots without two receipts do not count yet: ${lacking.join(', ')}. Send again before the deadline.`;
  return { rows, retry, standing: 'does-not-count', sentence };
}

/** What is worth saying in other words than the operator's: the others say themselves what to do. */
const ADVICE: Readonly<Record<string, string>> = {
  PARTY_UNREACHABLE: 'No answer. Try again.',
  PARTY_BUSY: 'It has too much to do. Try again in a moment.',
  BID_AFTER_DEADLINE: 'Refused: the deadline has passed by its clock.',
  BIDDER_NAME_TAKEN:
    'Refused: another key bids under this name. If it was yours, reload the page and open the file that you saved then. If not, reload it and take another name; and if you were invited under this one, tell the auctioneer.',
  BID_VERSION_REPLAYED:
    'Refused: it has a later bid of yours already. Reload the page and open the file that you saved last.',
};

function cellOf(party: PartyIndex, delivery: DeliveryState, zone: Zone): ProgressCell {
  const { state } = delivery;
  switch (delivery.state) {
    case 'waiting':
      return { party, state, code: undefined, sentence: 'It was not sent yet.' };
    case 'sending':
      return { party, state, code: undefined, sentence: 'The sealed bid is on its way.' };
    case 'received': {
      const at = momentText(delivery.receipt.receivedAt, zone);
      return { party, state, code: undefined, sentence: `Receipt checked: received ${at}.` };
    }
    case 'failed': {
      const { code, detail } = delivery.refusal;
      return { party, state, code, sentence: ADVICE[code] ?? `No receipt: ${detail}.` };
    }
  }
}
