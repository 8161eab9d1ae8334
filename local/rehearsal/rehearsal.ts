/**
 * A deployment without an account: reads what `cdk synth` wrote, makes the tables, functions, routes and schedules that
 * the templates declare, and nothing else, and lets them run.
 *
 * A handler, variable, permission, table or route that is missing from a template is missing here, so an auction that
 * goes through has found everything it needs in what would be deployed. What a rehearsal cannot show is what AWS alone
 * knows: whether its evaluation of the policies is the one in `policy.ts`, service quotas, latencies, and whether
 * CloudFormation accepts the templates, of which cdk's own rules say something.
 */

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import * as z from 'zod/mini';
import { closeServer, listenOnLoopback } from '../listen.ts';
import { AwsEndpoint, type BusEvent, ENGINE_REGION, engineTableName, type Identity } from './aws-endpoint.ts';
import { Gateway } from './gateway.ts';
import { type FunctionDeclaration, functionsOf, RehearsedFunction } from './lambda.ts';
import { Permissions } from './permissions.ts';
import { readRoutes } from './routes.ts';
import { type Resource, readAssembly, type StackTemplate } from './template.ts';
import { type Subsegment, TraceDaemon } from './trace-daemon.ts';

export interface RehearsalOptions {
  /** That `cdk synth` wrote, bundles included. */
  readonly assembly: string;
  /** What operators put into their secrets: the value, or undefined to leave the placeholder. */
  readonly secretValue: (stack: StackTemplate, secret: Resource) => string | undefined;
  /** Between the tries of an asynchronous invocation; a minute on AWS. */
  readonly retryPauseMs?: number;
  /** A DynamoDB that is there already, whatever else it holds; one of its own where none is named. */
  readonly dynamodbUrl?: string;
  /** Where issuers of tokens answer, by the address that the templates name. */
  readonly issuers?: ReadonlyMap<string, string>;
  /** Milliseconds since 1970, for throttles and tokens. */
  readonly now?: () => number;
}

/** Enough for a failed try not to spin. */
const RETRY_PAUSE_MS = 500;

const tableSchema = z.object({
  AttributeDefinitions: z.array(
    z.object({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) }),
  ),
  KeySchema: z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) })),
});

const scheduleSchema = z.object({
  ScheduleExpression: z.string(),
  Target: z.object({ Arn: z.string(), RoleArn: z.string(), Input: z.string() }),
});

export interface DeadLetter {
  readonly functionName: string;
  readonly event: unknown;
}

export class Rehearsal {
  /** What was refused for want of a permission. */
  readonly refused: string[] = [];
  /** Functions behind HTTP that threw or timed out. */
  readonly failed: string[] = [];
  /** Lines that functions wrote, by the function's name. */
  readonly logs = new Map<string, string[]>();
  readonly deadLetters: DeadLetter[] = [];
  /** What was put on event buses. */
  readonly busEvents: BusEvent[] = [];
  readonly #options: RehearsalOptions;
  /** Of the engine's tables: one engine may serve several rehearsals, each under a key of its own. */
  readonly #engineKey = randomBytes(8).toString('hex');
  readonly #tables = new Set<string>();
  readonly #secrets = new Map<string, string>();
  readonly #callers = new Map<string, Identity>();
  readonly #functions = new Map<string, RehearsedFunction>();
  readonly #gateways = new Map<string, Gateway>();
  readonly #urls = new Map<string, string>();
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #stacks: readonly StackTemplate[] = [];
  #permissions = new Permissions([]);
  #dynamodbUrl = '';
  #awsUrl = '';
  #traceDaemon: TraceDaemon | undefined;
  #closeEngine: () => Promise<void> = async () => {};
  #closeAws: () => Promise<void> = async () => {};

  private constructor(options: RehearsalOptions) {
    this.#options = options;
  }

  static async start(options: RehearsalOptions): Promise<Rehearsal> {
    const rehearsal = new Rehearsal(options);
    try {
      await rehearsal.#start();
      return rehearsal;
    } catch (error) {
      await rehearsal.stop();
      throw error;
    }
  }

  get stacks(): readonly StackTemplate[] {
    return this.#stacks;
  }

  /** What functions that are traced told X-Ray's daemon. */
  get traces(): readonly Subsegment[] {
    return this.#traceDaemon?.subsegments ?? [];
  }

