/**
 * The AWS that functions and operators of a rehearsal talk to: DynamoDB, Secrets Manager, Lambda, EventBridge and the
 * Security Token Service behind one address, for all accounts, with the permissions of the templates in front of them.
 *
 * Who calls is told by the access key, which each function has of its own, as it would by its role's credentials;
 * signatures are not checked, but for the region that they are made for, where alone a table answers. A call goes through
 * if the policies allow it to that role, on a table, secret or function that a template declares. Tables are those of one
 * engine, under names with account and region in them; a caller names them as it would on AWS, by name in its own
 * account or by ARN in another.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import { closeServer, listenOnLoopback } from '../listen.ts';
import { readBody } from '../read-body.ts';
import type { Permissions } from './permissions.ts';
import { accountOf } from './policy.ts';
import { assumeRole } from './security-tokens.ts';

export interface Identity {
  /** ARN. */
  readonly role: string;
  readonly account: string;
}

interface Caller extends Identity {
  /** That the request is signed for. */
  readonly region: string;
}

export interface BusEvent {
  /** ARN of the bus. */
  readonly bus: string;
  readonly source: string;
  readonly detailType: string;
  readonly detail: unknown;
}

export interface AwsEndpointOptions {
  /** Of what is deployed by then. */
  readonly permissions: () => Permissions;
  /** By access key; who assumes a role is added. */
  readonly callers: Map<string, Identity>;
  /** Of the engine behind the tables, and the key under which it has those of this rehearsal. */
  readonly dynamodb: { readonly url: string; readonly accessKey: string };
  /** ARNs of tables that there are. */
  readonly tables: ReadonlySet<string>;
  /** Values by ARN of the secrets that there are. */
  readonly secrets: Map<string, string>;
  /** Takes an asynchronous invocation; undefined where there is no such function. */
  readonly invoke: (functionArn: string, event: unknown) => boolean;
  /** Takes what was put on a bus. */
  readonly onEvent: (event: BusEvent) => void;
  /** Everything that was refused, as `<role> <action> <resource>: <why>`. */
  readonly onRefused: (line: string) => void;
}

/** DynamoDB's own bound of a request. */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024;

const itemSchema = z.object({ pk: z.object({ S: z.string() }) });
const oneTableSchema = z.object({
  TableName: z.string(),
  Key: z.optional(z.unknown()),
  Item: z.optional(z.unknown()),
});
const batchSchema = z.object({ RequestItems: z.record(z.string(), z.unknown()) });
const putEventsSchema = z.object({
  Entries: z.array(
    z.object({ EventBusName: z.string(), Source: z.string(), DetailType: z.string(), Detail: z.string() }),
  ),
});
const secretSchema = z.object({ SecretId: z.string(), SecretString: z.optional(z.string()) });

/** Regions are part of the names of tables. */
export const ENGINE_REGION = 'local';

/** What a batch answer says by table. */
const BY_TABLE = ['Responses', 'UnprocessedKeys', 'UnprocessedItems'] as const;

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
}

export class AwsEndpoint {
  readonly #options: AwsEndpointOptions;
  readonly #server: Server;

