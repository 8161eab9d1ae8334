/** GET /openapi.json: this interface as an OpenAPI document. It needs no party: made once, when first asked for. */

import { type HttpHandler, httpHandler } from '../http-handler.ts';
import { type OpenApiDocument, openApiDocument } from '../open-api.ts';

export function createShowOpenApiHandler(): HttpHandler {
  let made: OpenApiDocument | undefined;
  return httpHandler('show-openapi', async () => {
    made ??= openApiDocument();
    return { status: 200, body: made };
  });
}

export const handler = createShowOpenApiHandler();
