/**
 * Request units of a vault over its life, by what they were spent on, in a file beside its tables.
 *
 * The vault counts for as long as a process has it open; here the counts of all processes come together. What a
 * process that was killed had used is missing, so the totals are a lower bound then.
 */

import { readFile, rename, writeFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import type { StoreUnits } from '../oram/stores/store.ts';
import type { VaultPlaces } from './vault-directory.ts';

const unitsSchema = z.strictObject({ requests: z.number(), readUnits: z.number(), writeUnits: z.number() });

const usageSchema = z.strictObject({
  /** Reading the client state when a process opens the vault, and finishing what another left. */
  opening: unitsSchema,
  /** Looking up, changing and deleting. */
  access: unitsSchema,
  /** Making, loading, reshuffling and destroying. */
  bulk: unitsSchema,
});

export type UsageKind = keyof z.infer<typeof usageSchema>;
export type VaultUsage = Readonly<Record<UsageKind, StoreUnits>>;

export const NO_UNITS: StoreUnits = { requests: 0, readUnits: 0, writeUnits: 0 };

/** Zero where nothing was written down yet. */
export async function readUsage({ usageFile }: VaultPlaces): Promise<VaultUsage> {
  try {
    const parsed = z.safeParse(usageSchema, JSON.parse(await readFile(usageFile, 'utf8')));
    if (parsed.success) return parsed.data;
  } catch {
    // Missing or cut short: the totals start again.
  }
  return { opening: NO_UNITS, access: NO_UNITS, bulk: NO_UNITS };
}

/** Replaces the file at once, so that a process that dies leaves the old or the new one. */
export async function writeUsage({ usageFile }: VaultPlaces, usage: VaultUsage): Promise<void> {
  const draft = `${usageFile}.new`;
  await writeFile(draft, `${JSON.stringify(usage)}\n`);
  await rename(draft, usageFile);
}

export function addUsage(left: VaultUsage, right: VaultUsage): VaultUsage {
  return {
    opening: addUnits(left.opening, right.opening),
    access: addUnits(left.access, right.access),
    bulk: addUnits(left.bulk, right.bulk),
  };
}

export function addUnits(left: StoreUnits, right: StoreUnits): StoreUnits {
  return {
    requests: left.requests + right.requests,
    readUnits: left.readUnits + right.readUnits,
    writeUnits: left.writeUnits + right.writeUnits,
  };
}

export function unitsBetween(before: StoreUnits, after: StoreUnits): StoreUnits {
  return {
    requests: after.requests - before.requests,
    readUnits: after.readUnits - before.readUnits,
    writeUnits: after.writeUnits - before.writeUnits,
  };
}

/** Counts what a process uses of a vault's tables, by what it was used for. */
export class UsageBooks {
  readonly #units: () => StoreUnits;
  readonly #used: Record<UsageKind, StoreUnits> = { opening: NO_UNITS, access: NO_UNITS, bulk: NO_UNITS };

  /** @param units of all tables together, so far */
  constructor(units: () => StoreUnits) {
    this.#units = units;
  }

  /** Also where `work` fails. One at a time: units of works that overlap would be counted twice. */
  async account<Value>(kind: UsageKind, work: () => Promise<Value>): Promise<Value> {
    const before = this.#units();
    try {
      return await work();
    } finally {
      this.#used[kind] = addUnits(this.#used[kind], unitsBetween(before, this.#units()));
    }
  }

  usage(): VaultUsage {
    return { ...this.#used };
  }
}