  constructor(options: AwsEndpointOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#answer(request)
        .then((answer) => send(response, answer))
        .catch(() => response.destroy());
    });
  }

  /** @returns its address */
  async start(): Promise<string> {
    return `http://127.0.0.1:${await listenOnLoopback(this.#server, 0)}`;
  }

  stop(): Promise<void> {
    return closeServer(this.#server);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const body = await readBody(request, MAX_REQUEST_BYTES);
    if (body === undefined) return { status: 413, body: '' };
    const [, key = '', region = ''] =
      /Credential=([^/,\s]+)\/\d{8}\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? [];
    const known = this.#options.callers.get(key);
    if (known === undefined) return refusal('UnrecognizedClientException', 'nobody has this access key');
    const caller = { ...known, region };
    if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true)
      return this.#securityTokens(caller, body.toString('utf8'));
    const target = String(request.headers['x-amz-target'] ?? '');
    const [service, operation = ''] = target.split('.');
    if (service === 'DynamoDB_20120810')
      return await this.#dynamodb(caller, operation, target, request, body);
    if (service === 'secretsmanager') return this.#secretsManager(caller, operation, body);
    if (service === 'AWSEvents') return this.#eventBridge(caller, operation, body);
    const name = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.url ?? '')?.[1];
    if (name !== undefined) return this.#lambda(caller, decodeURIComponent(name), request, body);
    return refusal('UnknownOperationException', `a rehearsal has no ${target || request.url}`);
  }

  async #dynamodb(
    caller: Caller,
    operation: string,
    target: string,
    request: IncomingMessage,
    body: Buffer,
  ): Promise<Answer> {
    const input: unknown = JSON.parse(body.toString('utf8'));
    const batch = z.safeParse(batchSchema, input);
    const names = batch.success
      ? Object.keys(batch.data.RequestItems)
      : [z.parse(oneTableSchema, input).TableName];
    const engineNames = new Map<string, string>();
    for (const name of names) {
      const arn = name.startsWith('arn:')
        ? name
        : `arn:aws:dynamodb:${caller.region}:${caller.account}:table/${name}`;
      const refused = this.#refuse(
        caller,
        `dynamodb:${operation}`,
        arn,
        batch.success ? undefined : partitionOf(input),
      );
      if (refused !== undefined) return refused;
      if (!this.#options.tables.has(arn) || arn.split(':')[3] !== caller.region)
        return refusal('ResourceNotFoundException', `there is no table ${arn}`);
      engineNames.set(name, engineTableName(arn));
    }
    const renamed = batch.success
      ? { ...batch.data, RequestItems: renameKeys(batch.data.RequestItems, engineNames) }
      : { ...z.parse(z.record(z.string(), z.unknown()), input), TableName: engineNames.get(names[0] ?? '') };
    const { url, accessKey } = this.#options.dynamodb;
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': target,
        'x-amz-date': String(request.headers['x-amz-date'] ?? ''),
        authorization: engineAuthorization(accessKey),
      },
      body: JSON.stringify(renamed),
    });
    const text = await response.text();
    return { status: response.status, body: batch.success ? renamedAnswer(text, engineNames) : text };
  }

  #secretsManager(caller: Caller, operation: string, body: Buffer): Answer {
    const { SecretId: arn, SecretString: put } = z.parse(secretSchema, JSON.parse(body.toString('utf8')));
    const refused = this.#refuse(caller, `secretsmanager:${operation}`, arn);
    if (refused !== undefined) return refused;
    const { secrets } = this.#options;
    if (operation === 'PutSecretValue' && put !== undefined && secrets.has(arn)) secrets.set(arn, put);
    const value = secrets.get(arn);
    if (value === undefined || !['GetSecretValue', 'PutSecretValue'].includes(operation)) {
      return refusal('ResourceNotFoundException', `there is no value of ${arn}`);
    }
    if (operation === 'PutSecretValue') return { status: 200, body: JSON.stringify({ ARN: arn }) };
    return { status: 200, body: JSON.stringify({ ARN: arn, SecretString: value }) };
  }

  #eventBridge(caller: Caller, operation: string, body: Buffer): Answer {
    const { Entries: entries } = z.parse(putEventsSchema, JSON.parse(body.toString('utf8')));
    for (const { EventBusName: name, Source, DetailType, Detail } of entries) {
      const bus = name.startsWith('arn:')
        ? name
        : `arn:aws:events:${caller.region}:${caller.account}:event-bus/${name}`;
      const refused = this.#refuse(caller, `events:${operation}`, bus);
      if (refused !== undefined) return refused;
      this.#options.onEvent({ bus, source: Source, detailType: DetailType, detail: JSON.parse(Detail) });
    }
    const answers = entries.map((_, index) => ({ EventId: String(index) }));
    return { status: 200, body: JSON.stringify({ FailedEntryCount: 0, Entries: answers }) };
  }

  #lambda({ account, region, role }: Caller, name: string, request: IncomingMessage, body: Buffer): Answer {
    const arn = name.startsWith('arn:') ? name : `arn:aws:lambda:${region}:${account}:function:${name}`;
    const refused = this.#refuse({ account, region, role }, 'lambda:InvokeFunction', arn);
    if (refused !== undefined) return refused;
    if (request.headers['x-amz-invocation-type'] !== 'Event') {
      return refusal('UnknownOperationException', 'a rehearsal has asynchronous invocations only');
    }
    const accepted = this.#options.invoke(arn, JSON.parse(body.toString('utf8')));
    return accepted ? { status: 202, body: '' } : refusal('ResourceNotFoundException', `there is no ${arn}`);
  }

  #securityTokens({ role }: Caller, form: string): Answer {
    const { callers, permissions, onRefused } = this.#options;
    const accessKey = `session${callers.size}`;
    const action = 'sts:AssumeRole';
    const decide = (resource: string) => permissions().decide({ principal: role, action, resource });
    const { status, body, role: assumed, decision } = assumeRole(form, accessKey, decide, Date.now());
    if (decision === 'allowed') {
      // What a session does, it does as its role.
      callers.set(accessKey, { role: assumed, account: accountOf(assumed) ?? '' });
    } else onRefused(`${role} ${action} ${assumed}: ${decision}`);
    return { status, body, contentType: 'text/xml' };
  }

  #refuse({ role }: Caller, action: string, resource: string, partition?: string): Answer | undefined {
    const decision = this.#options.permissions().call(role, action, resource, partition);
    if (decision === 'allowed') return undefined;
    const line = `${role} ${action} ${resource}: ${decision}`;
    this.#options.onRefused(line);
    return refusal('AccessDeniedException', line);
  }
}

