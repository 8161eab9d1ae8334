/** Whatever the documentation links to or names as a path of the project exists. */

import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allPages, filesMatching, type MarkdownPage, ROOT, readPage } from './repository.ts';

/** Named in the documentation before they are there; the test says when one can go. */
const NOT_THERE_YET: readonly string[] = [];

const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;
const INLINE_CODE = /`([^`]+)`/g;

/** What begins with a folder of the project, and names of files with an extension that the project uses. */
const FOLDERS = filesMatching('*/**').map((path) => path.split('/')[0] ?? '');
const PROJECT_PATH = new RegExp(`^(${[...new Set(FOLDERS)].join('|')})/[A-Za-z0-9_./*{},-]*$`);
const FILE_NAME = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.(ts|wat|md|yml)$/;

const pages = allPages();
const baseNames = new Set(filesMatching('*', '*/**').map((path) => path.split('/').at(-1)));

function linksOf({ prose }: MarkdownPage): readonly string[] {
  return [...prose.join('\n').matchAll(LINK)]
    .map(([, target]) => target ?? '')
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** As GitHub makes them. */
function anchorsOf({ prose }: MarkdownPage): readonly string[] {
  return prose
    .flatMap((line) => /^#+ (.*)$/.exec(line)?.[1] ?? [])
    .map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
        .replaceAll(' ', '-'),
    );
}

describe.each(pages)('$path', (page) => {
  test('links to what is there', () => {
    for (const target of linksOf(page)) {
      const [file = '', anchor] = target.split('#');
      const path = file === '' ? page.path : join(dirname(page.path), file);
      if (NOT_THERE_YET.includes(path)) continue;
      expect(existsSync(join(ROOT, path)), `${page.path} links to ${target}`).toBe(true);
      if (anchor !== undefined)
        expect(anchorsOf(readPage(path)), `${page.path} links to ${target}`).toContain(anchor);
    }
  });

  test('names paths that are there', () => {
    const named = [...page.prose.join('\n').matchAll(INLINE_CODE)].map(([, text]) => text ?? '');
    for (const text of named) {
      if (PROJECT_PATH.test(text)) {
        expect(globSync(text, { cwd: ROOT }), `${page.path} names ${text}`).not.toHaveLength(0);
      } else if (FILE_NAME.test(text)) {
        expect(baseNames.has(text), `${page.path} names ${text}`).toBe(true);
      }
    }
  });
});

test('nothing that is said to be missing is there by now', () => {
  for (const path of NOT_THERE_YET) {
    expect(existsSync(join(ROOT, path)), `${path} is there: take it off NOT_THERE_YET`).toBe(false);
    expect(
      pages.flatMap((page) => linksOf(page).map((target) => join(dirname(page.path), target))),
    ).toContain(path);
  }
});

test('every page of docs/ can be reached from the README', () => {
  const reached = new Set(['README.md']);
  for (const path of reached) {
    for (const target of linksOf(readPage(path))) {
      const next = join(dirname(path), target.split('#')[0] ?? '');
      if (next.endsWith('.md') && existsSync(join(ROOT, next))) reached.add(next);
    }
  }
  expect(filesMatching('docs/*.md').filter((path) => !reached.has(path))).toEqual([]);
});
