/**
 * Consortia with fresh keys, synthesised with their bundles as three operators would: each its own party, from a
 * deployment file of its own.
 *
 * One consortium is shared by all test files, since synthesis and bundling take some ten seconds: it is kept below
 * `node_modules/.cache` under the hash of everything that goes into it. Its keys are made up and sign for nobody.
 */

import { createHash, randomBytes } from 'node:crypto';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromBase64url, toBase64url } from '../../../auction/canonical.ts';
import { joinConsortium } from '../../../auction/consortium.ts';
import { signOperatorRecord } from '../../../auction/operator-record.ts';
import {
  generatePartyKeys,
  loadPartyKeys,
  type PartyKeyFile,
  partyRecordOf,
} from '../../../auction/party/keys.ts';
import { nodeSignatures } from '../../../auction/party/signatures-node.ts';
import { type Signer, signerOf } from '../../../auction/signature.ts';
import type { PartyRecords } from '../../../auction/tender.ts';
import { ROOT } from '../../docs/repository.ts';

/** A template as `cdk synth` wrote it. */
export interface Template {
  readonly Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
}

export type Change = (template: Template) => void;

export interface DeployedConsortium {
  /** What `cdk synth` would have written, bundles included. */
  readonly assembly: string;
  readonly keys: readonly PartyKeyFile[];
  readonly parties: PartyRecords;
  /** Who may ask the vaults, where the deployments say so. */
  readonly requester: Signer;
  /** The assembly with some templates changed, by the names of their stacks. */
  altered(changes: Readonly<Record<string, Change>>): string;
  dispose(): void;
}

/** In the deployment file of a party, beside what every one has. */
export type DeploymentOptions = Readonly<Record<string, unknown>>;

interface MadeKeys {
  readonly keys: readonly PartyKeyFile[];
  /** Of the vaults' requester, base64url. */
  readonly requester: string;
}

const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

/** Everything that templates and bundles are made from. */
const SOURCES = '{auction,functions,infra,mpc,oram}/**/*.ts';
const OTHER_SOURCES = ['package-lock.json', 'cdk.json', 'test/local/rehearsal/consortium-assembly.ts'];

const CACHE = join(ROOT, 'node_modules/.cache/tacit-assemblies');

/** Of work on other branches and earlier days. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/** @param optionsOf what a party's deployment file has, given the public key of the vaults' requester */
export async function sharedConsortium(
  optionsOf: readonly ((requester: string) => DeploymentOptions)[],
): Promise<DeployedConsortium> {
  const directory = join(CACHE, contentHash(optionsOf.map((options) => JSON.stringify(options('')))));
  const unlock = await lock(`${directory}.lock`);
  try {
    if (!existsSync(directory)) {
      removeOld();
      const making = `${directory}.${process.pid}`;
      await synthesise(making, optionsOf);
      renameSync(making, directory);
    }
  } finally {
    unlock();
  }
  return await open(directory, () => {});
}

/** With keys and bundles of its own. @param options of all three deployment files */
export async function synthesiseConsortium(options: DeploymentOptions = {}): Promise<DeployedConsortium> {
  const directory = mkdtempSync(join(tmpdir(), 'tacit-rehearsal-'));
  await synthesise(directory, [() => options, () => options, () => options]);
  return await open(directory, () => rmSync(directory, { recursive: true, force: true }));
}

