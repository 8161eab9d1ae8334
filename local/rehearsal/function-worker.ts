/**
 * One Lambda environment of a rehearsal, in a thread of its own: loads a bundle as Lambda would, with the function's
 * variables as its whole environment, and runs one invocation at a time.
 */

import { flushCompileCache } from 'node:module';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import * as z from 'zod/mini';
import { invocationContext } from '../event-adapter.ts';

const dataSchema = z.object({
  /** Of the bundle. */
  file: z.string(),
  exportName: z.string(),
  functionName: z.string(),
  timeoutMs: z.number(),
});

const invocationSchema = z.object({ id: z.number(), event: z.string(), trace: z.string() });

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

const { file, exportName, functionName, timeoutMs } = z.parse(dataSchema, workerData);
const bundle: Readonly<Record<string, unknown>> = await import(pathToFileURL(file).href);
const handler = bundle[exportName];
if (!isHandler(handler)) throw new Error(`${file} exports no function ${exportName}`);

parentPort?.on('message', (message: unknown) => {
  const { id, event, trace } = z.parse(invocationSchema, message);
  process.env['_X_AMZN_TRACE_ID'] = trace;
  // What is passed on has been text, as on Lambda.
  handler(JSON.parse(event), invocationContext(functionName, timeoutMs)).then(
    (result) => parentPort?.postMessage({ id, result: JSON.stringify(result ?? null) }),
    (error: unknown) => parentPort?.postMessage({ id, error: String(error) }),
  );
});
parentPort?.postMessage({ ready: true });
// Of no use to this environment: those after it compile nothing. One that is terminated would leave nothing behind.
flushCompileCache();

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}
