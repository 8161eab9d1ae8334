/** The form for a bid: fields with their messages, the review, and sealing. What happens then is in `progress-section.ts`. */

import { checkBidFile, parseKeyFile, tenderOfBidFile } from '../auction/bid-file.ts';
import type { CheckedTender } from '../auction/tender.ts';
import { type BidLine, type CheckedBid, checkTypedBid, type FieldProblem } from './bid-form.ts';
import type { BidSession } from './bid-session.ts';
import { byId, element, jsonOfFile, setFieldError, setText, setVisible } from './dom.ts';
import { describeFailure } from './errors.ts';

export interface BidSection {
  readonly session: BidSession;
  readonly tender: CheckedTender;
  /** Shows what the session has and sends what it lacks. */
  deliver(): Promise<void>;
  /** Shows what the session has. */
  refresh(): void;
}

export function startBidSection(section: BidSection): void {
  const { tender, session } = section;
  const bidder = byId('bidder', HTMLInputElement);
  const amounts = amountFields(tender);
  const keyFile = byId('key-file', HTMLInputElement);
  if (session.invited !== undefined) {
    bidder.value = session.invited;
    bidder.readOnly = true;
  }
  byId('continue', HTMLDetailsElement).open =
    tender.terms.spec.bidders !== undefined && session.invited === undefined;
  const inputs = () => [bidder, ...amounts.values(), keyFile];
  let checked: CheckedBid | undefined;

  byId('bid-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    const typed = new Map([...amounts].map(([lot, input]) => [lot, input.value]));
    checked = checkTypedBid(
      {
        bidder: bidder.value,
        amounts: typed,
        publicKey: session.publicKey,
        invited: session.invited,
      },
      tender.terms,
    );
    showProblems(checked.problems, inputs(), (problem) => inputOf(problem, bidder, amounts, keyFile));
    if (checked.problems.length > 0) {
      setVisible(byId('review', HTMLElement), false);
      byId('bid-errors', HTMLElement).focus();
      return;
    }
    if (!('lines' in checked)) return;
    showReview(checked.bidder, checked.lines);
  });

  let sealing = false;
  byId('send', HTMLButtonElement).addEventListener('click', async () => {
    if (sealing || checked === undefined || !('lines' in checked)) return;
    sealing = true;
    try {
      await session.seal(checked.bidder, checked.lines);
      setVisible(byId('review', HTMLElement), false);
      bidder.readOnly = true;
      keyFile.disabled = true;
    } catch (error) {
      const { code, detail } = describeFailure(error);
      showSummary([`${detail} (${code})`]);
      return;
    } finally {
      sealing = false;
    }
    await section.deliver();
  });

  byId('change', HTMLButtonElement).addEventListener('click', () => {
    setVisible(byId('review', HTMLElement), false);
    bidder.readOnly ? [...amounts.values()][0]?.focus() : bidder.focus();
  });

  keyFile.addEventListener('change', async () => {
    setFieldError(keyFile, undefined);
    setText(byId('key-file-state', HTMLElement), '');
    try {
      const said = useFile(await jsonOfFile(keyFile), section);
      setText(byId('key-file-state', HTMLElement), said);
      if (session.bidder !== undefined) {
        bidder.value = session.bidder;
        bidder.readOnly = true;
        section.refresh();
      }
    } catch (error) {
      const { code, detail } = describeFailure(error);
      setFieldError(keyFile, `${detail} (${code})`);
    }
  });
  setVisible(byId('bid', HTMLElement), true);
}

/** @returns what was done with it @throws AuctionError */
function useFile(json: unknown, { session, tender }: BidSection): string {
  if (tenderOfBidFile(json) === undefined) {
    session.useKey(parseKeyFile(json));
    return 'Your bids will be signed with this key.';
  }
  session.restore(checkBidFile(json, tender));
  return 'Your earlier bids are below. An amount that you enter now takes the place of the one you bid on that lot before.';
}

function amountFields({ terms }: CheckedTender): ReadonlyMap<string, HTMLInputElement> {
  const { lots, currency, decimals } = terms.spec;
  const fields = new Map<string, HTMLInputElement>();
  const hint = `Such as ${decimals === 0 ? '1250' : `1250.${'5'.padEnd(decimals, '0')}`}, without spaces.`;
  const made = lots.map(({ id, title }, index) => {
    const name = `amount-${index}`;
    const input = document.createElement('input');
    input.id = name;
    input.inputMode = 'decimal';
    input.spellcheck = false;
    input.setAttribute('aria-describedby', `${name}-hint ${name}-error`);
    fields.set(id, input);
    const label = lots.length === 1 ? `Amount in ${currency}` : `Lot ${id}: ${title}`;
    const note = lots.length === 1 ? hint : `Amount in ${currency}. ${hint} Empty where you do not bid.`;
    return element(
      'div',
      { class: 'field' },
      element('label', { for: name }, label),
      element('p', { class: 'hint', id: `${name}-hint` }, note),
      element('div', { class: 'amount' }, input, element('span', { 'aria-hidden': 'true' }, currency)),
      element('p', { class: 'error', id: `${name}-error`, hidden: '' }),
    );
  });
  byId('amounts', HTMLElement).replaceChildren(...made);
  return fields;
}

function inputOf(
  { field }: FieldProblem,
  bidder: HTMLInputElement,
  amounts: ReadonlyMap<string, HTMLInputElement>,
  keyFile: HTMLInputElement,
): HTMLInputElement {
  if (field === 'bidder') return bidder;
  if (field === 'key') {
    byId('continue', HTMLDetailsElement).open = true;
    return keyFile;
  }
  return amounts.get(field.lot) ?? bidder;
}

/** A message beside each field, and all of them at the top with links to the fields. */
function showProblems(
  problems: readonly FieldProblem[],
  inputs: readonly HTMLInputElement[],
  inputFor: (problem: FieldProblem) => HTMLInputElement,
): void {
  for (const input of inputs) setFieldError(input, undefined);
  const links = problems.map((problem) => {
    const input = inputFor(problem);
    setFieldError(input, problem.sentence);
    const label = input.labels?.[0]?.textContent ?? '';
    const link = element('a', { href: `#${input.id}` }, `${label}: ${problem.sentence}`);
    link.addEventListener('click', (event) => {
      // The page's address names the tender and nothing else.
      event.preventDefault();
      input.focus();
    });
    return link;
  });
  showSummary(links);
}

function showSummary(items: readonly (Node | string)[]): void {
  const summary = byId('bid-errors', HTMLElement);
  const list = element('ul', {}, ...items.map((item) => element('li', {}, item)));
  summary.replaceChildren(...(items.length === 0 ? [] : [element('p', {}, 'Not sealed yet:'), list]));
  setVisible(summary, items.length > 0);
}

function showReview(bidder: string, lines: readonly BidLine[]): void {
  const row = (term: string, ...text: readonly (Node | string)[]) =>
    element('div', {}, element('dt', {}, term), element('dd', {}, ...text));
  byId('review-lines', HTMLElement).replaceChildren(
    row('Bidder', bidder),
    ...lines.map(({ lot, title, text, warning }) =>
      row(
        lines.length === 1 && title.length > 0 ? title : `Lot ${lot}: ${title}`,
        text,
        ...(warning === undefined ? [] : [element('span', { class: 'remark' }, warning)]),
      ),
    ),
  );
  setVisible(byId('review', HTMLElement), true);
  byId('review-heading', HTMLElement).focus();
}
