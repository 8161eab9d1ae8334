/**
 * Requests side by side, not more than a bound at a time, every one of them settled before the caller goes on:
 * whoever is told of a failure knows that none of its own requests is still under way.
 */

/**
 * @param limit tasks at a time, at least 1
 * @returns what each task returned, in their order
 * @throws the first failure, after which no further task is begun
 */
export async function inParallel<T, R>(
  inputs: readonly T[],
  limit: number,
  task: (input: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  const queue = inputs.entries();
  const worker = async () => {
    for (const [index, input] of queue) {
      try {
        results[index] = await task(input);
      } catch (error) {
        failures.push(error);
      }
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, inputs.length) }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}
