/** Shows the outcome once there is one, looks for it in growing pauses until then, and compares a bidder's own file. */

import { checkBidFile } from '../auction/bid-file.ts';
import type { SignedOutcome } from '../auction/outcome.ts';
import type { CheckedTender } from '../auction/tender.ts';
import type { TacitClient } from '../client/tacit-client.ts';
import { byId, checkItem, element, jsonOfFile, setFieldError, setText, setVisible } from './dom.ts';
import { describeFailure } from './errors.ts';
import { fetchOutcome, type OutcomeReport } from './outcome-report.ts';
import { lotResults } from './outcome-view.ts';
import { checkOwnBids } from './own-bids.ts';

/** A thousand pages that look every minute are 17 requests a second to each operator, which takes 50. */
const FIRST_PAUSE_MS = 5_000;
const LAST_PAUSE_MS = 60_000;

export function startOutcomeSection(client: TacitClient, tender: CheckedTender): void {
  let pauseMs = FIRST_PAUSE_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let shown: SignedOutcome | undefined;

  async function look(): Promise<void> {
    clearTimeout(timer);
    const report = await fetchOutcome(client, tender);
    shown = report.outcome;
    showReport(report, tender);
    const settled = report.state === 'refused' || report.outcome?.signatures.length === 3;
    if (settled) return;
    timer = setTimeout(look, pauseMs);
    pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS);
  }

  byId('look-again', HTMLButtonElement).addEventListener('click', look);
  const input = byId('own-file', HTMLInputElement);
  input.addEventListener('change', async () => {
    setFieldError(input, undefined);
    const list = byId('own-checks', HTMLElement);
    list.replaceChildren();
    if (shown === undefined) return;
    try {
      const file = checkBidFile(await jsonOfFile(input), tender);
      list.replaceChildren(...checkOwnBids(file, shown.statement, tender.terms.spec).map(checkItem));
    } catch (error) {
      const { code, detail } = describeFailure(error);
      setFieldError(input, `${detail} (${code})`);
    }
  });
  setVisible(byId('outcome', HTMLElement), true);
  setText(byId('outcome-state', HTMLElement), 'Asking the three operators…');
  void look();
}

function showReport({ state, checks, outcome }: OutcomeReport, { terms: { spec } }: CheckedTender): void {
  const place = byId('outcome-state', HTMLElement);
  const failed = checks.some(({ standing }) => standing === 'failed');
  const signed = outcome?.signatures.length ?? 0;
  const sentences = {
    waiting: 'There is no outcome yet. This page looks again by itself.',
    shown: `Signed by ${signed === 3 ? 'all three' : 'two of the three'} operators.${failed ? ' A check failed: see below.' : ''}`,
    refused: 'There is no outcome that can be relied on.',
  };
  setText(place, sentences[state]);
  const mood = failed ? 'bad' : signed === 3 ? 'good' : '';
  place.className = `state ${mood}`.trim();
  const results = outcome === undefined ? [] : lotResults(outcome.statement, spec);
  byId('results', HTMLElement).replaceChildren(
    ...results.map(({ lot, title, headline, price, detail, winnerKey }) =>
      element(
        'li',
        {},
        element('p', { class: 'lot' }, results.length === 1 ? title : `Lot ${lot}: ${title}`),
        element('p', { class: 'winner' }, headline),
        ...(price === undefined ? [] : [element('p', { class: 'price' }, price)]),
        element('p', { class: 'hint' }, detail),
        ...(winnerKey === undefined
          ? []
          : [element('p', { class: 'hint' }, "Winner's key ", element('code', {}, winnerKey))]),
      ),
    ),
  );
  byId('outcome-checks', HTMLElement).replaceChildren(...checks.map(checkItem));
  setVisible(byId('own', HTMLElement), outcome !== undefined);
}
