/**
 * What the command prints: results on stdout, everything about the way there on stderr.
 *
 * With --json stdout holds exactly one JSON value. Styles appear on terminals alone.
 */

import { styleText } from 'node:util';
import { describeError, exitCodeOf, type ShownError } from './errors.ts';

export function print(text = ''): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Progress and warnings. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function bold(text: string): string {
  return styleText('bold', text, { stream: process.stdout });
}

export function dim(text: string): string {
  return styleText('dim', text, { stream: process.stdout });
}

/** Columns of text, left-aligned unless a column's title begins with `>`. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = titles.map((title) => ({ title: title.replace(/^>/, ''), right: title.startsWith('>') }));
  const widths = columns.map(({ title }, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    columns
      .map(({ right }, column) => {
        const cell = cells[column] ?? '';
        const width = widths[column] ?? 0;
        return right ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [dim(line(columns.map(({ title }) => title))), ...rows.map(line)]
    .map((text) => `  ${text}`)
    .join('\n');
}

/** Shows an error and sets the exit code. */
export function fail(error: unknown, options: { readonly json?: boolean; readonly debug?: boolean }): void {
  const shown: ShownError = describeError(error);
  note(`${shown.code}: ${shown.detail}`);
  if (options.json === true) {
    const { code, detail, facts } = shown;
    const type = `urn:tacit:problem:${code.toLowerCase().replaceAll('_', '-')}`;
    note(JSON.stringify({ type, title: code, detail, code, facts }));
  }
  if (options.debug === true && error instanceof Error) note(error.stack ?? String(error));
  process.exitCode = exitCodeOf(shown);
}