async function synthesise(
  directory: string,
  optionsOf: readonly ((requester: string) => DeploymentOptions)[],
): Promise<void> {
  process.env['CDK_VALIDATION'] = 'false';
  const path = process.env['PATH'];
  process.env['PATH'] = `${directNpx(directory)}:${path}`;
  // Read where something is synthesised only: it takes seconds.
  const [{ App }, { readDeployment }, { addStacks }, { featureFlags }] = await Promise.all([
    import('aws-cdk-lib'),
    import('../../../infra/deployment.ts'),
    import('../../../infra/stacks.ts'),
    import('../../infra/synthesis.ts'),
  ]);
  mkdirSync(directory, { recursive: true });
  const keys = await Promise.all(([0, 1, 2] as const).map((index) => generatePartyKeys(index, random)));
  const requester = random(32);
  const made: MadeKeys = { keys, requester: toBase64url(requester) };
  writeFileSync(join(directory, 'keys.json'), JSON.stringify(made));
  const { document, fingerprint } = await consortiumOf(keys);
  writeFileSync(join(directory, 'consortium.json'), JSON.stringify(document));
  const app = new App({ outdir: join(directory, 'cdk.out'), context: featureFlags() });
  const asked = signerOf(requester, nodeSignatures).publicKey;
  for (const [party, options] of optionsOf.entries()) {
    const file = join(directory, `party-${party}.json`);
    const deployment = { consortium: 'consortium.json', fingerprint, parties: [party], ...options(asked) };
    writeFileSync(file, JSON.stringify(deployment));
    addStacks(app, readDeployment(file));
  }
  app.synth();
  process.env['PATH'] = path;
}

/**
 * Bundling starts esbuild by `npx --no-install` once for each function, and npm itself is most of what that takes; `npm run
 * synth` does it so. @returns a directory whose `npx` starts the same program at once
 */
function directNpx(directory: string): string {
  const path = join(directory, 'bin');
  mkdirSync(path, { recursive: true });
  const script = `#!/bin/sh\nshift\nprogram=$1\nshift\nexec "${join(ROOT, 'node_modules/.bin')}/$program" "$@"\n`;
  writeFileSync(join(path, 'npx'), script, { mode: 0o755 });
  return path;
}

async function open(directory: string, dispose: () => void): Promise<DeployedConsortium> {
  const made = JSON.parse(readFileSync(join(directory, 'keys.json'), 'utf8')) as MadeKeys;
  const assembly = join(directory, 'cdk.out');
  const copies = mkdtempSync(join(tmpdir(), 'tacit-altered-'));
  let count = 0;
  return {
    assembly,
    keys: made.keys,
    parties: (await consortiumOf(made.keys)).parties,
    requester: signerOf(fromBase64url(made.requester), nodeSignatures),
    altered: (changes) => {
      const copy = join(copies, String(count++));
      mkdirSync(copy);
      for (const name of readdirSync(assembly)) {
        if (name.startsWith('asset.')) symlinkSync(join(assembly, name), join(copy, name));
        else cpSync(join(assembly, name), join(copy, name), { recursive: true });
      }
      for (const [stack, change] of Object.entries(changes)) {
        const path = join(copy, `${stack}.template.json`);
        const template = JSON.parse(readFileSync(path, 'utf8')) as Template;
        change(template);
        writeFileSync(path, JSON.stringify(template));
      }
      return copy;
    },
    dispose: () => {
      rmSync(copies, { recursive: true, force: true });
      dispose();
    },
  };
}

async function consortiumOf(keys: readonly PartyKeyFile[]) {
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
  return joinConsortium(signed);
}

function contentHash(more: readonly string[]): string {
  const hash = createHash('sha256').update(process.version);
  const files = [...globSync(SOURCES, { cwd: ROOT }).sort(), ...OTHER_SOURCES];
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(ROOT, file)));
  for (const text of more) hash.update(`\0${text}`);
  return hash.digest('hex').slice(0, 32);
}

/** One process makes what others wait for; a lock whose process is gone is no lock. */
async function lock(path: string): Promise<() => void> {
  mkdirSync(CACHE, { recursive: true });
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch {
      if (!isHeld(path)) rmSync(path, { force: true });
    }
    await sleep(100);
  }
}

function isHeld(path: string): boolean {
  try {
    const owner = Number(readFileSync(path, 'utf8'));
    // A lock that is being written has no owner yet.
    if (owner !== 0) process.kill(owner, 0);
    return true;
  } catch {
    return false;
  }
}

function removeOld(): void {
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    if (Date.now() - statSync(path).mtimeMs > KEPT_MS) rmSync(path, { recursive: true, force: true });
  }
}
