/**
 * The page as files to serve: bundled, minified, named by their hashes, the same bytes at every build of the same sources.
 *
 * That the bytes are the same is what makes the hash worth publishing: the three operators build the page from the sources
 * that they agreed on, publish what they got, and anybody compares it with what is served. `index.html` names the script
 * and the style with their SHA-384 (Subresource Integrity), so its hash stands for all three.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, buildSync } from 'esbuild';

export interface PageFile {
  /** Such as `index.html`. */
  readonly name: string;
  readonly contentType: string;
  readonly body: Uint8Array;
}

export interface BuiltPage {
  /** `index.html` first. */
  readonly files: readonly PageFile[];
  /** SHA-256 of `index.html`, hexadecimal: what operators publish. */
  readonly hash: string;
}

const FOLDER = fileURLToPath(new URL('./', import.meta.url));

/** The engines that have X25519 in WebCrypto have all of this. */
const TARGET = 'es2022';

const NAME_CHARACTERS = 16;

/** esbuild's options, apart from where the output goes. */
const OPTIONS = {
  absWorkingDir: FOLDER,
  bundle: true,
  minify: true,
  write: false,
  platform: 'browser',
  format: 'iife',
  target: TARGET,
  // A licence's text at the end of the file instead of a file of its own.
  legalComments: 'eof',
  logLevel: 'silent',
} as const satisfies BuildOptions;

/** Takes esbuild, a development dependency: whoever runs without those loads this file only when it is asked for. */
export function buildPage(): BuiltPage {
  return assemble(bundled('main.ts'), bundled('page.css'));
}

function bundled(entry: string): Uint8Array {
  const [file] = buildSync({ ...OPTIONS, entryPoints: [entry] }).outputFiles;
  if (file === undefined) throw new Error(`${entry} made no bundle`);
  return file.contents;
}

function assemble(script: Uint8Array, style: Uint8Array): BuiltPage {
  const code = named('page', 'js', 'text/javascript; charset=utf-8', script);
  const look = named('page', 'css', 'text/css; charset=utf-8', style);
  const html = [
    ['href="page.css"', `href="${look.name}" integrity="${integrityOf(look)}"`],
    ['src="page.js"', `src="${code.name}" integrity="${integrityOf(code)}"`],
  ].reduce(
    (text, [plain = '', hashed = '']) => replacedOnce(text, plain, hashed),
    readFileSync(`${FOLDER}index.html`, 'utf8'),
  );
  const index = { name: 'index.html', contentType: HTML, body: new TextEncoder().encode(html) };
  const missing = { name: '404.html', contentType: HTML, body: new TextEncoder().encode(NOT_FOUND) };
  return {
    files: [index, missing, code, look],
    hash: hashOf(index.body),
  };
}

const HTML = 'text/html; charset=utf-8';

/** Without script or style, so that nothing of it can be out of date. */
const NOT_FOUND =
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Nothing here</title><h1>There is nothing at this address</h1><p><a href="/">To the page for bidders</a></p></html>\n';

function named(stem: string, extension: string, contentType: string, body: Uint8Array): PageFile {
  return { name: `${stem}-${hashOf(body).slice(0, NAME_CHARACTERS)}.${extension}`, contentType, body };
}

function hashOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}

function integrityOf({ body }: PageFile): string {
  return `sha384-${createHash('sha384').update(body).digest('base64')}`;
}

function replacedOnce(text: string, plain: string, hashed: string): string {
  if (text.split(plain).length !== 2) throw new Error(`index.html must have ${plain} once`);
  return text.replace(plain, hashed);
}
