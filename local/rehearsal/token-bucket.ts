/**
 * API Gateway's throttle of a route: a bucket of `burst` tokens into which `rate` a second drip; a request takes one, and
 * where there is none it is refused (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html).
 *
 * AWS calls its throttles best effort and not a guarantee; this one is exact.
 */

import type { Throttle } from './routes.ts';

export class TokenBucket {
  readonly #throttle: Throttle;
  #tokens: number;
  #filledAtMs: number;

  /** Full. */
  constructor(throttle: Throttle, nowMs: number) {
    this.#throttle = throttle;
    this.#tokens = throttle.burst;
    this.#filledAtMs = nowMs;
  }

  /** Whether a request that comes now passes. */
  take(nowMs: number): boolean {
    const { rate, burst } = this.#throttle;
    const elapsedMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#tokens = Math.min(burst, this.#tokens + (elapsedMs / 1000) * rate);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
