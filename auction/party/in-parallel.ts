/**
 * A bounded number of tasks at once: HPKE runs in the thread pool of the runtime, so a few keep it busy, and
 * ten thousand at once would only hold memory.
 */

const TASKS_AT_ONCE = 16;

/** The results in the order of the items. The first failure is thrown, and no further task begins. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  task: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  let failed = false;
  const worker = async () => {
    for (const [position, item] of queue) {
      if (failed) return;
      try {
        results[position] = await task(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(TASKS_AT_ONCE, items.length) }, worker));
  return results;
}
