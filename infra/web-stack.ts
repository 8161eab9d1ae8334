/**
 * The page for bidders, served by CloudFront from a bucket that nobody else can read, with headers that hold the browser
 * to the three parties.
 *
 * It may be in any account, a party's or another one. Whoever runs it is trusted for the code that bidders run: altered, it
 * would show the bids that are typed in. So the page's hash is an output, for the three operators to compare with their own
 * builds and to publish, and every version that was served stays in the bucket. Nobody's visit is written down: who looks
 * at a tender may be who bids on it.
 */

import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps, Tags, Validations } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  CachePolicy,
  Distribution,
  HeadersFrameOption,
  HeadersReferrerPolicy,
  HttpVersion,
  ResponseHeadersPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, Source } from 'aws-cdk-lib/aws-s3-deployment';
import type { CheckedConsortium } from '../auction/consortium.ts';
import { type BuiltPage, buildPage } from '../web/build.ts';
import { COMMON_HEADERS, contentSecurityPolicy, HSTS_SECONDS } from '../web/security-headers.ts';
import type { Deployment } from './deployment.ts';
import { COST_TAG } from './monthly-budget.ts';

/** What was served is there as long as messages are: for disputes about what bidders saw. */
const OLD_VERSIONS_DAYS = 400;

const KEPT_SECONDS = 60;

/** These have settings of their own in CloudFront; the rest are written out as they are. */
const SET_BY_CLOUDFRONT = ['x-content-type-options', 'x-frame-options', 'referrer-policy'];

/** Never a website of its own: CloudFront alone reads it. */
class FilesBucket extends Bucket {
  /** Said without `undefined`, which the library's own interface of a bucket does not take. */
  override get isWebsite(): boolean {
    return false;
  }
}

export type WebChoice = NonNullable<Deployment['web']>;

export interface WebStackProps extends StackProps {
  readonly web: WebChoice;
  readonly consortium: CheckedConsortium;
}

export class WebStack extends Stack {
  constructor(scope: ConstructorParameters<typeof Stack>[0], id: string, props: WebStackProps) {
    const { web, consortium, ...others } = props;
    super(scope, id, {
      ...others,
      env: { account: web.account, region: web.region },
      description: 'The page for bidders of a Tacit consortium',
      terminationProtection: true,
    });
    Tags.of(this).add(COST_TAG, 'web');
    const page = buildPage();
    const bucket = this.#bucket();
    const distribution = this.#distribution(bucket, web);
    this.#deploy(page, bucket, { parties: web.partyUrls, consortium: consortium.document });
    new CfnOutput(this, 'Url', {
      value: `https://${web.domain?.name ?? distribution.distributionDomainName}`,
      description: 'Address of the page; every party lists it under allowedOrigins',
    });
    new CfnOutput(this, 'DistributionName', {
      value: distribution.distributionDomainName,
      description: 'What the name of the page points to',
    });
    new CfnOutput(this, 'PageHash', {
      value: page.hash,
      description: 'SHA-256 of index.html: the three operators compare it and publish it',
    });
  }

  #bucket(): FilesBucket {
    const bucket = new FilesBucket(this, 'Files', {
      // What is in it is public; the key that matters is the one that nobody else writes with.
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      versioned: true,
      lifecycleRules: [
        {
          noncurrentVersionExpiration: Duration.days(OLD_VERSIONS_DAYS),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Validations.of(bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Only CloudFront reads it, and a log of reads would say who looked at a tender; versions keep what was written',
    });
    return bucket;
  }

  #distribution(bucket: FilesBucket, { partyUrls, domain }: WebChoice): Distribution {
    const distribution = new Distribution(this, 'Distribution', {
      comment: 'The page for bidders',
      defaultRootObject: 'index.html',
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(bucket),
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        cachePolicy: this.#caching(),
        responseHeadersPolicy: this.#headers(partyUrls),
        compress: true,
      },
      // Without the right to list, S3 says 403 of what is not there.
      errorResponses: [403, 404].map((httpStatus) => ({
        httpStatus,
        responseHttpStatus: 404,
        responsePagePath: '/404.html',
        ttl: Duration.seconds(0),
      })),
      httpVersion: HttpVersion.HTTP2_AND_3,
      ...(domain === undefined
        ? {}
        : {
            domainNames: [domain.name],
            minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
            certificate: Certificate.fromCertificateArn(this, 'Certificate', domain.certificate),
          }),
    });
    const acknowledge = (id: string, reason: string) =>
      Validations.of(distribution).acknowledge({ id, reason });
    acknowledge('AwsSolutions-CFR1', 'Bidders may be anywhere; who may bid is for the tender to say');
    acknowledge(
      'AwsSolutions-CFR2',
      'A few static files: there is no input to filter, and no server behind them',
    );
    acknowledge(
      'AwsSolutions-CFR3',
      'A log of visits would say who looked at a tender; none is kept on purpose',
    );
    if (domain === undefined) {
      acknowledge(
        'AwsSolutions-CFR4',
        'With the name that CloudFront makes up, its certificate and oldest TLS version are fixed; browsers that can run the page have TLS 1.2. A domain of one’s own sets TLS 1.2 as the least',
      );
    }
    return distribution;
  }

