/**
 * A synthesised cloud assembly as data: stacks with their account and region, and resources whose references are
 * resolved to names and ARNs as CloudFormation would make them.
 *
 * Physical names that CloudFormation would make up are the stack's and the logical id with a hyphen between, so they are
 * the same whenever they are read. What is not understood (an intrinsic function, an attribute) is an error and never a
 * placeholder: a rehearsal that skips what it does not know would prove nothing about it.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';

export interface Place {
  readonly account: string;
  readonly region: string;
}

export interface Resource {
  readonly type: string;
  readonly logicalId: string;
  /** With every reference resolved. */
  readonly properties: Readonly<Record<string, unknown>>;
  readonly arn: string | undefined;
  /** What `Ref` gives: mostly the name. */
  readonly reference: string;
  readonly deletionPolicy: string | undefined;
}

export interface StackTemplate extends Place {
  readonly name: string;
  readonly resources: readonly Resource[];
  /** What a deployment tells its operator, by name. */
  readonly outputs: Readonly<Record<string, string>>;
}

const manifestSchema = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      environment: z.optional(z.string()),
      properties: z.optional(z.object({ templateFile: z.optional(z.string()) })),
    }),
  ),
});

const rawResourceSchema = z.object({
  Type: z.string(),
  Properties: z.optional(z.record(z.string(), z.unknown())),
  DeletionPolicy: z.optional(z.string()),
});

const templateSchema = z.object({
  Resources: z.record(z.string(), rawResourceSchema),
  Outputs: z.optional(z.record(z.string(), z.object({ Value: z.unknown() }))),
});

type RawResource = z.infer<typeof rawResourceSchema>;
type RawTemplate = z.infer<typeof templateSchema>;

/** @param directory that `cdk synth` wrote */
export function readAssembly(directory: string): readonly StackTemplate[] {
  const { artifacts } = z.parse(manifestSchema, readJson(join(directory, 'manifest.json')));
  return Object.entries(artifacts).flatMap(([name, { type, environment, properties }]) => {
    if (type !== 'aws:cloudformation:stack') return [];
    const [, account, region] = /^aws:\/\/(\d{12})\/([a-z0-9-]+)$/.exec(environment ?? '') ?? [];
    const file = properties?.templateFile;
    if (account === undefined || region === undefined || file === undefined) {
      throw new Error(`stack ${name} is not bound to an account and a region`);
    }
    const template = z.parse(templateSchema, readJson(join(directory, file)));
    return new Resolver({ name, account, region }, template).stack();
  });
}

class Resolver {
  readonly #stack: Place & { readonly name: string };
  readonly #raw: ReadonlyMap<string, RawResource>;
  readonly #rawOutputs: NonNullable<RawTemplate['Outputs']>;

  constructor(stack: Place & { readonly name: string }, { Resources, Outputs = {} }: RawTemplate) {
    this.#stack = stack;
    this.#raw = new Map(Object.entries(Resources));
    this.#rawOutputs = Outputs;
  }

