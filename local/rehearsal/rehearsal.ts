/**
 * A deployment without an account: reads what `cdk synth` wrote, makes the tables, functions, routes and schedules that
 * the templates declare, and nothing else, and lets them run.
 *
 * A handler, variable, permission, table or route that is missing from a template is missing here, so an auction that
 * goes through has found everything it needs in what would be deployed. What a rehearsal cannot show is what AWS alone
 * knows: whether its evaluation of the policies is the one in `policy.ts`, service quotas, latencies, and whether
 * CloudFormation accepts the templates, of which cdk's own rules say something.
 */

import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import * as z from 'zod/mini';
import type { HttpHandler } from '../../functions/http-handler.ts';
import { createApiServer } from '../event-adapter.ts';
import { closeServer, listenOnLoopback } from '../listen.ts';
import { AwsEndpoint, type BusEvent, type Caller, engineTableName } from './aws-endpoint.ts';
import { functionsOf, RehearsedFunction } from './lambda.ts';
import { Permissions } from './permissions.ts';
import { type DeclaredRoute, readRoutes } from './routes.ts';
import { type Resource, readAssembly, type StackTemplate } from './template.ts';

export interface RehearsalOptions {
  /** That `cdk synth` wrote, bundles included. */
  readonly assembly: string;
  /** What operators put into their secrets: the value, or undefined to leave the placeholder. */
  readonly secretValue: (stack: StackTemplate, secret: Resource) => string | undefined;
  /** Between the tries of an asynchronous invocation; a minute on AWS. */
  readonly retryPauseMs?: number;
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
  Target: z.object({ Arn: z.string(), RoleArn: z.string(), Input: z.string() }),
});

export interface DeadLetter {
  readonly functionName: string;
  readonly event: unknown;
}

export class Rehearsal {
  readonly stacks: readonly StackTemplate[];
  /** What was refused for want of a permission. */
  readonly refused: string[] = [];
  /** Lines that functions wrote, by the function's name. */
  readonly logs = new Map<string, string[]>();
  readonly deadLetters: DeadLetter[] = [];
  /** What was put on event buses. */
  readonly busEvents: BusEvent[] = [];
  readonly #permissions: Permissions;
  readonly #options: RehearsalOptions;
  readonly #functions = new Map<string, RehearsedFunction>();
  readonly #apis: Server[] = [];
  readonly #urls = new Map<StackTemplate, string>();
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #awsUrl = '';
  #closeEngine: () => Promise<void> = async () => {};
  #closeAws: () => Promise<void> = async () => {};

