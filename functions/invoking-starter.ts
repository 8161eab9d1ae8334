/**
 * Starts clearings on AWS: invokes the clearing function asynchronously and does not wait for it.
 *
 * Lambda queues the invocation, runs it at least once and, where it fails, again; each run is a new attempt. A start
 * that Lambda refuses is logged and lost: the sweep of the next minute finds the tender in the store. A deadline needs
 * no announcement for the same reason.
 */

import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { ClearingStarter } from './clearing-starter.ts';
import { describeUnexpected, logError } from './log.ts';
import { REQUEST_TIMEOUTS } from './request-timeouts.ts';

/** @param functionName name or ARN of the function that runs `clear-tender.handler.ts` */
export function invokingStarter(functionName: string): ClearingStarter {
  let client: LambdaClient | undefined;
  return {
    start: async (tenderId) => {
      // Loaded at the first start, because most requests start nothing and a cold start is paid by each.
      const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
      client ??= new LambdaClient({ requestHandler: REQUEST_TIMEOUTS });
      try {
        await client.send(
          new InvokeCommand({
            FunctionName: functionName,
            InvocationType: 'Event',
            Payload: JSON.stringify({ tenderId }),
          }),
        );
      } catch (error) {
        logError('a clearing could not be started', { tenderId, ...describeUnexpected(error) });
      }
    },
    startAt: async () => {},
  };
}
