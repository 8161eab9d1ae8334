/** A Markdown table, one line a row; cells must be free of bars and line breaks. */

export function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => {
    for (const cell of cells) if (/[|\n]/.test(cell)) throw new Error(`no cell of a table: ${cell}`);
    return `| ${cells.join(' | ')} |`;
  };
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n');
}
