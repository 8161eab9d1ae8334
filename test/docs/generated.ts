/**
 * The generated parts of the documentation: between `<!-- generated: name -->` and `<!-- end -->`. Everything
 * outside the markers is written by hand.
 */

import { documentsIn, exampleSection, refusalTable, routeTable, shapeOf } from './api-tables.ts';
import { blameTable, faultTable, otherCodes } from './blame-tables.ts';
import {
  auctionTable,
  commandTable,
  deploymentTable,
  engineTable,
  functionTable,
  pageTable,
  vaultTable,
} from './error-tables.ts';
import type { Exchange } from './example-exchange.ts';
import { permissionTable } from './permission-table.ts';

export interface GeneratedPart {
  readonly page: string;
  readonly name: string;
  render(exchanges: readonly Exchange[]): string;
  /** Whether what stands in the page is as good as what would be rendered now. */
  matches(standing: string, rendered: string): boolean;
}

const equal = (standing: string, rendered: string): boolean => standing === rendered;

/** Examples hold random bytes: those that stand are kept while a fresh run gives documents of the same shape. */
const sameShape = (standing: string, rendered: string): boolean =>
  standing.replaceAll(/```json\n[\s\S]*?\n```/g, '') === rendered.replaceAll(/```json\n[\s\S]*?\n```/g, '') &&
  JSON.stringify(documentsIn(standing).map(shapeOf)) === JSON.stringify(documentsIn(rendered).map(shapeOf));

export const GENERATED_PARTS: readonly GeneratedPart[] = [
  { page: 'docs/api.md', name: 'routes', render: routeTable, matches: equal },
  { page: 'docs/api.md', name: 'refusals', render: refusalTable, matches: equal },
  { page: 'docs/api.md', name: 'examples', render: exampleSection, matches: sameShape },
  { page: 'docs/errors.md', name: 'auction codes', render: auctionTable, matches: equal },
  { page: 'docs/errors.md', name: 'engine codes', render: engineTable, matches: equal },
  { page: 'docs/errors.md', name: 'vault codes', render: vaultTable, matches: equal },
  { page: 'docs/errors.md', name: 'function codes', render: functionTable, matches: equal },
  { page: 'docs/errors.md', name: 'command codes', render: commandTable, matches: equal },
  { page: 'docs/errors.md', name: 'page codes', render: pageTable, matches: equal },
  { page: 'docs/errors.md', name: 'deployment codes', render: deploymentTable, matches: equal },
  { page: 'docs/threat-model.md', name: 'permissions', render: permissionTable, matches: equal },
  { page: 'docs/blame.md', name: 'faults', render: faultTable, matches: equal },
  { page: 'docs/blame.md', name: 'abort codes', render: blameTable, matches: equal },
  { page: 'docs/blame.md', name: 'other codes', render: otherCodes, matches: equal },
];

/** @throws Error where the page has no such part, or two */
export function partOf(text: string, name: string): string {
  return split(text, name).part;
}

export function withPart(text: string, name: string, part: string): string {
  const { before, after } = split(text, name);
  return `${before}${part}${after}`;
}

function split(
  text: string,
  name: string,
): { readonly before: string; readonly part: string; readonly after: string } {
  const opening = `<!-- generated: ${name} -->\n\n`;
  const closing = '\n\n<!-- end -->';
  const start = text.indexOf(opening) + opening.length;
  const end = text.indexOf(closing, start - 2);
  if (start < opening.length || end < 0 || text.includes(opening, start)) {
    throw new Error(`the page does not have exactly one part "${name}"`);
  }
  return {
    before: text.slice(0, start),
    part: text.slice(start, end),
    after: text.slice(end),
  };
}
