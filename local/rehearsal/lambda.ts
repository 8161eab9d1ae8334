/**
 * The functions that the templates declare, run from their bundles: as many environments of each as there are
 * invocations at the same time, up to a new account's ten, each with the variables, the timeout and the role that its
 * template gives it. What comes when all are busy waits its turn.
 *
 * An asynchronous invocation is accepted at once, tried again after a failure as often as the template says, and ends in
 * its dead-letter queue. An environment that a timeout or a crash ended is gone, and the next invocation starts another.
 */

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import * as z from 'zod/mini';
import type { EnvironmentData, Invocation } from './function-worker.ts';
import type { Permissions } from './permissions.ts';
import type { Resource, StackTemplate } from './template.ts';

const functionSchema = z.object({
  Code: z.object({ S3Key: z.string() }),
  DeadLetterConfig: z.optional(z.object({ TargetArn: z.string() })),
  Environment: z.object({ Variables: z.record(z.string(), z.string()) }),
  Handler: z.string(),
  LoggingConfig: z.object({ LogGroup: z.string() }),
  Role: z.string(),
  Runtime: z.literal('nodejs24.x'),
  Timeout: z.number(),
  TracingConfig: z.optional(z.object({ Mode: z.string() })),
});

const invokeConfigSchema = z.object({ FunctionName: z.string(), MaximumRetryAttempts: z.number() });

const answerSchema = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ id: z.number(), result: z.string() }),
  z.object({ id: z.number(), error: z.string() }),
]);

/** The reading of a bundle and its first requests; a busy machine takes some seconds. */
const START_TIMEOUT_MS = 60_000;

/** What a new AWS account may run at the same time; here for each function, since none may starve another. */
const MAX_ENVIRONMENTS = 10;

/**
 * Dozens of environments load the same few files: what one has compiled, and stripped of its types, the others find. The
 * cache has to be there before the first file is read, so what is run is this line.
 */
const WORKER = `require('node:module').enableCompileCache(); import(${JSON.stringify(import.meta.resolve('./function-worker.ts'))});`;

export interface FunctionDeclaration {
  readonly arn: string;
  readonly name: string;
  readonly role: string;
  /** Of the bundle. */
  readonly file: string;
  readonly exportName: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly retries: number;
  /** Every invocation is sampled, or none is. */
  readonly traced: boolean;
  /** ARN of the queue. */
  readonly deadLetters: string | undefined;
}

/** @throws Error where a bundle is missing, Lambda may not take the role, or the role may not write the function's log */
export function functionsOf(
  assembly: string,
  stack: StackTemplate,
  permissions: Permissions,
): readonly FunctionDeclaration[] {
  const retries = new Map<string, number>();
  for (const { type, properties } of stack.resources) {
    if (type !== 'AWS::Lambda::EventInvokeConfig') continue;
    const { FunctionName, MaximumRetryAttempts } = z.parse(invokeConfigSchema, properties);
    retries.set(FunctionName, MaximumRetryAttempts);
  }
  return stack.resources
    .filter(({ type }) => type === 'AWS::Lambda::Function')
    .map((resource) => declarationOf(assembly, stack, resource, retries, permissions));
}

