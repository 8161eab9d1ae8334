/** Sending, operator by operator, with what to press where one failed; and the file that the bidder keeps. */

import type { BidSession } from './bid-session.ts';
import type { Zone } from './deadline-view.ts';
import { byId, download, element, setText, setVisible } from './dom.ts';
import type { PageConfig } from './page-config.ts';
import { type ProgressRow, progressView } from './progress-view.ts';
import { operatorName } from './tender-section.ts';

export interface ProgressSection {
  deliver(): Promise<void>;
  refresh(): void;
}

const MARKS = { waiting: 'open', sending: 'open', received: 'passed', failed: 'failed' } as const;
const WORDS = { waiting: 'Waiting', sending: 'Sending', received: 'Received', failed: 'Failed' } as const;
const MOODS = { sending: '', complete: 'good', counts: 'warn', 'does-not-count': 'bad' } as const;

export function startProgressSection(session: BidSession, config: PageConfig, zone: Zone): ProgressSection {
  const section = byId('progress', HTMLElement);
  const name = (party: 0 | 1 | 2) => operatorName(config, party);

  function refresh(): void {
    if (!session.started) return;
    const view = progressView(session.deliveries, zone);
    const place = byId('progress-state', HTMLElement);
    setText(place, view.sentence);
    place.className = `state ${MOODS[view.standing]}`.trim();
    byId('deliveries', HTMLElement).replaceChildren(
      ...view.rows.flatMap((row) => rowElements(row, view.rows.length > 1, name)),
    );
    showRetries(view.retry, view.standing === 'does-not-count' || view.retry.length > 1);
    setVisible(section, true);
    showSaving();
  }

  function showRetries(parties: readonly (0 | 1 | 2)[], all: boolean): void {
    const row = byId('retry', HTMLElement);
    const wanted = [...(all ? ['all'] : []), ...parties.map(String)].join();
    if (row.dataset['shown'] === wanted) return;
    row.dataset['shown'] = wanted;
    const button = (label: string, kind: string, only?: 0 | 1 | 2) => {
      const made = element('button', { type: 'button', class: kind }, label);
      made.addEventListener('click', () => {
        byId('progress-heading', HTMLElement).focus();
        return session.send(refresh, only);
      });
      return made;
    };
    row.replaceChildren(
      ...(all ? [button('Send again', '')] : []),
      ...parties.map((party) => button(`Try ${name(party)} again`, 'quiet', party)),
    );
  }

  function showSaving(): void {
    const said = session.unsaved ? 'Not saved yet. If you close the page now, it is lost.' : 'Saved.';
    setText(byId('save-state', HTMLElement), said);
  }

  byId('save', HTMLButtonElement).addEventListener('click', () => {
    const file = session.file();
    download(`tacit-bid-${file.tender.slice(0, 8)}.json`, `${JSON.stringify(file, undefined, 2)}\n`);
    session.markSaved();
    showSaving();
  });
  window.addEventListener('beforeunload', (event) => {
    if (session.unsaved) event.preventDefault();
  });

  return {
    refresh,
    async deliver() {
      refresh();
      byId('progress-heading', HTMLElement).focus();
      await session.send(refresh);
    },
  };
}

function rowElements(
  { lot, version, cells }: ProgressRow,
  several: boolean,
  name: (party: 0 | 1 | 2) => string,
): readonly HTMLElement[] {
  const amended = version > 1 ? ` (version ${version})` : '';
  const heading = several || version > 1 ? [element('h4', {}, `Lot ${lot}${amended}`)] : [];
  const list = element(
    'ul',
    { class: 'cells' },
    ...cells.map(({ party, state, sentence, code }) =>
      element(
        'li',
        {},
        element('span', { class: 'who' }, name(party)),
        element(
          'span',
          { class: 'told' },
          element('span', { class: `mark ${MARKS[state]}` }, WORDS[state]),
          element('span', {}, ` ${sentence}${code === undefined ? '' : ` (${code})`}`),
        ),
      ),
    ),
  );
  return [...heading, list];
}
