/** The routes of an HTTP API as a template declares them: by route key, the function behind each. */

import * as z from 'zod/mini';
import type { StackTemplate } from './template.ts';

export interface DeclaredRoute {
  readonly functionArn: string;
  /** As which API Gateway invokes it. */
  readonly sourceArn: string;
}

const routeSchema = z.object({
  ApiId: z.string(),
  AuthorizationType: z.string(),
  RouteKey: z.string(),
  Target: z.string(),
});

const integrationSchema = z.object({
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string(),
  PayloadFormatVersion: z.literal('2.0'),
});

const STAGE = '$default';

/**
 * @returns none for a stack without an API
 * @throws Error for a route that asks for a token: nobody issues any in a rehearsal
 */
export function readRoutes({
  account,
  region,
  resources,
}: StackTemplate): ReadonlyMap<string, DeclaredRoute> {
  const integrations = new Map(
    resources
      .filter(({ type }) => type === 'AWS::ApiGatewayV2::Integration')
      .map(({ reference, properties }) => [
        `integrations/${reference}`,
        z.parse(integrationSchema, properties),
      ]),
  );
  const routes = new Map<string, DeclaredRoute>();
  for (const { type, properties, logicalId } of resources) {
    if (type !== 'AWS::ApiGatewayV2::Route') continue;
    const { ApiId, AuthorizationType, RouteKey, Target } = z.parse(routeSchema, properties);
    if (AuthorizationType !== 'NONE')
      throw new Error(`${RouteKey} asks for a token, and nobody issues any here`);
    const integration = integrations.get(Target);
    if (integration === undefined) throw new Error(`${logicalId} leads to no integration`);
    const [method = '', path = ''] = RouteKey.split(' ');
    routes.set(RouteKey, {
      functionArn: integration.IntegrationUri,
      sourceArn: `arn:aws:execute-api:${region}:${account}:${ApiId}/${STAGE}/${method}${path}`,
    });
  }
  const deployed = resources.some(
    ({ type, properties }) => type === 'AWS::ApiGatewayV2::Stage' && properties['StageName'] === STAGE,
  );
  if (routes.size > 0 && !deployed) throw new Error('the API has routes and no stage');
  return routes;
}
