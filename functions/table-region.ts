/** The region that a table's name tells. */

/** A table of another region answers there alone; undefined for a name, which is in this region. */
export function regionOf(table: string): string | undefined {
  return /^arn:[^:]+:dynamodb:([^:]+):/.exec(table)?.[1];
}
