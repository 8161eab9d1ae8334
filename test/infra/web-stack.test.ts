/** The page's stack, property by property: nothing public but CloudFront, the headers as they are, nothing lost with it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDeployment } from '../../infra/deployment.ts';
import { addStacks } from '../../infra/stacks.ts';
import { buildPage } from '../../web/build.ts';
import { deploymentFile, featureFlags, NOW } from './synthesis.ts';

const URLS = ['https://zero.example', 'https://one.example', 'https://two.example'];
const PLACE = { account: '444444444444', region: 'eu-north-1', partyUrls: URLS };
const CERTIFICATE = 'arn:aws:acm:us-east-1:444444444444:certificate/00000000-0000-4000-8000-000000000000';

let directory: string;
let withDomain: Template;
let without: Template;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tacit-web-'));
  withDomain = templateOf({ ...PLACE, domain: { name: 'bids.example', certificate: CERTIFICATE } });
  without = templateOf(PLACE);
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function templateOf(web: unknown): Template {
  process.env['CDK_VALIDATION'] = 'false';
  const app = new App({ context: { ...featureFlags(), 'aws:cdk:bundling-stacks': [] } });
  const deployment = readDeployment(deploymentFile(directory, { web }), NOW);
  return Template.fromStack(addStacks(app, { ...deployment, parties: [] }).web!);
}

interface Declared {
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
}

function only(type: string, template = withDomain): Declared {
  const found = Object.values(template.findResources(type)) as Declared[];
  expect(found, type).toHaveLength(1);
  return found[0]!;
}

describe('the files', () => {
  test('are encrypted, versioned, in a bucket without public access that survives its stack', () => {
    const { Properties, DeletionPolicy } = only('AWS::S3::Bucket');
    expect(DeletionPolicy).toBe('Retain');
    expect(Properties).toMatchObject({
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      VersioningConfiguration: { Status: 'Enabled' },
    });
    expect(Properties).not.toHaveProperty('WebsiteConfiguration');
  });

  test('are read by this distribution alone, over TLS 1.2 or later', () => {
    const { Statement } = only('AWS::S3::BucketPolicy').Properties['PolicyDocument'] as {
      Statement: { Effect: string; Principal: unknown; Action: unknown; Condition: unknown }[];
    };
    const allowed = Statement.filter(({ Effect }) => Effect === 'Allow');
    expect(allowed).toMatchObject([
      { Action: 's3:GetObject', Principal: { Service: 'cloudfront.amazonaws.com' } },
    ]);
    expect(JSON.stringify(allowed[0]?.Condition)).toMatch(/AWS:SourceArn.*:distribution\/.*Distribution/);
    const denied = Statement.filter(({ Effect }) => Effect === 'Deny').map(({ Condition }) => Condition);
    expect(denied).toEqual([
      { Bool: { 'aws:SecureTransport': 'false' } },
      { NumericLessThan: { 's3:TlsVersion': 1.2 } },
    ]);
  });

  test('are the page, its configuration, and nothing that is deleted under an open page', () => {
    const { SourceObjectKeys, Prune } = only('Custom::CDKBucketDeployment').Properties as {
      SourceObjectKeys: string[];
      Prune: boolean;
    };
    expect(SourceObjectKeys).toHaveLength(buildPage().files.length + 1);
    expect(Prune).toBe(false);
  });
});

describe('the distribution', () => {
  test('signs what it asks the bucket, speaks TLS only, and keeps no log of visits', () => {
    const { DistributionConfig } = only('AWS::CloudFront::Distribution').Properties;
    expect(DistributionConfig).toMatchObject({
      Aliases: ['bids.example'],
      DefaultRootObject: 'index.html',
      DefaultCacheBehavior: { ViewerProtocolPolicy: 'redirect-to-https', Compress: true },
      ViewerCertificate: { AcmCertificateArn: CERTIFICATE, MinimumProtocolVersion: 'TLSv1.2_2021' },
      CustomErrorResponses: [403, 404].map((code) => ({
        ErrorCode: code,
        ResponseCode: 404,
        ResponsePagePath: '/404.html',
      })),
    });
    expect(DistributionConfig).not.toHaveProperty('Logging');
    expect(DistributionConfig).not.toHaveProperty('CacheBehaviors');
    expect(
      only('AWS::CloudFront::OriginAccessControl').Properties['OriginAccessControlConfig'],
    ).toMatchObject({
      SigningBehavior: 'always',
      SigningProtocol: 'sigv4',
      OriginAccessControlOriginType: 's3',
    });
  });

  test('has a name of its own where none is given', () => {
    const { DistributionConfig } = only('AWS::CloudFront::Distribution', without).Properties;
    expect(DistributionConfig).not.toHaveProperty('Aliases');
    expect(DistributionConfig).not.toHaveProperty('ViewerCertificate');
  });

  test('sends exactly these headers', () => {
    const { ResponseHeadersPolicyConfig } = only('AWS::CloudFront::ResponseHeadersPolicy').Properties as {
      ResponseHeadersPolicyConfig: Record<string, { Items: { Header: string; Value: string }[] }>;
    };
    expect(ResponseHeadersPolicyConfig['SecurityHeadersConfig']).toEqual({
      ContentSecurityPolicy: {
        ContentSecurityPolicy: `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ${URLS.join(' ')}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'`,
        Override: true,
      },
      StrictTransportSecurity: {
        AccessControlMaxAgeSec: 63_072_000,
        IncludeSubdomains: false,
        Override: true,
      },
      ContentTypeOptions: { Override: true },
      FrameOptions: { FrameOption: 'DENY', Override: true },
      ReferrerPolicy: { ReferrerPolicy: 'no-referrer', Override: true },
    });
    const custom = Object.fromEntries(
      ResponseHeadersPolicyConfig['CustomHeadersConfig']!.Items.map(({ Header, Value }) => [Header, Value]),
    );
    expect(custom).toEqual({
      'permissions-policy': expect.stringMatching(/^accelerometer=\(\), .*camera=\(\).*usb=\(\)$/),
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-cache',
    });
  });
});

describe('the outputs', () => {
  test('name the address and the hash of the page that was built from the same sources', () => {
    expect(withDomain.findOutputs('*')).toMatchObject({
      Url: { Value: 'https://bids.example' },
      PageHash: { Value: buildPage().hash },
    });
  });
});

describe('the deployment file', () => {
  test.each([
    ['an address with a path', { ...PLACE, partyUrls: [...URLS.slice(0, 2), 'https://two.example/api'] }],
    ['an address without TLS', { ...PLACE, partyUrls: [...URLS.slice(0, 2), 'http://two.example'] }],
    ['two addresses', { ...PLACE, partyUrls: URLS.slice(0, 2) }],
    ['a policy in an address', { ...PLACE, partyUrls: [...URLS.slice(0, 2), 'https://*'] }],
    ['a certificate of another region', domainWith(CERTIFICATE.replace('us-east-1', 'eu-north-1'))],
  ])('with %s is refused', (_, web) => {
    expect(() => readDeployment(deploymentFile(directory, { web }), NOW)).toThrow(
      /DEPLOYMENT_MALFORMED.*web/,
    );
  });
});

function domainWith(certificate: string): unknown {
  return { ...PLACE, domain: { name: 'bids.example', certificate } };
}
