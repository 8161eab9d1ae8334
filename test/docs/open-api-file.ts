/** docs/openapi.json: the OpenAPI document that every party serves, as a file. */

import { openApiDocument } from '../../functions/open-api.ts';

export const OPEN_API_FILE = 'docs/openapi.json';

export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(), undefined, 2)}\n`;
}
