/** docs/openapi.json: the OpenAPI document that every party serves, as a file in the formatter's form. */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from '../../functions/open-api.ts';
import { ROOT } from './repository.ts';

export const OPEN_API_FILE = 'docs/openapi.json';

export function writeOpenApiFile(): void {
  writeFileSync(join(ROOT, OPEN_API_FILE), JSON.stringify(openApiDocument(), undefined, 2));
  const biome = join(ROOT, 'node_modules', '.bin', 'biome');
  execFileSync(biome, ['format', '--write', OPEN_API_FILE], { cwd: ROOT, stdio: 'ignore' });
}
