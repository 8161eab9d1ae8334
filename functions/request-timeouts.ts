/**
 * How long a DynamoDB client waits, for every client that this project makes.
 *
 * DynamoDB answers in milliseconds; the SDK would wait for ever. Far longer than that, because a kernel that computes
 * for a second keeps answers waiting. A request that was cut off is sent again by the SDK; what still fails at an outbox
 * is CHANNEL_UNAVAILABLE.
 */
export const REQUEST_TIMEOUTS = {
  connectionTimeout: 3_000,
  requestTimeout: 10_000,
  throwOnRequestTimeout: true,
} as const;
