/**
 * The HTTP API of one party: API Gateway routes from the table in `functions/routes.ts`, throttled, logged without
 * addresses, open to the origins that are named.
 *
 * Who may do what is the application's own: tenders and close orders are signed by the auctioneer, bids by the bidder,
 * and reading is public. Links for invited bidders are checked by the party, too: what a link is good for depends on
 * the tender, and its secret is made to reach no server, so no authoriser could see it. A party that does not want tenders from strangers sets a JWT authoriser in front of the
 * auctioneer's routes. Throttles bound what a flood can cost; they do not tell one client from another.
 */

import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import {
  CfnStage,
  CorsHttpMethod,
  HttpApi,
  HttpMethod,
  HttpRoute,
  HttpRouteKey,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type HttpFunctionName, ROUTES, type Route } from '../functions/routes.ts';
import { LOG_RETENTION, type PartyFunction } from './party-function.ts';

/** Requests a second over all bidders, and at once: a thousand bids in the last minute pass. */
export const API_RATE = 50;
export const API_BURST = 100;

/** An auctioneer publishes and closes by hand; whoever does it faster fills the table. */
export const AUCTIONEER_RATE = 2;
export const AUCTIONEER_BURST = 5;

/** The routes of the auctioneer. */
export const AUCTIONEER_FUNCTIONS: readonly HttpFunctionName[] = ['publish-tender', 'close-tender'];

/** Nothing that tells who a bidder is: no address, no user agent, no path with parameters filled in. */
const ACCESS_LOG_FIELDS = {
  requestId: '$context.requestId',
  time: '$context.requestTimeEpoch',
  route: '$context.routeKey',
  status: '$context.status',
  bytes: '$context.responseLength',
  latencyMs: '$context.responseLatency',
  integrationStatus: '$context.integrationStatus',
};

/** Who signs the auctioneer's tokens, and for whom (RFC 7519 `iss` and `aud`). */
export interface TokenIssuer {
  readonly issuer: string;
  readonly audience: readonly string[];
}

const PUBLIC = 'What it answers is public: anybody may check a tender, an outcome and the keys behind them';

/** Why a route may stand without an authoriser of API Gateway. */
const WITHOUT_TOKEN: Readonly<Record<HttpFunctionName, string>> = {
  'party-info': PUBLIC,
  'party-status': PUBLIC,
  'show-openapi': PUBLIC,
  'list-tenders': PUBLIC,
  'show-tender': PUBLIC,
  'show-outcome': PUBLIC,
  'publish-tender':
    'A tender is signed by its auctioneer; an operator who wants none from strangers configures tokens',
  'close-tender': "Takes nothing but an order under the signature of the tender's auctioneer",
  'submit-bid':
    'Takes nothing but submissions under the signature of their bidder, whom the tender may list, or let in by a link that the party checks itself',
  'vault-access': 'Takes nothing but requests under the signature of a requester with rights to the vault',
};

export interface PartyApiProps {
  /** Routes of functions that are not there are left out. */
  readonly functions: Readonly<Record<HttpFunctionName, PartyFunction | undefined>>;
  readonly allowedOrigins: readonly string[];
  readonly auctioneer: TokenIssuer | undefined;
}

export class PartyApi extends Construct {
  readonly api: HttpApi;

  constructor(scope: Construct, id: string, { functions, allowedOrigins, auctioneer }: PartyApiProps) {
    super(scope, id);
    this.api = new HttpApi(this, 'Api', {
      createDefaultStage: false,
      ...(allowedOrigins.length === 0
        ? {}
        : {
            corsPreflight: {
              allowOrigins: [...allowedOrigins],
              allowMethods: [CorsHttpMethod.GET, CorsHttpMethod.POST],
              allowHeaders: ['content-type', ...(auctioneer === undefined ? [] : ['authorization'])],
            },
          }),
    });
    const tokens =
      auctioneer === undefined
        ? undefined
        : new HttpJwtAuthorizer('AuctioneerTokens', auctioneer.issuer, {
            jwtAudience: [...auctioneer.audience],
          });
    const routes = ROUTES.flatMap((route) => {
      const { functionName } = route;
      const one = functions[functionName];
      if (one === undefined) return [];
      const asksToken = tokens !== undefined && AUCTIONEER_FUNCTIONS.includes(functionName);
      const made = new HttpRoute(this, `${route.method}${route.path.replaceAll(/[^a-zA-Z]+/g, '-')}`, {
        httpApi: this.api,
        routeKey: HttpRouteKey.with(route.path, methodOf(route)),
        integration: new HttpLambdaIntegration(functionName, one.function),
        ...(asksToken ? { authorizer: tokens } : {}),
      });
      if (!asksToken)
        Validations.of(made).acknowledge({
          id: 'AwsSolutions-APIG4',
          reason: WITHOUT_TOKEN[functionName],
        });
      return made;
    });
    const stage = this.#stage();
    for (const route of routes) stage.node.addDependency(route);
  }

  #stage(): CfnStage {
    const log = new LogGroup(this, 'AccessLog', {
      retention: LOG_RETENTION,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const slow = { throttlingRateLimit: AUCTIONEER_RATE, throttlingBurstLimit: AUCTIONEER_BURST };
    const slowRoutes = ROUTES.filter(({ functionName }) => AUCTIONEER_FUNCTIONS.includes(functionName));
    return new CfnStage(this, 'Stage', {
      apiId: this.api.apiId,
      stageName: '$default',
      autoDeploy: true,
      defaultRouteSettings: { throttlingRateLimit: API_RATE, throttlingBurstLimit: API_BURST },
      // Passed through to CloudFormation as it is, hence its spelling.
      routeSettings: Object.fromEntries(
        slowRoutes.map(({ method, path }) => [
          `${method} ${path}`,
          { ThrottlingRateLimit: slow.throttlingRateLimit, ThrottlingBurstLimit: slow.throttlingBurstLimit },
        ]),
      ),
      accessLogSettings: { destinationArn: log.logGroupArn, format: JSON.stringify(ACCESS_LOG_FIELDS) },
    });
  }
}

const METHODS: Readonly<Record<Route['method'], HttpMethod>> = { GET: HttpMethod.GET, POST: HttpMethod.POST };

function methodOf({ method }: Route): HttpMethod {
  return METHODS[method];
}
