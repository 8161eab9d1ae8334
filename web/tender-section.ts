/** Shows a tender: what it is, when it closes, its rules, and the three operators with their keys. */

import type { CheckedTender } from '../auction/tender.ts';
import { PARTIES } from '../mpc/party.ts';
import { deadlineView, type Zone } from './deadline-view.ts';
import { byId, checkItem, element, setText, setVisible } from './dom.ts';
import type { PageConfig } from './page-config.ts';
import { type PartyCheck, type TenderFindings, type TenderState, tenderState } from './party-checks.ts';
import { tenderView } from './tender-view.ts';

export function showTender(tender: CheckedTender, config: PageConfig): void {
  const { title, kind, facts, lots } = tenderView(tender.terms.spec);
  document.title = `${title} – sealed bids`;
  setText(byId('title', HTMLElement), title);
  setText(byId('kind', HTMLElement), kind);
  setText(byId('id', HTMLElement), tender.id);
  byId('facts', HTMLElement).replaceChildren(
    ...facts.map(({ term, text }) => element('div', {}, element('dt', {}, term), element('dd', {}, text))),
  );
  setVisible(byId('lots', HTMLElement), lots.length > 0);
  byId('lot-list', HTMLElement).replaceChildren(
    ...lots.map((lot) => element('li', {}, element('strong', {}, lot.id), `: ${lot.title}`)),
  );
  setText(byId('consortium', HTMLElement), consortiumSentence(config));
  for (const id of ['tender', 'rules', 'about']) setVisible(byId(id, HTMLElement), true);
  setVisible(byId('no-deadline', HTMLElement), tender.terms.closesAt === undefined);
}

function consortiumSentence({ consortium }: PageConfig): string {
  const trust = 'At most one of them may be corrupt: any two together could open every bid.';
  return consortium === undefined
    ? `${trust} This page was given no list of their keys: compare the keys below, which the tender names, with those that the operators publish.`
    : `${trust} The tender names the keys of the consortium with the fingerprint ${consortium.fingerprint}. Compare it with the one that each operator publishes.`;
}

/** The operators, each with what it says of this tender. */
export function showOperators(findings: TenderFindings, config: PageConfig): void {
  const parties = findings.tender?.signed.tender.parties;
  byId('operators', HTMLElement).replaceChildren(
    ...PARTIES.map((party) => {
      const check = findings.checks[party];
      const keys = parties?.[party];
      return element(
        'li',
        {},
        element('h3', {}, operatorName(config, party)),
        element('p', { class: 'hint' }, config.urls[party]),
        ...(keys === undefined
          ? []
          : [
              element('p', {}, 'Signs with ', element('code', {}, keys.signingKey)),
              element('p', {}, 'Bids are sealed to ', element('code', {}, keys.sealingKey)),
            ]),
        ...(check === undefined ? [] : [element('ul', { class: 'checks' }, operatorItem(check))]),
      );
    }),
  );
}

export function operatorName({ consortium }: Pick<PageConfig, 'consortium'>, party: 0 | 1 | 2): string {
  const name = consortium?.operators[party].operator;
  return name === undefined ? `Operator ${party}` : `${name} (operator ${party})`;
}

function operatorItem({ standing, sentence, code }: PartyCheck): HTMLElement {
  const of = { agrees: 'passed', differs: 'failed', silent: 'open' } as const;
  return checkItem({ standing: of[standing], sentence, ...(code === undefined ? {} : { code }) });
}

/** What the eye needs first: the state, and any operator that tells something else. */
export function showState(findings: TenderFindings, closesAt: number | undefined, now: number): TenderState {
  const state = tenderState(findings.checks, closesAt, now);
  const place = byId('state', HTMLElement);
  const differing = findings.checks.filter(({ standing }) => standing === 'differs');
  const warnings = differing.map(
    ({ party, code }) => ` Operator ${party} does not tell the same as the others (${code}): see below.`,
  );
  setText(place, state.sentence + warnings.join(''));
  const mood = differing.length > 0 ? 'bad' : state.state === 'open' ? 'good' : '';
  place.className = `state ${mood}`.trim();
  // One that the auctioneer closed early has no time left, whatever its deadline.
  setVisible(byId('clock', HTMLElement), state.state === 'open');
  return state;
}

/** Called every second. */
export function showDeadline(closesAt: number, now: number, zone: Zone): void {
  const { local, utc, left, urgency } = deadlineView(closesAt, now, zone);
  setVisible(byId('deadline', HTMLElement), true);
  setText(byId('closes-local', HTMLElement), local);
  setText(byId('closes-utc', HTMLElement), utc);
  const place = byId('left', HTMLElement);
  setText(place, left === '' ? 'None' : left);
  place.dataset['urgency'] = urgency;
}
