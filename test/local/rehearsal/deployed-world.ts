/** A consortium with fresh keys, synthesised with its bundles, and an auctioneer and bidders outside of it. */

import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { parseAmount } from '../../../auction/amount.ts';
import { createCloseOrder } from '../../../auction/close-order.ts';
import { joinConsortium } from '../../../auction/consortium.ts';
import { signOperatorRecord } from '../../../auction/operator-record.ts';
import type { SignedOutcome } from '../../../auction/outcome.ts';
import {
  generatePartyKeys,
  loadPartyKeys,
  type PartyKeyFile,
  partyRecordOf,
} from '../../../auction/party/keys.ts';
import { sealBid } from '../../../auction/sealed-bid.ts';
import { type CheckedTender, checkTender, createTender, type PartyRecords } from '../../../auction/tender.ts';
import { parseTenderSpec } from '../../../auction/tender-spec.ts';
import { type Submitted, TacitClient } from '../../../client/tacit-client.ts';
import { readDeployment } from '../../../infra/deployment.ts';
import { addStacks } from '../../../infra/stacks.ts';
import { Rehearsal } from '../../../local/rehearsal/rehearsal.ts';
import { featureFlags } from '../../infra/synthesis.ts';

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

const SPEC = {
  title: 'Gritting lorries',
  direction: 'lowest',
  rule: 'first-price',
  currency: 'EUR',
  decimals: 2,
  ceiling: '9000000.00',
  tieBreak: 'earliest',
};

export interface DeployedConsortium {
  /** What `cdk synth` would have written, bundles included. */
  readonly assembly: string;
  readonly keys: readonly PartyKeyFile[];
  readonly parties: PartyRecords;
  /** A copy of the assembly with one template changed. */
  altered(stack: string, change: (template: Template) => void): string;
  dispose(): void;
}

export interface Template {
  readonly Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
}

/** Bundles every handler; some ten seconds. */
export async function synthesiseConsortium(
  options: Record<string, unknown> = {},
): Promise<DeployedConsortium> {
  process.env['CDK_VALIDATION'] = 'false';
  const directory = mkdtempSync(join(tmpdir(), 'tacit-rehearsal-'));
  const keys = await Promise.all(([0, 1, 2] as const).map((index) => generatePartyKeys(index, random)));
  const signed = await Promise.all(
    keys.map(async (file) => {
      const loaded = await loadPartyKeys(file);
      const { index, signingKey, sealingKey } = partyRecordOf(loaded);
      const record = {
        protocol: 'tacit/1' as const,
        ...{ index, signingKey, sealingKey },
        operator: `Operator ${index}`,
        account: String(index + 1).repeat(12),
        region: index === 2 ? 'eu-west-1' : 'eu-central-1',
        outboxTable: 'tacit-outbox',
        engineRole: 'tacit-engine',
        validFrom: '2026-01-01T00:00:00Z',
        validUntil: '2099-01-01T00:00:00Z',
      };
      return signOperatorRecord(record, loaded.signing);
    }),
  );
  const { document, fingerprint, parties } = joinConsortium(signed);
  writeFileSync(join(directory, 'consortium.json'), JSON.stringify(document));
  const file = join(directory, 'deployment.json');
  const deployment = { consortium: 'consortium.json', fingerprint, parties: [0, 1, 2], ...options };
  writeFileSync(file, JSON.stringify(deployment));
  const assembly = join(directory, 'cdk.out');
  const app = new App({ outdir: assembly, context: featureFlags() });
  addStacks(app, readDeployment(file));
  app.synth();
  let copies = 0;
  return {
    ...{ assembly, keys, parties },
    altered: (stack, change) => {
      const copy = join(directory, `altered-${copies++}`);
      cpSync(assembly, copy, { recursive: true });
      const path = join(copy, `${stack}.template.json`);
      const template = JSON.parse(readFileSync(path, 'utf8')) as Template;
      change(template);
      writeFileSync(path, JSON.stringify(template));
      return copy;
    },
    dispose: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** @param vaultKeys of every party, in base64url by the name of the vault */
export function rehearse(
  { assembly, keys }: Pick<DeployedConsortium, 'assembly' | 'keys'>,
  vaultKeys: Readonly<Record<string, string>> = {},
): Promise<Rehearsal> {
  return Rehearsal.start({
    assembly,
    secretValue: ({ name }, { logicalId }) => {
      if (logicalId.startsWith('KeysSecret')) return JSON.stringify(keys[Number(name.at(-1))]);
      return JSON.stringify({ kind: 'tacit/1 vault keys', keys: vaultKeys });
    },
  });
}

export class DeployedWorld {
  readonly client: TacitClient;
  readonly #auctioneer = random(32);
  readonly #parties: PartyRecords;

  constructor({ urls }: Rehearsal, parties: PartyRecords) {
    const [first = '', second = '', third = ''] = urls;
    this.client = new TacitClient([first, second, third], { tries: 1 });
    this.#parties = parties;
  }

  async publish(spec: Record<string, unknown> = {}): Promise<CheckedTender> {
    const signed = createTender(
      parseTenderSpec({ ...SPEC, ...spec }),
      this.#parties,
      this.#auctioneer,
      random(16),
    );
    const refusals = await this.client.publish(signed);
    if (refusals.length > 0) throw new Error(JSON.stringify(refusals));
    return checkTender(signed);
  }

  async bid(tender: CheckedTender, bidder: string, amount: string): Promise<Submitted> {
    const { terms, signed } = tender;
    const bid = await sealBid({
      terms,
      parties: signed.tender.parties,
      lot: terms.lots[0]!,
      bidder,
      bidderSecretKey: random(32),
      version: 1,
      amount: parseAmount(amount, terms.spec.decimals),
      random,
    });
    return await this.client.submit(bid, tender);
  }

  close({ id }: CheckedTender) {
    return this.client.close(id, createCloseOrder(id, this.#auctioneer));
  }

  /** Signed by all three. */
  async outcome(tender: CheckedTender, timeoutMs: number): Promise<SignedOutcome> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      try {
        return await this.client.outcome(tender, 3);
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