  private constructor(options: RehearsalOptions) {
    this.#options = options;
    this.stacks = readAssembly(options.assembly);
    this.#permissions = new Permissions(this.stacks, this.stacks.map(operatorRole));
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

  /** Addresses of the stacks that have an API, in their order. */
  get urls(): readonly string[] {
    return [...this.#urls.values()];
  }

  /** For what an operator does by hand in its own account, with the permissions of an administrator there. */
  operatorClient({ region, name }: StackTemplate): DynamoDBClient {
    const credentials = { accessKeyId: operatorKey(name), secretAccessKey: 'rehearsal' };
    return new DynamoDBClient({ endpoint: this.#awsUrl, region, credentials });
  }

  /** Invokes what the schedules of all stacks invoke, once, and waits for it. */
  async tick(): Promise<void> {
    const targets = this.stacks.flatMap(({ resources }) =>
      resources
        .filter(({ type }) => type === 'AWS::Scheduler::Schedule')
        .map(({ properties }) => z.parse(scheduleSchema, properties).Target),
    );
    await Promise.all(
      targets.map(async ({ Arn, RoleArn, Input }) => {
        const decision = this.#permissions.decide({
          principal: RoleArn,
          action: 'lambda:InvokeFunction',
          resource: Arn,
        });
        if (decision !== 'allowed') throw new Error(`${RoleArn} may not invoke ${Arn}: ${decision}`);
        await this.#functionAt(Arn).invoke(JSON.parse(Input));
      }),
    );
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#apis.map(closeServer));
    await Promise.all([...this.#functions.values()].map((one) => one.stop()));
    await Promise.allSettled(this.#running);
    await this.#closeAws();
    await this.#closeEngine();
  }

  async #start(): Promise<void> {
    const dynamodbUrl = await this.#startEngine();
    const tables = await this.#createTables(dynamodbUrl);
    const callers = new Map<string, Caller>();
    const secrets = new Map<string, string>();
    for (const stack of this.stacks) {
      for (const resource of stack.resources) {
        if (resource.type !== 'AWS::SecretsManager::Secret' || resource.arn === undefined) continue;
        secrets.set(resource.arn, this.#options.secretValue(stack, resource) ?? 'a placeholder');
      }
    }
    const aws = new AwsEndpoint({
      ...{ permissions: this.#permissions, callers, dynamodbUrl, tables, secrets },
      invoke: (arn, event) => this.#invokeLater(arn, event),
      onEvent: (event) => void this.busEvents.push(event),
      onRefused: (line) => this.refused.push(line),
    });
    this.#awsUrl = await aws.start();
    this.#closeAws = () => aws.stop();
    for (const stack of this.stacks) {
      const { name, account, region } = stack;
      callers.set(operatorKey(name), { role: operatorRole(stack), account, region });
      this.#declareFunctions(stack, callers);
    }
    for (const stack of this.stacks) await this.#serve(stack);
  }

  async #startEngine(): Promise<string> {
    const engine = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
    const port = await listenOnLoopback(engine, 0);
    this.#closeEngine = () => closeServer(engine);
    return `http://127.0.0.1:${port}`;
  }

  async #createTables(endpoint: string): Promise<ReadonlySet<string>> {
    const credentials = { accessKeyId: 'rehearsal', secretAccessKey: 'rehearsal' };
    const client = new DynamoDBClient({ endpoint, region: 'local', credentials });
    const arns = new Set<string>();
    for (const { type, arn, properties } of this.stacks.flatMap(({ resources }) => resources)) {
      if (type !== 'AWS::DynamoDB::Table' || arn === undefined) continue;
      const { AttributeDefinitions, KeySchema } = z.parse(tableSchema, properties);
      await client.send(
        new CreateTableCommand({
          TableName: engineTableName(arn),
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions,
          KeySchema,
        }),
      );
      arns.add(arn);
    }
    client.destroy();
    return arns;
  }

  #declareFunctions(stack: StackTemplate, callers: Map<string, Caller>): void {
    for (const declaration of functionsOf(this.#options.assembly, stack, this.#permissions)) {
      const accessKey = `rehearsal${callers.size}`;
      callers.set(accessKey, { role: declaration.role, account: stack.account, region: stack.region });
      const lines: string[] = [];
      this.logs.set(declaration.name, lines);
      const added = {
        AWS_REGION: stack.region,
        AWS_ACCESS_KEY_ID: accessKey,
        AWS_SECRET_ACCESS_KEY: 'rehearsal',
        AWS_ENDPOINT_URL_DYNAMODB: this.#awsUrl,
        AWS_ENDPOINT_URL_SECRETS_MANAGER: this.#awsUrl,
        AWS_ENDPOINT_URL_LAMBDA: this.#awsUrl,
        AWS_ENDPOINT_URL_EVENTBRIDGE: this.#awsUrl,
      };
      const onOutput = (line: string) => void lines.push(line);
      this.#functions.set(declaration.arn, new RehearsedFunction(declaration, { added, onOutput }));
    }
  }

  async #serve(stack: StackTemplate): Promise<void> {
    const routes = readRoutes(stack);
    if (routes.size === 0) return;
    const handler: HttpHandler = async (event) => {
      const route = routes.get(event.routeKey);
      if (route === undefined) return { statusCode: 404, body: JSON.stringify({ message: 'Not Found' }) };
      return await this.#callThroughApi(route, event);
    };
    const api = createApiServer({
      'party-info': handler,
      'party-status': handler,
      'show-openapi': handler,
      'publish-tender': handler,
      'list-tenders': handler,
      'show-tender': handler,
      'close-tender': handler,
      'submit-bid': handler,
      'show-outcome': handler,
      'vault-access': handler,
    });
    this.#apis.push(api);
    this.#urls.set(stack, `http://127.0.0.1:${await listenOnLoopback(api, 0)}`);
  }

  async #callThroughApi({ functionArn, sourceArn }: DeclaredRoute, event: unknown) {
    const decision = this.#permissions.decide({
      principal: 'apigateway.amazonaws.com',
      action: 'lambda:InvokeFunction',
      resource: functionArn,
      context: { 'aws:SourceArn': sourceArn },
    });
    if (decision !== 'allowed') {
      this.refused.push(`API Gateway lambda:InvokeFunction ${functionArn}: ${decision}`);
      return { statusCode: 500, body: JSON.stringify({ message: 'Internal Server Error' }) };
    }
    const result = await this.#functionAt(functionArn).invoke(event);
    return z.parse(httpResultSchema, result);
  }

  #invokeLater(arn: string, event: unknown): boolean {
    const one = this.#functions.get(arn);
    if (one === undefined) return false;
    const run = this.#tryAndTryAgain(one, event).finally(() => this.#running.delete(run));
    this.#running.add(run);
    return true;
  }

  async #tryAndTryAgain(one: RehearsedFunction, event: unknown): Promise<void> {
    const { name, retries, deadLetters, role } = one.declaration;
    for (let tries = 0; tries <= retries && !this.#stop.signal.aborted; tries++) {
      try {
        await one.invoke(event);
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
}

function operatorRole({ account }: Pick<StackTemplate, 'account'>): string {
  return `arn:aws:iam::${account}:role/operator-of-the-rehearsal`;
}

function operatorKey(stack: string): string {
  return `operator-${stack}`;
}

const httpResultSchema = z.object({
  statusCode: z.number(),
  headers: z.optional(z.record(z.string(), z.string())),
  body: z.optional(z.string()),
  isBase64Encoded: z.optional(z.boolean()),
});
