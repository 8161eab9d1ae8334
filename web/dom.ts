/**
 * The little that the page needs of the document: elements by id with their kind checked, and new ones made of text.
 *
 * Text from operators and bidders becomes text nodes alone; nothing here takes markup.
 */

export type Child = Node | string;

/** @throws Error where index.html has no such element: the page and its code belong together */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} called ${id}`);
}

export function element(
  tag: string,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly Child[]
): HTMLElement {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Replaces the text only where it changes, so that a live region is not read out again. */
export function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

export function setVisible(target: HTMLElement, visible: boolean): void {
  target.hidden = !visible;
}

/** The message beside a field, as it is and as a screen reader is told. */
export function setFieldError(input: HTMLInputElement, message: string | undefined): void {
  const place = byId(`${input.id}-error`, HTMLElement);
  setText(place, message ?? '');
  setVisible(place, message !== undefined);
  if (message === undefined) input.removeAttribute('aria-invalid');
  else input.setAttribute('aria-invalid', 'true');
}

/** A mark in words, so that colour is never all that tells. */
export function checkItem(check: {
  readonly standing: 'passed' | 'failed' | 'open';
  readonly sentence: string;
  readonly code?: string;
}): HTMLElement {
  const words = { passed: 'Checked', failed: 'Failed', open: 'Open' };
  const code = check.standing === 'failed' && check.code !== undefined ? ` (${check.code})` : '';
  return element(
    'li',
    { class: check.standing },
    element('span', { class: `mark ${check.standing}` }, words[check.standing]),
    element('span', {}, ` ${check.sentence}${code}`),
  );
}

/** A chosen file as JSON; undefined where it is none. */
export async function jsonOfFile(input: HTMLInputElement): Promise<unknown> {
  const text = await input.files?.[0]?.text();
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

/** Hands a file to the browser, which asks or saves as its user set it. */
export function download(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = element('a', { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has taken it by then; at once would be too early for some.
  setTimeout(() => URL.revokeObjectURL(address), REVOKE_AFTER_MS);
}

const REVOKE_AFTER_MS = 60_000;