function declarationOf(
  assembly: string,
  stack: StackTemplate,
  { arn = '', reference: name, properties }: Resource,
  retries: ReadonlyMap<string, number>,
  permissions: Permissions,
): FunctionDeclaration {
  const declared = z.parse(functionSchema, properties);
  const [module = '', exportName = ''] = declared.Handler.split('.');
  const file = join(assembly, `asset.${declared.Code.S3Key.replace(/\.zip$/, '')}`, `${module}.mjs`);
  if (!existsSync(file)) throw new Error(`${name}: the assembly has no ${file}`);
  const log = stack.resources.find(
    ({ type, reference }) => type === 'AWS::Logs::LogGroup' && reference === declared.LoggingConfig.LogGroup,
  );
  const trust = permissions.decide({
    ...{ principal: 'lambda.amazonaws.com', action: 'sts:AssumeRole', resource: declared.Role },
  });
  if (trust !== 'allowed')
    throw new Error(`${name}: Lambda may not take the role ${declared.Role}: ${trust}`);
  const traced = declared.TracingConfig?.Mode === 'Active';
  for (const action of traced ? ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'] : []) {
    const resource = `arn:aws:xray:${stack.region}:${stack.account}:*`;
    const decision = permissions.decide({ principal: declared.Role, action, resource });
    if (decision !== 'allowed') throw new Error(`${name}: ${action}: ${decision}`);
  }
  for (const action of ['logs:CreateLogStream', 'logs:PutLogEvents']) {
    const decision = permissions.decide({ principal: declared.Role, action, resource: log?.arn ?? '' });
    if (decision !== 'allowed') throw new Error(`${name}: ${action} on its log: ${decision}`);
  }
  return {
    ...{ arn, name, role: declared.Role, file, exportName },
    variables: declared.Environment.Variables,
    timeoutMs: declared.Timeout * 1_000,
    retries: retries.get(name) ?? 2,
    traced,
    deadLetters: declared.DeadLetterConfig?.TargetArn,
  };
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface RehearsedFunctionOptions {
  /** Beside the template's: region, credentials and endpoints, which Lambda itself adds. */
  readonly added: Readonly<Record<string, string>>;
  readonly onOutput: (line: string) => void;
}

export class RehearsedFunction {
  readonly declaration: FunctionDeclaration;
  readonly #options: RehearsedFunctionOptions;
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  /** Of invocations that wait for an environment, in the order they came. */
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  #invocations = 0;
  #stopped = false;

  constructor(declaration: FunctionDeclaration, options: RehearsedFunctionOptions) {
    this.declaration = declaration;
    this.#options = options;
  }

  /** @throws Error what the handler threw, a timeout, or that the environment ended */
  async invoke(event: unknown): Promise<unknown> {
    if (this.#busy >= MAX_ENVIRONMENTS) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#busy += 1;
    try {
      return await this.#run(event);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#busy -= 1;
      else next();
    }
  }

  async #run(event: unknown): Promise<unknown> {
    const worker = this.#idle.pop() ?? (await this.#start());
    const id = this.#invocations++;
    const pending = Promise.withResolvers<unknown>();
    const { timeoutMs, name } = this.declaration;
    const timer = setTimeout(() => {
      pending.reject(new Error(`${name} timed out after ${timeoutMs} ms`));
      void worker.terminate();
    }, timeoutMs);
    const onMessage = (message: unknown) => settle(pending, id, message);
    const onExit = () => pending.reject(new Error(`an environment of ${name} ended`));
    worker.on('message', onMessage).on('exit', onExit);
    const invocation: Invocation = {
      ...{ id, event: JSON.stringify(event) },
      trace: newTraceHeader(this.declaration),
    };
    worker.postMessage(invocation);
    try {
      return await pending.promise;
    } finally {
      clearTimeout(timer);
      worker.off('message', onMessage).off('exit', onExit);
      if (this.#all.has(worker)) this.#idle.push(worker);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
  }

  async #start(): Promise<Worker> {
    const { file, exportName, name, timeoutMs, variables } = this.declaration;
    if (this.#stopped) throw new Error(`${name} was stopped`);
    const environment: EnvironmentData = { file, exportName, functionName: name, timeoutMs };
    const worker = new Worker(WORKER, {
      eval: true,
      env: { ...variables, ...this.#options.added, AWS_LAMBDA_FUNCTION_NAME: name },
      workerData: environment,
      stdout: true,
      stderr: true,
    });
    const ready = Promise.withResolvers<void>();
    this.#all.add(worker);
    worker.once('exit', () => {
      this.#all.delete(worker);
      ready.reject(new Error(`an environment of ${name} ended before it was ready`));
      const position = this.#idle.indexOf(worker);
      if (position >= 0) this.#idle.splice(position, 1);
    });
    for (const stream of [worker.stdout, worker.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        for (const line of chunk.toString('utf8').split('\n')) if (line !== '') this.#options.onOutput(line);
      });
    }
    const timer = setTimeout(() => ready.reject(new Error(`${name} did not start`)), START_TIMEOUT_MS);
    worker.once('message', () => ready.resolve());
    worker.once('error', (error) => ready.reject(error));
    await ready.promise.finally(() => clearTimeout(timer));
    // From here on an error of the environment is its end.
    worker.on('error', () => {});
    return worker;
  }
}

/** As Lambda hands it to a function; the trace is a new one, since nothing here comes from one that goes on. */
function newTraceHeader({ traced }: FunctionDeclaration): string {
  const startedAt = Math.floor(Date.now() / 1_000).toString(16);
  const hex = (bytes: number) => randomBytes(bytes).toString('hex');
  return `Root=1-${startedAt}-${hex(12)};Parent=${hex(8)};Sampled=${traced ? 1 : 0}`;
}

function settle(pending: Pending, id: number, message: unknown): void {
  const answer = z.parse(answerSchema, message);
  if (!('id' in answer) || answer.id !== id) return;
  if ('error' in answer) pending.reject(new Error(answer.error));
  else pending.resolve(JSON.parse(answer.result));
}