/** Of a request for one item. */
function partitionOf(input: unknown): string | undefined {
  const { Key, Item } = z.parse(oneTableSchema, input);
  return z.safeParse(itemSchema, Key ?? Item).data?.pk.S;
}

/** The same for no two tables of two accounts or regions. */
export function engineTableName(arn: string): string {
  const [, , , region = '', account = '', name = ''] = arn.split(':');
  return `${account}.${region}.${name.replace('table/', '')}`;
}

/** Engines ask for a signature and do not check it; some keep the tables of each access key apart. */
function engineAuthorization(accessKey: string): string {
  return `AWS4-HMAC-SHA256 Credential=${accessKey}/20260101/${ENGINE_REGION}/dynamodb/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`;
}

function renameKeys(byName: Readonly<Record<string, unknown>>, names: ReadonlyMap<string, string>) {
  return Object.fromEntries(Object.entries(byName).map(([name, value]) => [names.get(name) ?? name, value]));
}

function renamedAnswer(text: string, names: ReadonlyMap<string, string>): string {
  const back = new Map([...names].map(([asked, engine]) => [engine, asked]));
  const answer = z.parse(z.record(z.string(), z.unknown()), JSON.parse(text));
  for (const field of BY_TABLE) {
    const byTable = z.safeParse(z.record(z.string(), z.unknown()), answer[field]);
    if (byTable.success) answer[field] = renameKeys(byTable.data, back);
  }
  return JSON.stringify(answer);
}

function refusal(type: string, message: string): Answer {
  return { status: 400, body: JSON.stringify({ __type: type, message }) };
}

function send(response: ServerResponse, { status, body, contentType }: Answer): void {
  response
    .writeHead(status, {
      'content-type': contentType ?? 'application/x-amz-json-1.0',
      date: new Date().toUTCString(),
    })
    .end(body);
}
