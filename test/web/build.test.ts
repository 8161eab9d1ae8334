/** The built page: the same bytes every time, nothing inline, nothing from elsewhere, a label for every field. */

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeServer } from '../../local/listen.ts';
import { type PageServer, startPageServer } from '../../local/page-server.ts';
import { type BuiltPage, buildPage } from '../../web/build.ts';
import { COMMON_HEADERS, contentSecurityPolicy } from '../../web/security-headers.ts';
import { readRepositoryFile } from '../docs/repository.ts';

/** What a phone on a slow link loads in about a second. */
const MAX_GZIPPED_BYTES = 64 * 1024;

let page: BuiltPage;
const textOf = (prefix: string) =>
  new TextDecoder().decode(page.files.find(({ name }) => name.startsWith(prefix))?.body);

beforeAll(() => {
  page = buildPage();
});

describe('the built page', () => {
  test('has the same bytes at every build, wherever that runs', () => {
    const cwd = process.cwd();
    process.chdir('/');
    try {
      expect(buildPage()).toEqual(page);
    } finally {
      process.chdir(cwd);
    }
    const [index] = page.files;
    expect(index?.name).toBe('index.html');
    expect(page.hash).toBe(createHash('sha256').update(index!.body).digest('hex'));
    for (const { body } of page.files) expect(new TextDecoder().decode(body)).not.toContain(cwd);
  });

  test('names script and style by their hashes, which the browser checks', () => {
    const html = textOf('index.html');
    const named = [...html.matchAll(/(?:href|src)="(page-[0-9a-f]{16}\.(?:js|css))" integrity="([^"]+)"/g)];
    expect(named).toHaveLength(2);
    for (const [, name, integrity] of named) {
      const { body } = page.files.find((file) => file.name === name)!;
      expect(integrity).toBe(`sha384-${createHash('sha384').update(body).digest('base64')}`);
    }
  });

  test(`is at most ${MAX_GZIPPED_BYTES / 1024} KB to load`, () => {
    const bytes = page.files.reduce((sum, { body }) => sum + gzipSync(body).length, 0);
    console.log(`page: ${bytes} bytes gzipped (at most ${MAX_GZIPPED_BYTES})`);
    expect(bytes).toBeLessThan(MAX_GZIPPED_BYTES);
  });

  test('has nothing inline and nothing from elsewhere', () => {
    const html = textOf('index.html');
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|https?:\/\/[a-z]/i);
    expect(textOf('page-')).not.toMatch(/@import|url\(/);
    expect(textOf('page-')).not.toMatch(/\b(localStorage|sessionStorage|indexedDB|document\.cookie)\b/);
  });

  test('has a label for every field, and every reference leads somewhere', () => {
    const html = readRepositoryFile('web/index.html');
    const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const fields = [...html.matchAll(/<input id="([^"]+)"/g)].map(([, id]) => id);
    expect(fields.length).toBeGreaterThan(5);
    for (const id of fields) expect(html, id).toContain(`<label for="${id}">`);
    for (const [, list] of html.matchAll(/ aria-(?:labelledby|describedby)="([^"]+)"/g)) {
      for (const id of list!.split(' ')) expect(ids, id).toContain(id);
    }
  });
});

describe('colours', () => {
  const css = readRepositoryFile('web/page.css');
  const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)');
  const scheme = (text: string) =>
    new Map([...text.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name!, value!]));

  test.each([
    ['light', scheme(light)],
    ['dark', scheme(dark)],
  ])('of the %s scheme can be told apart', (_, colours) => {
    const pairs: readonly (readonly [string, string, number])[] = [
      ...['ink', 'faint', 'accent', 'good', 'bad', 'warn'].map((name) => [name, 'paper', 4.5] as const),
      ...['ink', 'faint'].map((name) => [name, 'ground', 4.5] as const),
      ...['good', 'bad', 'warn'].map((name) => [name, `${name}-ground`, 4.5] as const),
      ['accent-ink', 'accent', 4.5],
      ['field', 'paper', 3],
      ['focus', 'paper', 3],
    ];
    for (const [front, back, least] of pairs) {
      const ratio = contrast(colours.get(front)!, colours.get(back)!);
      expect(ratio, `${front} on ${back}`).toBeGreaterThanOrEqual(least);
    }
  });

  /** WCAG 2.2, "contrast ratio". */
  function contrast(left: string, right: string): number {
    const [dim, bright] = [luminance(left), luminance(right)].sort((a, b) => a - b) as [number, number];
    return (bright + 0.05) / (dim + 0.05);
  }

  function luminance(colour: string): number {
    const [red, green, blue] = [1, 3, 5].map((start) => {
      const part = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }
});

describe('the policy', () => {
  test('names the origins of the three parties, or any https where they are typed in', () => {
    const urls = ['https://a.example', 'https://b.example/stage', 'http://127.0.0.1:4702'] as const;
    expect(contentSecurityPolicy(urls)).toContain(
      "connect-src 'self' https://a.example https://b.example http://127.0.0.1:4702;",
    );
    expect(contentSecurityPolicy(undefined)).toContain("connect-src 'self' https:;");
    expect(contentSecurityPolicy(urls)).not.toMatch(/unsafe|\*/);
  });
});

describe('the local server of the page', () => {
  let served: PageServer;
  const get = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${served.port}${path}`, { ...init, headers: { connection: 'close' } });

  beforeAll(async () => {
    served = await startPageServer({ files: page.files, headers: COMMON_HEADERS, port: 0 });
  });

  afterAll(() => closeServer(served.server));

  test('answers with its files by name and nothing else', async () => {
    const root = await get('/');
    expect(root.status).toBe(200);
    expect(root.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await root.text()).toBe(textOf('index.html'));
    for (const path of ['/config.json', '/../package.json', '/%2e%2e/package.json', '/web/main.ts']) {
      expect((await get(path)).status, path).toBe(404);
    }
    expect((await get('/', { method: 'POST' })).status).toBe(405);
  });
});
