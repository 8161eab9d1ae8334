/**
 * `tacit page`: the page for bidders as files, and its hash, for operators who compare what they built and publish it.
 *
 * Equal sources make equal bytes, so whoever has the sources finds out with it whether a page that is served is theirs.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { CliError } from '../errors.ts';
import { builtPage } from '../local-page.ts';
import { bold, print, printJson, table } from '../output.ts';

interface PageOptions {
  readonly out?: string;
  readonly json?: boolean;
}

export function pageCommand(): Command {
  return new Command('page')
    .description('build the page for bidders and print its hash, for operators to compare and publish')
    .option('--out <directory>', 'write its files there')
    .option('--json', 'print one JSON value')
    .action(showPage);
}

async function showPage({ out, json }: PageOptions): Promise<void> {
  const { files, hash } = await builtPage();
  if (out !== undefined) {
    try {
      await mkdir(out, { recursive: true });
      await Promise.all(files.map(({ name, body }) => writeFile(join(out, name), body)));
    } catch (cause) {
      const detail = `the page cannot be written to ${out}: name a directory that is yours`;
      throw new CliError('FILE_UNWRITABLE', detail, { path: out }, { cause });
    }
  }
  const sizes = files.map(({ name, body }) => ({ name, bytes: body.length }));
  if (json === true) {
    printJson({ hash, files: sizes });
    return;
  }
  print(
    `${bold('The page for bidders')}, SHA-256 of its index.html, which names the other files by their hashes:\n`,
  );
  print(`  ${hash}\n`);
  print(
    table(
      ['file', '>bytes'],
      sizes.map(({ name, bytes }) => [name, String(bytes)]),
    ),
  );
}
