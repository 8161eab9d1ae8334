/**
 * Refuses a body that is too large before anything parses it, so that a flood costs its sender more than us.
 */

import type middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { AuctionError } from '../auction/errors.ts';

/** @throws AuctionError BODY_TOO_LARGE from the handler it is used in */
export function bodySizeLimit(
  maxBodyBytes: number,
): middy.MiddlewareObj<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2> {
  return {
    before: ({ event }) => {
      const bodyBytes = Buffer.byteLength(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
      if (bodyBytes > maxBodyBytes) {
        throw new AuctionError('BODY_TOO_LARGE', `a body here holds at most ${maxBodyBytes} bytes`, {
          bodyBytes,
          maxBodyBytes,
        });
      }
    },
  };
}
