/**
 * Whole auctions through what the synthesised templates declare, bundles included; and templates that lack something,
 * each of which fails where it would on AWS.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CheckedTender } from '../../../auction/tender.ts';
import type { Refusal } from '../../../client/tacit-client.ts';
import { CLEARING_PHASES } from '../../../functions/traces.ts';
import type { Rehearsal } from '../../../local/rehearsal/rehearsal.ts';
import { PARTIES } from '../../../mpc/party.ts';
import { all, some, without, withoutAction, withoutRoute, withoutVariable } from './alterations.ts';
import type { Change, DeployedConsortium } from './consortium-assembly.ts';
import { DeployedWorld, rehearse } from './deployed-world.ts';
import { stopSharedDynamodb } from './engine.ts';
import { AUDIENCE, ISSUER, threeOperators } from './three-operators.ts';
import { startTokenIssuer, type TokenIssuer } from './token-issuer.ts';

const SYNTHESIS_TIMEOUT_MS = 180_000;
const AUCTION_TIMEOUT_MS = 240_000;

/** The schedule of the sweep. */
const SWEEP = 'rate(1 minute)';

let consortium: DeployedConsortium;
let issuer: TokenIssuer;

beforeAll(async () => {
  consortium = await threeOperators();
  issuer = await startTokenIssuer({ issuer: ISSUER, audience: AUDIENCE, now: () => Date.now() / 1000 });
}, SYNTHESIS_TIMEOUT_MS);

afterAll(async () => {
  consortium?.dispose();
  await issuer?.stop();
  await stopSharedDynamodb();
});

const rehearseAuctions = () => rehearse(consortium, { issuers: new Map([[ISSUER, issuer.url]]) });

/** The auctioneer has a token of party 0, and the others ask for none. */
const worldOf = (rehearsal: Rehearsal) =>
  new DeployedWorld(rehearsal, consortium.parties, { tokens: [issuer.token(), undefined, undefined] });

/** Runs of clearing a tender that went through all phases, as X-Ray has them. */
function wholeRuns({ traces }: Rehearsal, { id }: CheckedTender) {
  return traces.filter((run) => {
    if (run.name !== 'clearing' || run.annotations['tenderId'] !== id) return false;
    const phases = new Set(traces.filter(({ parent_id }) => parent_id === run.id).map(({ name }) => name));
    return CLEARING_PHASES.every((phase) => phases.has(phase));
  });
}

