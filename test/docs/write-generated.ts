/** Rewrites the generated parts of the documentation that are out of date: `node test/docs/write-generated.ts`. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runExampleExchange } from './example-exchange.ts';
import { GENERATED_PARTS, partOf, withPart } from './generated.ts';
import { writeOpenApiFile } from './open-api-file.ts';
import { ROOT } from './repository.ts';

const example = await runExampleExchange();
await example.close();
for (const { page, name, render, matches } of GENERATED_PARTS) {
  const path = join(ROOT, page);
  const text = readFileSync(path, 'utf8');
  const rendered = render(example.exchanges);
  if (matches(partOf(text, name), rendered)) continue;
  writeFileSync(path, withPart(text, name, rendered));
  process.stdout.write(`${page}: ${name} rewritten\n`);
}
writeOpenApiFile();
