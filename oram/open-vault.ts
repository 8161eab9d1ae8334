/** Creating, opening and destroying a vault, whichever layout it has. */

import type { KeyObject } from 'node:crypto';
import type { Clock } from '../mpc/clock.ts';
import { destroyTree } from './destroy.ts';
import { OramError } from './errors.ts';
import type { Head } from './head.ts';
import { HeadStore, type HeldHead } from './head-store.ts';
import type { VaultParameters } from './parameters.ts';
import { unitsOf } from './queued-vault.ts';
import { Rebuild, removeGeneration } from './rebuild.ts';
import { DIGEST_KEY_BYTES } from './record-keys.ts';
import { openScanVault } from './scan-vault.ts';
import { firstScanItem, ScanWriter } from './scan-writer.ts';
import { VAULT_ID_BYTES } from './sealing.ts';
import type { ItemStore } from './stores/store.ts';
import { TreeVault } from './tree-vault.ts';
import { TreeWriter } from './tree-writer.ts';
import type { BulkOptions, Vault } from './vault.ts';

export interface VaultOptions {
  /** 1 to 64 letters, digits, dots, hyphens or underscores; public. */
  readonly name: string;
  /** 32 bytes; everything is derived from it. */
  readonly key: KeyObject;
  /** Buckets. May belong to somebody else. */
  readonly tree: ItemStore;
  /** Client state: the reader's own table. It may be the same store as `tree` where its owner is trusted with freshness. */
  readonly state: ItemStore;
  readonly clock: Clock;
  /** That many bytes from a cryptographic generator. */
  readonly random: (bytes: number) => Uint8Array;
  /**
   * How long another process's unfinished access may stay unchanged before this one finishes it in its place;
   * default 10 seconds, 0 where no other process can be alive.
   */
  readonly patienceMs?: number;
}

/**
 * Versions begin anywhere below this. A process that still knows a vault of this name which was destroyed would
 * otherwise find the version it knows on the head of the new one, and put its own head in its place.
 */
const FIRST_VERSIONS = 2 ** 29;

const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Makes a vault without records: writes the whole tree, so that no later access can be told by what was never written.
 * Where an earlier making of this vault was cut off, it is made anew.
 * @throws OramError VAULT_NAME, VAULT_EXISTS, and those of the stores
 */
export async function createVault(
  options: VaultOptions,
  parameters: VaultParameters,
  bulk: BulkOptions = {},
): Promise<Vault> {
  requireName(options.name);
  const unitsBefore = unitsOf(options);
  const heads = new HeadStore(options);
  if (parameters.layout === 'scan') {
    return openScanVault(options, heads, await createScan(options, heads, parameters), unitsBefore);
  }
  const writer = new TreeWriter(options, heads);
  const held = await announceCreation(options, heads, writer, parameters, bulk);
  await new Rebuild(writer, held, bulk).run(undefined);
  return new TreeVault(writer, unitsBefore);
}

/**
 * Opens a vault: one get of its head, then one batch of parallel reads; finishes what was cut off.
 * @throws OramError VAULT_UNKNOWN, VAULT_KEY, VAULT_BUSY, and those of the stores and checks
 */
export async function openVault(options: VaultOptions): Promise<Vault> {
  requireName(options.name);
  const unitsBefore = unitsOf(options);
  const heads = new HeadStore(options);
  const held = await heads.read();
  if (held.head.body.parameters.layout === 'scan') return openScanVault(options, heads, held, unitsBefore);
  const writer = new TreeWriter(options, heads);
  await writer.guarded(() => writer.settle(undefined, { first: held }));
  return new TreeVault(writer, unitsBefore);
}

/**
 * Deletes a vault that may be too damaged to open, or that was being made or destroyed by a process that is gone.
 * @throws OramError VAULT_UNKNOWN, VAULT_KEY, VAULT_BUSY, HEAD_FORGED, HEAD_MALFORMED, and those of the stores
 */
export async function destroyVault(options: VaultOptions, bulk: BulkOptions = {}): Promise<void> {
  requireName(options.name);
  const heads = new HeadStore(options);
  const held = await heads.read();
  if (held.head.body.parameters.layout === 'scan') await new ScanWriter(options, heads, held).remove();
  else await destroyTree(new TreeWriter(options, heads), bulk);
}

/** The item first: until there is a head it belongs to nobody. */
async function createScan(
  options: VaultOptions,
  heads: HeadStore,
  parameters: VaultParameters,
): Promise<HeldHead> {
  if ((await heads.find()) !== undefined) throw taken(options.name);
  const announced = firstHead(options, parameters, Buffer.from(options.random(8)).toString('hex'));
  const { version } = announced;
  const body = { ...announced.body, phase: 'committed', lastVersion: version, leftover: null } as const;
  const head: Head = { ...announced, generation: 1, version: version + 1, body };
  const held = { head, sealer: heads.sealer(head.vaultId, head.generation) };
  await options.tree.fill([firstScanItem(held)]);
  if (!(await heads.first(head, held.sealer))) throw taken(options.name);
  return held;
}

/** The first head says that the vault is being made. */
async function announceCreation(
  options: VaultOptions,
  heads: HeadStore,
  writer: TreeWriter,
  parameters: VaultParameters,
  bulk: BulkOptions,
): Promise<HeldHead> {
  const unfinished = await heads.find();
  if (unfinished === undefined) {
    const head = firstHead(options, parameters, writer.holder);
    const sealer = heads.sealer(head.vaultId, 0);
    if (await heads.first(head, sealer)) return { head, sealer };
    throw taken(options.name);
  }
  const { head } = unfinished;
  if (head.generation !== 0) throw taken(options.name);
  if (head.body.leftover !== null) await removeGeneration(writer, unfinished, head.body.leftover, bulk);
  const { holder } = writer;
  const again = await heads.swap(unfinished, { parameters, holder, leftover: head.version + 1 });
  if (again === undefined) throw taken(options.name);
  return again;
}

function firstHead({ random }: VaultOptions, parameters: VaultParameters, holder: string): Head {
  const version = 1 + (Buffer.from(random(4)).readUInt32BE() % FIRST_VERSIONS);
  return {
    vaultId: random(VAULT_ID_BYTES).slice(),
    generation: 0,
    version,
    intent: [],
    body: {
      phase: 'rebuild',
      parameters,
      sequence: 0,
      lastVersion: 0,
      checkpoint: { number: 0, version: 0, sequence: 0 },
      accesses: 0,
      stashMax: 0,
      holder,
      poisonedBy: null,
      leftover: version,
      digestKey: Buffer.from(random(DIGEST_KEY_BYTES)).toString('base64url'),
    },
  };
}

function requireName(name: string): void {
  if (NAME.test(name)) return;
  throw new OramError('VAULT_NAME', 'a vault name has 1 to 64 letters, digits, dots, hyphens or underscores');
}

function taken(name: string): OramError {
  return new OramError(
    'VAULT_EXISTS',
    `there is a vault "${name}" already; choose another name or destroy it`,
  );
}
