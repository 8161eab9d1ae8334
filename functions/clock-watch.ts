/**
 * How far this machine's clock is from DynamoDB's, read off the `date` header of its answers at no cost.
 *
 * A party judges deadlines and dates receipts by its own clock, so one that runs wrong harms the bidders near a
 * deadline before anybody notices. The header counts whole seconds and a request takes time, so what is reported is
 * the part of the difference that neither explains. It shows this clock against the region's, not against the peers'.
 */

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';

/** The header's resolution. */
const HEADER_RESOLUTION_MS = 1_000;

const answerSchema = z.object({ headers: z.object({ date: z.string() }) });

export class ClockWatch {
  #skewMs = 0;

  /** Of the latest answer, in milliseconds; 0 before the first. */
  get skewMs(): number {
    return this.#skewMs;
  }

  /** Watches every answer that the client gets. */
  attach(client: DynamoDBClient, now: () => number): void {
    client.middlewareStack.add(
      (next) => async (request) => {
        const sentAtMs = now();
        const result = await next(request);
        const answer = z.safeParse(answerSchema, result.response);
        const date = answer.success ? Date.parse(answer.data.headers.date) : Number.NaN;
        if (!Number.isNaN(date)) this.#skewMs = skewOf(date, sentAtMs, now());
        return result;
      },
      { step: 'deserialize', priority: 'low', name: 'tacitClockWatch' },
    );
  }
}

/** What of a difference neither the header's resolution nor the request's duration explains. */
export function skewOf(headerMs: number, sentAtMs: number, receivedAtMs: number): number {
  return Math.max(0, sentAtMs - (headerMs + HEADER_RESOLUTION_MS), headerMs - receivedAtMs);
}