describe('a template that lacks something', () => {
  let rehearsal: Rehearsal;

  beforeAll(async () => {
    rehearsal = await rehearseAuctions();
  });

  afterAll(() => rehearsal?.stop());

  /** What each party says to a tender, each with its own template altered. */
  const publishedWith = async (...changes: readonly Change[]): Promise<readonly (Refusal | undefined)[]> => {
    const altered = changes.map((change, party) => [`TacitParty${party}`, change] as const);
    await rehearsal.deploy(consortium.altered(Object.fromEntries(altered)));
    const world = worldOf(rehearsal);
    const refusals = await world.client.publish(world.sign());
    return [0, 1, 2].map((party) => refusals.find((refusal) => refusal.party === party));
  };

  test(
    'takes no tender for want of the route, a variable, the permission to write its state',
    async () => {
      const said = await publishedWith(
        withoutRoute('POST /tenders'),
        withoutVariable('Functionspublishtender', 'STATE_TABLE'),
        withoutAction('AWS::IAM::Policy', 'Functionspublishtender', 'dynamodb:PutItem'),
      );
      expect(said).toMatchObject([
        { code: 'PARTY_ANSWER_MALFORMED', detail: expect.stringContaining('404') },
        { code: expect.stringMatching(/^(INTERNAL|CONFIGURATION_INVALID)$/) },
        { code: 'INTERNAL' },
      ]);
      expect(rehearsal.refused.join('\n')).toMatch(
        /Functionspublishtender\S+ dynamodb:PutItem .*333333333333/,
      );
    },
    AUCTION_TIMEOUT_MS,
  );

  test(
    'takes no tender for want of the use of its key or of the permission for API Gateway, and all with both',
    async () => {
      const said = await publishedWith(
        withoutAction('AWS::IAM::Policy', 'Functionspublishtender', 'kms:Decrypt'),
        without('AWS::Lambda::Permission', 'HttpPOSTtenderspublishtenderPermission'),
      );
      expect(said[0]).toMatchObject({ code: 'INTERNAL' });
      expect(said[1]).toMatchObject({
        code: 'PARTY_ANSWER_MALFORMED',
        detail: expect.stringContaining('500'),
      });
      expect(said[2]).toBeUndefined();
      expect(rehearsal.failed).toEqual([]);
      expect(await publishedWith()).toEqual([undefined, undefined, undefined]);
    },
    AUCTION_TIMEOUT_MS,
  );

  test.each<readonly [string, Change, RegExp]>([
    ['the table of its state', without('AWS::DynamoDB::Table', 'State'), /nothing is called State/],
    [
      'the permission to write its log',
      withoutAction('AWS::IAM::Policy', 'Functionspublishtender', 'logs:PutLogEvents'),
      /logs:PutLogEvents/,
    ],
    [
      'the permission to send traces',
      withoutAction('AWS::IAM::Policy', 'Functionscleartender', 'xray:PutTraceSegments'),
      /Functionscleartender\S+: xray:PutTraceSegments: not allowed/,
    ],
    [
      'the trust of a role in Lambda',
      withoutAction('AWS::IAM::Role', 'Functionspublishtender', 'sts:AssumeRole'),
      /Lambda may not take the role/,
    ],
    [
      'a bundle',
      (template) => {
        for (const [, { Properties }] of some(template, 'AWS::Lambda::Function', 'Functionsshowtender')) {
          Properties['Code'] = { S3Key: 'gone.zip' };
        }
      },
      /the assembly has no .*asset\.gone/,
    ],
    [
      'a route that its stage throttles',
      without('AWS::ApiGatewayV2::Route', 'HttpPOSTtenderstenderIdclose'),
      /throttles POST .*close, which is no route/,
    ],
    ['an authoriser', without('AWS::ApiGatewayV2::Authorizer', 'HttpApi'), /nothing is called HttpApi/],
    ['the stage of its API', without('AWS::ApiGatewayV2::Stage', 'HttpStage'), /routes and no stage/],
  ])('is not deployed for want of %s', async (_what, change, sign) => {
    await expect(rehearsal.deploy(consortium.altered({ TacitParty0: change }))).rejects.toThrow(sign);
  });

  test(
    'does not clear for want of the peers in a policy, of being started, and of its keys',
    async () => {
      await rehearsal.deploy(
        consortium.altered({
          TacitParty0: withoutAction('AWS::DynamoDB::Table', 'Outbox', 'dynamodb:GetItem'),
          TacitParty1: withoutAction('AWS::KMS::Key', 'OutboxEncryption', 'kms:Decrypt', /^EngineOf/),
          TacitParty2: all(
            withoutAction('AWS::IAM::Policy', 'Functionsclosetender', 'lambda:InvokeFunction'),
            withoutAction('AWS::IAM::Policy', 'Functionscleartender', 'secretsmanager:GetSecretValue'),
          ),
        }),
      );
      rehearsal.refused.length = 0;
      const world = worldOf(rehearsal);
      const tender = await world.publish();
      expect(rehearsal.refused).toEqual([]);
      await world.close(tender);
      const refused = (sign: RegExp) =>
        expect.poll(() => rehearsal.refused.join('\n'), { timeout: 120_000 }).toMatch(sign);
      const reading = (role: number, outbox: number) =>
        new RegExp(
          `${String(role).repeat(12)}:role/tacit-engine dynamodb:GetItem .*${String(outbox).repeat(12)}:table/tacit-outbox: not allowed by the resource`,
        );
      await refused(reading(2, 1));
      await refused(reading(1, 2));
      await refused(
        /lambda:InvokeFunction .*333333333333:.*Functionscleartender.*: not allowed by its identity/,
      );
      expect(rehearsal.refused.join('\n')).not.toContain('GetSecretValue');
      // The sweep starts what the close order could not.
      await rehearsal.tick();
      await refused(
        /333333333333:role\/tacit-engine secretsmanager:GetSecretValue .*: not allowed by its identity/,
      );
      // The look at the outboxes, which makes queries, is refused by the key alone.
      const { outboxes } = await world.client.party(2).status();
      expect(outboxes?.parties.map(({ code }) => code)).toEqual([undefined, 'CHANNEL_REFUSED', undefined]);
    },
    AUCTION_TIMEOUT_MS,
  );
});

