/**
 * The routes of an HTTP API as a template declares them: by route key, the function behind each, how many requests pass,
 * and whose tokens it asks for.
 */

import * as z from 'zod/mini';
import type { StackTemplate } from './template.ts';

export interface Throttle {
  /** Requests a second. */
  readonly rate: number;
  /** Requests at once. */
  readonly burst: number;
}

export interface JwtConfiguration {
  readonly issuer: string;
  readonly audience: readonly string[];
}

export interface AskedTokens {
  /** Of the authoriser. */
  readonly id: string;
  readonly jwt: JwtConfiguration;
  /** A token needs one of them, where there are any. */
  readonly scopes: readonly string[];
}

export interface DeclaredRoute {
  readonly functionArn: string;
  /** As which API Gateway invokes it. */
  readonly sourceArn: string;
  readonly throttle: Throttle;
  /** Undefined where no token is asked for. */
  readonly tokens: AskedTokens | undefined;
}

const routeSchema = z.object({
  ApiId: z.string(),
  AuthorizationType: z.enum(['NONE', 'JWT']),
  AuthorizationScopes: z.optional(z.array(z.string())),
  AuthorizerId: z.optional(z.string()),
  RouteKey: z.string(),
  Target: z.string(),
});

const integrationSchema = z.object({
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string(),
  PayloadFormatVersion: z.literal('2.0'),
});

const authoriserSchema = z.object({
  AuthorizerType: z.literal('JWT'),
  IdentitySource: z.tuple([z.literal('$request.header.Authorization')]),
  JwtConfiguration: z.object({
    // API Gateway takes no other.
    Issuer: z.string().check(z.startsWith('https://')),
    Audience: z.array(z.string()).check(z.minLength(1)),
  }),
});

const throttleSchema = z.object({ ThrottlingRateLimit: z.number(), ThrottlingBurstLimit: z.number() });

const stageSchema = z.object({
  StageName: z.literal('$default'),
  AutoDeploy: z.literal(true),
  DefaultRouteSettings: throttleSchema,
  RouteSettings: z.optional(z.record(z.string(), throttleSchema)),
});

const STAGE = '$default';

/**
 * @returns none for a stack without an API
 * @throws Error for a route that leads nowhere, has no stage or an authoriser that there is not, and for a stage that
 *   throttles a route that there is not
 */
export function readRoutes(stack: StackTemplate): ReadonlyMap<string, DeclaredRoute> {
  const { account, region, resources } = stack;
  const declared = resources.filter(({ type }) => type === 'AWS::ApiGatewayV2::Route');
  if (declared.length === 0) return new Map();
  const integrations = byReference(stack, 'AWS::ApiGatewayV2::Integration', integrationSchema);
  const authorisers = byReference(stack, 'AWS::ApiGatewayV2::Authorizer', authoriserSchema);
  const [stage] = byReference(stack, 'AWS::ApiGatewayV2::Stage', stageSchema).values();
  if (stage === undefined) throw new Error('the API has routes and no stage');
  const routes = new Map<string, DeclaredRoute>();
  for (const { properties, logicalId } of declared) {
    const { ApiId, AuthorizationType, AuthorizationScopes, AuthorizerId, RouteKey, Target } = z.parse(
      routeSchema,
      properties,
    );
    const integration = integrations.get(Target.replace('integrations/', ''));
    if (integration === undefined) throw new Error(`${logicalId} leads to no integration`);
    const jwt =
      AuthorizationType === 'NONE' ? undefined : authorisers.get(AuthorizerId ?? '')?.JwtConfiguration;
    if (AuthorizationType === 'JWT' && jwt === undefined) throw new Error(`${logicalId} has no authoriser`);
    const [method = '', path = ''] = RouteKey.split(' ');
    const limits = stage.RouteSettings?.[RouteKey] ?? stage.DefaultRouteSettings;
    routes.set(RouteKey, {
      functionArn: integration.IntegrationUri,
      sourceArn: `arn:aws:execute-api:${region}:${account}:${ApiId}/${STAGE}/${method}${path}`,
      throttle: { rate: limits.ThrottlingRateLimit, burst: limits.ThrottlingBurstLimit },
      tokens:
        jwt === undefined
          ? undefined
          : {
              id: AuthorizerId ?? '',
              jwt: { issuer: jwt.Issuer, audience: jwt.Audience },
              scopes: AuthorizationScopes ?? [],
            },
    });
  }
  for (const key of Object.keys(stage.RouteSettings ?? {})) {
    if (!routes.has(key)) throw new Error(`the stage throttles ${key}, which is no route`);
  }
  return routes;
}

function byReference<Schema extends z.ZodMiniType>(
  { resources }: StackTemplate,
  type: string,
  schema: Schema,
): ReadonlyMap<string, z.output<Schema>> {
  return new Map(
    resources
      .filter((resource) => resource.type === type)
      .map(({ reference, properties }) => [reference, z.parse(schema, properties)]),
  );
}
