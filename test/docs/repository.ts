/** The checkout as the documentation tests see it: its Markdown pages, their fenced blocks, its source files. */

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Paths from the root, sorted; never anything that was installed or that a run left behind. */
export function filesMatching(...patterns: readonly string[]): readonly string[] {
  const exclude = (path: string) => /(^|\/)(node_modules|\.[^/]+)(\/|$)/.test(path);
  return globSync([...patterns], { cwd: ROOT, exclude })
    .map((path) => path.replaceAll('\\', '/'))
    .sort();
}

export function readRepositoryFile(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export interface FencedBlock {
  readonly document: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  /** What follows the fence; empty where nothing does. */
  readonly language: string;
  readonly lines: readonly string[];
}

export interface MarkdownPage {
  readonly path: string;
  /** Without fenced blocks; their lines are empty, so that line numbers stay. */
  readonly prose: readonly string[];
  readonly blocks: readonly FencedBlock[];
}

/** @throws Error where a fence is not closed */
export function readPage(path: string): MarkdownPage {
  const prose: string[] = [];
  const blocks: FencedBlock[] = [];
  let open: { readonly line: number; readonly language: string; readonly lines: string[] } | undefined;
  for (const [index, line] of readRepositoryFile(path).split('\n').entries()) {
    const fence = /^\s*```(.*)$/.exec(line);
    if (open !== undefined) {
      if (fence === null) open.lines.push(line);
      else {
        blocks.push({ document: path, ...open });
        open = undefined;
      }
    } else if (fence !== null) open = { line: index + 1, language: (fence[1] ?? '').trim(), lines: [] };
    prose.push(open === undefined && fence === null ? line : '');
  }
  if (open !== undefined) throw new Error(`${path}:${open.line}: the fence is not closed`);
  return { path, prose, blocks };
}

/** Every page of the project. */
export function allPages(): readonly MarkdownPage[] {
  return filesMatching('*.md', '*/**/*.md').map(readPage);
}
