/**
 * A bounded number of tasks at once: some of the work runs in the thread pool of the runtime, so a few keep it
 * busy, and ten thousand at once would only hold memory. What runs on the spot, such as opening envelopes, lets
 * timers and messages through after every so many tasks: ten thousand in one go would stop the party for seconds.
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
      if (position % TASKS_AT_ONCE === TASKS_AT_ONCE - 1) await eventsHandled();
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

function eventsHandled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