  /** CloudFront compresses what it may keep; it keeps it so shortly that nobody needs the right to invalidate. */
  #caching(): CachePolicy {
    const kept = Duration.seconds(KEPT_SECONDS);
    return new CachePolicy(this, 'Caching', {
      comment: 'A new page is there within a minute',
      minTtl: Duration.seconds(1),
      defaultTtl: kept,
      maxTtl: kept,
      enableAcceptEncodingBrotli: true,
      enableAcceptEncodingGzip: true,
    });
  }

  #headers(partyUrls: WebChoice['partyUrls']): ResponseHeadersPolicy {
    return new ResponseHeadersPolicy(this, 'Headers', {
      comment: 'Holds the page to itself and the three parties',
      securityHeadersBehavior: {
        contentSecurityPolicy: { contentSecurityPolicy: contentSecurityPolicy(partyUrls), override: true },
        strictTransportSecurity: {
          accessControlMaxAge: Duration.seconds(HSTS_SECONDS),
          // The name may be an organisation's own, whose other hosts are not the page's to bind.
          includeSubdomains: false,
          override: true,
        },
        contentTypeOptions: { override: true },
        frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
        referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override: true },
      },
      customHeadersBehavior: {
        customHeaders: [
          ...Object.entries(COMMON_HEADERS).filter(([header]) => !SET_BY_CLOUDFRONT.includes(header)),
          // Browsers ask whether there is another page instead of showing an old one.
          ['cache-control', 'no-cache'] as const,
        ].map(([header, value]) => ({ header, value, override: true })),
      },
      removeHeaders: ['server'],
    });
  }

  /** Beside the page, its configuration: the parties' addresses, and the consortium document with their keys. */
  #deploy({ files }: BuiltPage, bucket: FilesBucket, config: Readonly<Record<string, unknown>>): void {
    const text = new TextDecoder('utf-8', { fatal: true });
    new BucketDeployment(this, 'Content', {
      destinationBucket: bucket,
      sources: [
        ...files.map(({ name, body }) => Source.data(name, text.decode(body))),
        Source.jsonData('config.json', config),
      ],
      // A page that somebody has open asks for its own script and style, not for the next one's.
      prune: false,
      memoryLimit: 256,
    });
    this.#acknowledgeCopier(bucket);
  }

  /** What cdk-nag says of the function that the library brings to copy files into a bucket. */
  #acknowledgeCopier(bucket: FilesBucket): void {
    const reason =
      'It runs at deployments alone; it reads what the CDK uploaded to the bootstrap bucket, and writes in the one bucket of the page';
    const assets = `arn:aws:s3:::cdk-hnb659fds-assets-${this.account}-${this.region}/*`;
    const files = bucket.node.defaultChild;
    const own = files instanceof CfnBucket ? `<${this.getLogicalId(files)}.Arn>/*` : '';
    const findings = [
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
      ...['GetBucket*', 'GetObject*', 'List*', 'Abort*', 'DeleteObject*'].map(
        (actions) => `AwsSolutions-IAM5[Action::s3:${actions}]`,
      ),
      ...[assets, own].map((resource) => `AwsSolutions-IAM5[Resource::${resource}]`),
    ];
    for (const copier of this.node.children) {
      if (!copier.node.id.startsWith('Custom::CDKBucketDeployment')) continue;
      Validations.of(copier).acknowledge({
        id: 'AwsSolutions-L1',
        reason: 'Its runtime is the one that the library was tested with, and changes with it',
      });
      for (const id of findings) Validations.of(copier).acknowledge({ id, reason });
    }
  }
}