describe('what would be deployed', () => {
  test(
    'takes bids and clears, on a close order and at a deadline, without asking for more than it may',
    async () => {
      const rehearsal = await rehearseAuctions();
      try {
        const world = worldOf(rehearsal);
        const ordered = await world.publish();
        expect((await world.bid(ordered, 'Cairn', '120000.00')).receipts).toHaveLength(3);
        expect((await world.bid(ordered, 'Jessop', '119000.00')).receipts).toHaveLength(3);

        // Long enough for a bid on a busy machine; every function is warm by now.
        const closesAt = new Date(Date.now() + 8_000).toISOString();
        const timed = await world.publish({ closesAt });
        await world.bid(timed, 'Northmoor', '7000.00');

        const strangers = new DeployedWorld(rehearsal, consortium.parties);
        expect(await strangers.client.publish(strangers.sign())).toMatchObject([
          { party: 0, code: 'PARTY_TOKEN_REFUSED' },
        ]);
        expect(await world.close(ordered)).toEqual([]);
        const outcome = await world.outcome(ordered, 60_000);
        expect(outcome.statement.lots).toMatchObject([{ winner: 'Jessop' }]);

        await new Promise((resolve) => setTimeout(resolve, Math.max(0, Date.parse(closesAt) - Date.now())));
        // As on AWS: starts arrive from several sides, and more than once.
        await Promise.all([rehearsal.tick(), rehearsal.tick(SWEEP)]);
        await rehearsal.tick(SWEEP);
        const second = await world.outcome(timed, 60_000);
        expect(second.statement.lots).toMatchObject([{ winner: 'Northmoor' }]);

        const answering = { failures: 0, answeredAt: expect.any(Number) };
        for (const party of PARTIES) {
          const { outboxes } = await world.client.party(party).status();
          expect(outboxes?.parties).toEqual([answering, answering, answering]);
        }

        // The third may have come too late for the computation, and taken the outcome over.
        await expect
          .poll(() => wholeRuns(rehearsal, ordered).length, { timeout: 60_000 })
          .toBeGreaterThanOrEqual(2);
        await expect
          .poll(() => wholeRuns(rehearsal, timed).length, { timeout: 60_000 })
          .toBeGreaterThanOrEqual(2);
        const log = [...rehearsal.logs.values()].flat().join('\n');
        for (const { trace_id } of wholeRuns(rehearsal, timed)) expect(log).toContain(`"${trace_id}"`);

        expect(rehearsal.refused).toEqual([]);
        expect(rehearsal.failed).toEqual([]);
        expect(rehearsal.deadLetters).toEqual([]);
      } finally {
        await rehearsal.stop();
      }
    },
    AUCTION_TIMEOUT_MS,
  );

  test.runIf(process.env['TACIT_SLOW'] === '1')(
    'has no traces where tracing is taken away, and clears as well',
    async () => {
      const rehearsal = await rehearseAuctions();
      try {
        const untraced: Change = (template) => {
          for (const [, { Properties }] of some(template, 'AWS::Lambda::Function', 'Functions'))
            delete Properties['TracingConfig'];
        };
        await rehearsal.deploy(
          consortium.altered({ TacitParty0: untraced, TacitParty1: untraced, TacitParty2: untraced }),
        );
        const world = worldOf(rehearsal);
        const tender = await world.publish();
        await world.bid(tender, 'Cairn', '120000.00');
        await world.close(tender);
        await world.outcome(tender, 60_000);
        // One after another, so that whatever was sent has come.
        await rehearsal.tick();
        expect(rehearsal.traces).toEqual([]);
        expect([...rehearsal.logs.values()].flat().join('\n')).not.toContain('traceId');
      } finally {
        await rehearsal.stop();
      }
    },
    AUCTION_TIMEOUT_MS,
  );
});
