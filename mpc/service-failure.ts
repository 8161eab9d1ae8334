/**
 * Which failures of a request to a cloud service pass by themselves: nothing answered in time, or it answered that it
 * cannot now (connections refused or reset, time-outs, throttling, status 5xx). Told by what the AWS SDK leaves on
 * its errors, without the SDK itself. What a failure means for the caller is said where it is caught.
 */

/** System calls that fail where an endpoint is down, restarting or cut off. */
const NETWORK_CODES: readonly unknown[] = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
];

/** DynamoDB's names for "too much at once", which it answers with status 400, and the SDK's own for time-outs. */
const TRANSIENT_NAMES: readonly string[] = [
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  'ThrottlingException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'InternalServerError',
];

/** Whether the same request may succeed later. */
export function isTransient(error: Error): boolean {
  const code: unknown = 'code' in error ? error.code : undefined;
  const status = httpStatusOf(error);
  return (
    TRANSIENT_NAMES.includes(error.name) ||
    NETWORK_CODES.includes(code) ||
    (status !== undefined && (status === 429 || status >= 500))
  );
}

/** The HTTP status that the SDK noted; undefined where no answer came. */
export function httpStatusOf(error: Error): number | undefined {
  return metadataOf(error, 'httpStatusCode');
}

/** How often the client itself sent the request before it failed. */
export function attemptsOf(error: Error): number {
  return metadataOf(error, 'attempts') ?? 1;
}

function metadataOf(error: Error, name: 'httpStatusCode' | 'attempts'): number | undefined {
  if (!('$metadata' in error)) return undefined;
  const metadata: unknown = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  const value: unknown = Reflect.get(metadata, name);
  return typeof value === 'number' ? value : undefined;
}
