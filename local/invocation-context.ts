/** What Lambda tells a handler of the invocation, as far as handlers look. */

import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';

/** The context of one invocation; time runs from now. */
export function invocationContext(functionName: string, timeoutMs: number): Context {
  const requestId = randomUUID();
  const endsAt = performance.now() + timeoutMs;
  return {
    awsRequestId: requestId,
    callbackWaitsForEmptyEventLoop: false,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${functionName}`,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    memoryLimitInMB: '1769',
    getRemainingTimeInMillis: () => Math.max(0, Math.round(endsAt - performance.now())),
    done: () => {},
    fail: () => {},
    succeed: () => {},
  };
}