  stack(): StackTemplate {
    const resources = [...this.#raw].map(([logicalId, raw]) => ({
      type: raw.Type,
      logicalId,
      properties: z.parse(z.record(z.string(), z.unknown()), this.#resolve(raw.Properties ?? {})),
      arn: this.#arnOf(logicalId),
      reference: this.#reference(logicalId),
      deletionPolicy: raw.DeletionPolicy,
    }));
    const outputs = Object.entries(this.#rawOutputs).map(
      ([name, { Value }]) => [name, z.parse(z.string(), this.#resolve(Value))] as const,
    );
    return { ...this.#stack, resources, outputs: Object.fromEntries(outputs) };
  }

  #resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((element) => this.#resolve(element));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [[name, argument] = ['', undefined]] = entries;
    if (entries.length !== 1 || !(name === 'Ref' || name.startsWith('Fn::'))) {
      return Object.fromEntries(entries.map(([key, inner]) => [key, this.#resolve(inner)]));
    }
    switch (name) {
      case 'Ref':
        return this.#reference(z.parse(z.string(), argument));
      case 'Fn::GetAtt': {
        const [logicalId, attribute] = z.parse(z.tuple([z.string(), z.string()]), argument);
        return this.#attribute(logicalId, attribute);
      }
      case 'Fn::Join': {
        const [separator, parts] = z.parse(z.tuple([z.string(), z.array(z.unknown())]), argument);
        return parts.map((part) => z.parse(z.string(), this.#resolve(part))).join(separator);
      }
      default:
        throw new Error(`${this.#stack.name}: ${name} is not understood`);
    }
  }

  #rawOf(logicalId: string): RawResource {
    const raw = this.#raw.get(logicalId);
    if (raw === undefined) throw new Error(`${this.#stack.name}: nothing is called ${logicalId}`);
    return raw;
  }

  #reference(logicalId: string): string {
    const pseudo: Readonly<Record<string, string>> = {
      'AWS::AccountId': this.#stack.account,
      'AWS::Region': this.#stack.region,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': this.#stack.name,
    };
    const value = pseudo[logicalId];
    if (value !== undefined) return value;
    const { Type: type } = this.#rawOf(logicalId);
    if (type === 'AWS::SecretsManager::Secret' || type === 'AWS::SNS::Topic') {
      return this.#arnOf(logicalId) ?? '';
    }
    const { account, region } = this.#stack;
    if (type === 'AWS::SQS::Queue') {
      return `https://sqs.${region}.amazonaws.com/${account}/${this.#nameOf(logicalId)}`;
    }
    return this.#nameOf(logicalId);
  }

  #attribute(logicalId: string, attribute: string): string {
    if (attribute === 'Arn') {
      const arn = this.#arnOf(logicalId);
      if (arn !== undefined) return arn;
    }
    if (attribute === 'QueueName') return this.#nameOf(logicalId);
    if (attribute === 'ApiEndpoint') {
      return `https://${this.#nameOf(logicalId)}.execute-api.${this.#stack.region}.amazonaws.com`;
    }
    throw new Error(`${this.#stack.name}: ${logicalId} has no attribute ${attribute} here`);
  }

  #nameOf(logicalId: string): string {
    const { Type: type, Properties: properties = {} } = this.#rawOf(logicalId);
    const given = properties[NAME_PROPERTIES[type] ?? ''];
    return typeof given === 'string' ? given : `${this.#stack.name}-${logicalId}`;
  }

  #arnOf(logicalId: string): string | undefined {
    const { account, region } = this.#stack;
    const name = this.#nameOf(logicalId);
    switch (this.#rawOf(logicalId).Type) {
      case 'AWS::CloudWatch::Alarm':
        return `arn:aws:cloudwatch:${region}:${account}:alarm:${name}`;
      case 'AWS::DynamoDB::Table':
        return `arn:aws:dynamodb:${region}:${account}:table/${name}`;
      case 'AWS::IAM::Role':
        return `arn:aws:iam::${account}:role/${name}`;
      case 'AWS::KMS::Key':
        return `arn:aws:kms:${region}:${account}:key/${name}`;
      case 'AWS::Lambda::Function':
        return `arn:aws:lambda:${region}:${account}:function:${name}`;
      case 'AWS::Logs::LogGroup':
        return `arn:aws:logs:${region}:${account}:log-group:${name}:*`;
      case 'AWS::SecretsManager::Secret':
        return `arn:aws:secretsmanager:${region}:${account}:secret:${name}-AbCdEf`;
      case 'AWS::SNS::Topic':
        return `arn:aws:sns:${region}:${account}:${name}`;
      case 'AWS::SQS::Queue':
        return `arn:aws:sqs:${region}:${account}:${name}`;
      default:
        return undefined;
    }
  }
}

/** Where a template may choose the physical name. */
const NAME_PROPERTIES: Readonly<Record<string, string>> = {
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::KMS::Alias': 'AliasName',
};

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
