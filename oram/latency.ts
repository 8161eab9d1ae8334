/**
 * How long an access should take, estimated from published measurements: to choose sizes by, not to promise.
 *
 * Source: alexdebrie/dynamodb-performance-testing (2020, from Lambda in the table's own region, 400 calls each):
 * PutItem 7.55 ms at the median and 16.2 ms at the 99th percentile; a batch of 25 small items 10.2 ms at the median.
 * Batch reads were not measured there; they are taken to be as slow as that batch of writes. Items of many KB, a
 * throttled table and a cold connection take longer.
 */

/** PutItem, milliseconds. */
const PUT_P50_MS = 7.55;
const PUT_P99_MS = 16.2;

/** One BatchGetItem, milliseconds: the figure of a BatchWriteItem of 25 items, which is not faster. */
const BATCH_READ_P50_MS = 10.2;

/** Puts under way at once: the connections that the SDK's client opens. */
const PARALLEL_PUTS = 50;

/** Claim of the head, batch read, all puts at once, commit of the head: one after the other. */
export const TREE_ROUND_TRIPS = 4;

/** Claim of the head while the item is read, put of the item, commit of the head. */
export const SCAN_ROUND_TRIPS = 3;

/** @param puts buckets and log record of one epoch */
export function treeEpochMs(puts: number): number {
  return PUT_P50_MS + BATCH_READ_P50_MS + parallelPutsMs(puts) + PUT_P50_MS;
}

export function scanEpochMs(): number {
  return BATCH_READ_P50_MS + PUT_P50_MS + PUT_P50_MS;
}

/** Where connections are fewer than puts, all but the last of each connection take what a put takes at the median. */
function parallelPutsMs(puts: number): number {
  const turns = Math.ceil(puts / PARALLEL_PUTS);
  return (turns - 1) * PUT_P50_MS + slowestPutMs(Math.min(puts, PARALLEL_PUTS));
}

/**
 * Median of the slowest of some puts sent at once, with an exponential tail through the two figures above: the
 * slowest of n is half of the time below the quantile (1/2)^(1/n).
 */
function slowestPutMs(puts: number): number {
  const beyond = 1 - 0.5 ** (1 / puts);
  return PUT_P50_MS + ((PUT_P99_MS - PUT_P50_MS) * Math.log(0.5 / beyond)) / Math.log(0.5 / 0.01);
}