  /** Addresses of the stacks that have an API, in their order. */
  get urls(): readonly string[] {
    return [...this.#urls.values()];
  }

  /**
   * Puts other templates in place of the ones that run, as an update of the stacks would: permissions, routes and
   * settings change at once, functions that are declared differently start anew, and the others keep their environments
   * and what those remember. Tables and secrets that are no longer declared are out of reach, and keep what they hold.
   * @throws Error as at the start, and what ran before goes on
   */
  async deploy(assembly: string): Promise<void> {
    const stacks = readAssembly(assembly);
    const permissions = new Permissions(stacks, stacks.map(operatorRole));
    const declared = stacks.flatMap((stack) =>
      functionsOf(assembly, stack, permissions).map((declaration) => ({ stack, declaration })),
    );
    for (const stack of stacks) readRoutes(stack);
    await this.#makeTables(stacks);
    for (const stack of stacks) {
      this.#callers.set(operatorKey(stack), { role: operatorRole(stack), account: stack.account });
      this.#makeSecrets(stack);
      await this.#serve(stack);
    }
    this.#stacks = stacks;
    this.#permissions = permissions;
    await this.#replaceFunctions(declared);
  }

  /** What a program of an operator finds AWS by, who has the permissions of an administrator in its own account. */
  operatorEnvironment(stack: StackTemplate): Readonly<Record<string, string>> {
    return {
      AWS_ACCESS_KEY_ID: operatorKey(stack),
      AWS_SECRET_ACCESS_KEY: 'rehearsal',
      AWS_REGION: stack.region,
      ...this.#endpoints(),
    };
  }

  /**
   * Invokes what the schedules of all stacks invoke, once, and waits for it.
   * @param expression of the schedules that are due, such as `rate(1 minute)`; all of them where none is named
   */
  async tick(expression?: string): Promise<void> {
    const schedules = this.#stacks.flatMap(({ account, resources }) =>
      resources
        .filter(({ type }) => type === 'AWS::Scheduler::Schedule')
        .map(({ properties }) => ({ account, ...z.parse(scheduleSchema, properties) }))
        .filter(({ ScheduleExpression: due }) => expression === undefined || due === expression),
    );
    await Promise.all(
      schedules.map(async ({ account, Target: { Arn, RoleArn, Input } }) => {
        const scheduler = 'scheduler.amazonaws.com';
        const context = { 'aws:SourceAccount': account };
        this.#require({ principal: scheduler, action: 'sts:AssumeRole', resource: RoleArn, context });
        this.#require({ principal: RoleArn, action: 'lambda:InvokeFunction', resource: Arn });
        await this.#functionAt(Arn).invoke(JSON.parse(Input));
      }),
    );
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#gateways.values()].map((one) => one.stop()));
    await Promise.all([...this.#functions.values()].map((one) => one.stop()));
    await Promise.allSettled(this.#running);
    await this.#closeAws();
    await this.#traceDaemon?.stop();
    await this.#closeEngine();
  }

  async #start(): Promise<void> {
    this.#traceDaemon = await TraceDaemon.start();
    this.#dynamodbUrl = this.#options.dynamodbUrl ?? (await this.#startEngine());
    const aws = new AwsEndpoint({
      permissions: () => this.#permissions,
      ...{ callers: this.#callers, tables: this.#tables, secrets: this.#secrets },
      dynamodb: { url: this.#dynamodbUrl, accessKey: this.#engineKey },
      invoke: (arn, event) => this.#invokeLater(arn, event),
      onEvent: (event) => void this.busEvents.push(event),
      onRefused: (line) => this.refused.push(line),
    });
    this.#awsUrl = await aws.start();
    this.#closeAws = () => aws.stop();
    await this.deploy(this.#options.assembly);
  }

  async #startEngine(): Promise<string> {
    const engine = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
    const port = await listenOnLoopback(engine, 0);
    this.#closeEngine = () => closeServer(engine);
    return `http://127.0.0.1:${port}`;
  }

  /** Those that were not there before. */
  async #makeTables(stacks: readonly StackTemplate[]): Promise<void> {
    const credentials = { accessKeyId: this.#engineKey, secretAccessKey: 'rehearsal' };
    const client = new DynamoDBClient({ endpoint: this.#dynamodbUrl, region: ENGINE_REGION, credentials });
    const declared = stacks.flatMap(({ resources }) => resources);
    for (const { type, arn, properties } of declared) {
      if (type !== 'AWS::DynamoDB::Table' || arn === undefined || this.#tables.has(arn)) continue;
      const { AttributeDefinitions, KeySchema } = z.parse(tableSchema, properties);
      await client.send(
        new CreateTableCommand({
          TableName: engineTableName(arn),
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions,
          KeySchema,
        }),
      );
      this.#tables.add(arn);
    }
    client.destroy();
  }

  #makeSecrets(stack: StackTemplate): void {
    for (const resource of stack.resources) {
      const { type, arn } = resource;
      if (type !== 'AWS::SecretsManager::Secret' || arn === undefined || this.#secrets.has(arn)) continue;
      this.#secrets.set(arn, this.#options.secretValue(stack, resource) ?? 'a placeholder');
    }
  }

  async #serve(stack: StackTemplate): Promise<void> {
    const { name } = stack;
    const gateway = this.#gateways.get(name) ?? this.#newGateway();
    const started = this.#gateways.has(name);
    if (!gateway.deploy(stack) || started) return;
    this.#gateways.set(name, gateway);
    this.#urls.set(name, await gateway.start());
  }

  #newGateway(): Gateway {
    return new Gateway({
      issuers: this.#options.issuers ?? new Map(),
      now: this.#options.now ?? Date.now,
      mayInvoke: (functionArn, sourceArn) => {
        const decision = this.#permissions.decide({
          principal: 'apigateway.amazonaws.com',
          action: 'lambda:InvokeFunction',
          resource: functionArn,
          context: { 'aws:SourceArn': sourceArn },
        });
        if (decision !== 'allowed')
          this.refused.push(`API Gateway lambda:InvokeFunction ${functionArn}: ${decision}`);
        return decision;
      },
      invoke: (functionArn, event) => this.#functionAt(functionArn).invoke(event),
      onFailed: (line) => this.failed.push(line),
    });
  }

  async #replaceFunctions(
    declared: readonly { readonly stack: StackTemplate; readonly declaration: FunctionDeclaration }[],
  ): Promise<void> {
    const before = new Map(this.#functions);
    this.#functions.clear();
    for (const { stack, declaration } of declared) {
      const known = before.get(declaration.arn);
      const same = known !== undefined && JSON.stringify(known.declaration) === JSON.stringify(declaration);
      this.#functions.set(declaration.arn, same ? known : this.#newFunction(stack, declaration));
      if (same) before.delete(declaration.arn);
    }
    await Promise.all([...before.values()].map((one) => one.stop()));
  }

  #newFunction(stack: StackTemplate, declaration: FunctionDeclaration): RehearsedFunction {
    const accessKey = `rehearsal${this.#callers.size}`;
    this.#callers.set(accessKey, { role: declaration.role, account: stack.account });
    const lines = this.logs.get(declaration.name) ?? [];
    this.logs.set(declaration.name, lines);
    const added = {
      AWS_REGION: stack.region,
      AWS_ACCESS_KEY_ID: accessKey,
      AWS_SECRET_ACCESS_KEY: 'rehearsal',
      AWS_XRAY_DAEMON_ADDRESS: this.#traceDaemon?.address ?? '',
      ...this.#endpoints(),
    };
    const onOutput = (line: string) => void lines.push(line);
    return new RehearsedFunction(declaration, { added, onOutput });
  }

  #endpoints(): Readonly<Record<string, string>> {
    const services = ['DYNAMODB', 'SECRETS_MANAGER', 'LAMBDA', 'EVENTBRIDGE', 'STS'];
    return Object.fromEntries(services.map((service) => [`AWS_ENDPOINT_URL_${service}`, this.#awsUrl]));
  }

  #invokeLater(arn: string, event: unknown): boolean {
    if (!this.#functions.has(arn)) return false;
    const run = this.#tryAndTryAgain(arn, event).finally(() => this.#running.delete(run));
    this.#running.add(run);
    return true;
  }

  /** By the function that is deployed when its turn comes. */
  async #tryAndTryAgain(arn: string, event: unknown): Promise<void> {
    const { name, retries, deadLetters, role } = this.#functionAt(arn).declaration;
    for (let tries = 0; tries <= retries && !this.#stop.signal.aborted; tries++) {
      try {
        await this.#functionAt(arn).invoke(event);
        return;
      } catch {
        const pauseMs = this.#options.retryPauseMs ?? RETRY_PAUSE_MS;
        await sleep(pauseMs, undefined, { signal: this.#stop.signal }).catch(() => {});
      }
    }
    if (deadLetters === undefined || this.#stop.signal.aborted) return;
    const decision = this.#permissions.decide({
      principal: role,
      action: 'sqs:SendMessage',
      resource: deadLetters,
    });
    if (decision === 'allowed') this.deadLetters.push({ functionName: name, event });
    else this.refused.push(`${role} sqs:SendMessage ${deadLetters}: ${decision}`);
  }

  #functionAt(arn: string): RehearsedFunction {
    const one = this.#functions.get(arn);
    if (one === undefined) throw new Error(`no template declares ${arn}`);
    return one;
  }

  /** @throws Error what AWS would say of a schedule, where nobody reads it */
  #require(request: Parameters<Permissions['decide']>[0]): void {
    const decision = this.#permissions.decide(request);
    const { principal, action, resource } = request;
    if (decision !== 'allowed') throw new Error(`${principal} ${action} ${resource}: ${decision}`);
  }
}

function operatorRole({ account }: Pick<StackTemplate, 'account'>): string {
  return `arn:aws:iam::${account}:role/operator-of-the-rehearsal`;
}

function operatorKey({ name }: Pick<StackTemplate, 'name'>): string {
  return `operator-${name}`;
}
