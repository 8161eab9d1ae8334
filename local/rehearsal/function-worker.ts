/**
 * One Lambda environment of a rehearsal, in a thread of its own: loads a bundle as Lambda would, with the function's
 * variables as its whole environment, and runs one invocation at a time.
 *
 * Dozens start in a rehearsal, so it loads nothing else; what comes in is from the thread that started it.
 */

import { flushCompileCache } from 'node:module';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { invocationContext } from '../invocation-context.ts';

export interface EnvironmentData {
  /** Of the bundle. */
  readonly file: string;
  readonly exportName: string;
  readonly functionName: string;
  readonly timeoutMs: number;
}

export interface Invocation {
  readonly id: number;
  /** JSON. */
  readonly event: string;
  /** Header of X-Ray. */
  readonly trace: string;
}

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

const { file, exportName, functionName, timeoutMs }: EnvironmentData = workerData;
const bundle: Readonly<Record<string, unknown>> = await import(pathToFileURL(file).href);
const handler = bundle[exportName];
if (!isHandler(handler)) throw new Error(`${file} exports no function ${exportName}`);

parentPort?.on('message', ({ id, event, trace }: Invocation) => {
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
