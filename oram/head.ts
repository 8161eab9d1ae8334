/**
 * The head: the one item of a vault on which writers compete, by compare-and-swap on its version.
 *
 * It says what is committed, what one writer is about to read (the intent, or that it places everything anew), and
 * where the checkpoint of the client state is. It is sealed and always of the same length. In the clear are only the
 * layout number, the vault's random identifier, the generation and a check value that tells a wrong key from a forgery.
 * It authenticates under its vault's name only, so that one vault's head cannot stand in for another's.
 *
 * Versions count every put of the head. An epoch takes two: its intent and its commit; buckets and log record are
 * written under the first.
 */

import { createHash, createHmac, type KeyObject } from 'node:crypto';
import * as z from 'zod/mini';
import { equalBytes } from '../mpc/bytes.ts';
import { OramError } from './errors.ts';
import { type BlockId, type Leaf, NO_ID, toBlockId, toLeaf } from './ids.ts';
import { vaultParametersSchema } from './parameters.ts';
import { type Sealer, VAULT_ID_BYTES } from './sealing.ts';
import { HEAD_CLEAR_BYTES, HEAD_JSON_BYTES, headBytes, MOST_OPERATIONS } from './sizes.ts';
import type { Item, ItemKey } from './stores/store.ts';

const LAYOUT = 1;
const KEY_CHECK_BYTES = 8;

const encoder = new TextEncoder();

const count = z.int().check(z.minimum(0));

const bodySchema = z.strictObject({
  /** `intent`: paths may have been read that are not yet written; `rebuild`: everything is being placed anew. */
  phase: z.enum(['committed', 'intent', 'rebuild']),
  parameters: vaultParametersSchema,
  /** Epochs committed since the vault was made. */
  sequence: count,
  /** Under which the last committed epoch was written; of a scanned vault, its item. */
  lastVersion: count,
  /** The checkpoint's number in this generation, the version its items were written under, and the last epoch it covers. */
  checkpoint: z.strictObject({ number: count, version: count, sequence: count }),
  /** Operations asked for since the vault was made; of the intent too, once it is there. */
  accesses: count,
  stashMax: count,
  /** Which process put this head. */
  holder: z.string().check(z.maxLength(16)),
  /** Code of the integrity check that failed. */
  poisonedBy: z.nullable(z.string().check(z.maxLength(32))),
  /** Another generation some of whose items may be in the tables: the one before, or one that was not finished. */
  leftover: z.nullable(count),
  /** 32 bytes, base64url: record keys are known by their HMAC under it, through all generations. */
  digestKey: z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/)),
});

export type HeadBody = z.infer<typeof bodySchema>;

/** One path that is about to be read, and the block it is read for; undefined for a dummy. */
export interface IntendedAccess {
  readonly block: BlockId | undefined;
  readonly leaf: Leaf;
}

export interface Head {
  readonly vaultId: Uint8Array;
  readonly generation: number;
  readonly version: number;
  readonly body: HeadBody;
  /** Empty unless the phase is `intent`. */
  readonly intent: readonly IntendedAccess[];
}

/** Where the head of a vault is, and so what it is sealed as. */
export interface HeadPlace {
  readonly key: ItemKey;
  readonly index: number;
}

export function headPlace(name: string): HeadPlace {
  const key = headKey(name);
  return { key, index: indexOf(key) };
}

function indexOf({ partition }: ItemKey): number {
  return createHash('sha256').update(partition).digest().readUInt32BE(0);
}

export function headKey(name: string): ItemKey {
  return { partition: `vault:${name}`, sort: 'h' };
}

/** @param keyCheck `keyCheckOf` the key and the vault */
export function encodeHead(
  head: Head,
  { key, index: sealedAs }: HeadPlace,
  sealer: Sealer,
  keyCheck: Uint8Array,
): Item {
  const { blocksPerRecord } = head.body.parameters;
  const json = JSON.stringify(head.body);
  const plain = new Uint8Array(HEAD_JSON_BYTES + 4 + 8 * MOST_OPERATIONS * blocksPerRecord).fill(0x20);
  const { read } = encoder.encodeInto(json, plain.subarray(0, HEAD_JSON_BYTES));
  if (read < json.length) throw new RangeError(`a head of ${json.length} characters`);
  const view = new DataView(plain.buffer, HEAD_JSON_BYTES);
  view.setUint32(0, head.intent.length);
  for (const [index, { block, leaf }] of head.intent.entries()) {
    view.setUint32(4 + 8 * index, block ?? NO_ID);
    view.setUint32(8 + 8 * index, leaf);
  }
  const bytes = new Uint8Array(headBytes(blocksPerRecord));
  bytes[0] = LAYOUT;
  bytes.set(head.vaultId, 1);
  new DataView(bytes.buffer).setUint32(1 + VAULT_ID_BYTES, head.generation);
  bytes.set(keyCheck, 5 + VAULT_ID_BYTES);
  sealer.seal('head', sealedAs, head.version, plain, bytes.subarray(HEAD_CLEAR_BYTES));
  return { key, version: head.version, bytes };
}

/**
 * @param sealerOf the sealer of a vault and generation
 * @throws OramError VAULT_KEY, HEAD_FORGED, HEAD_MALFORMED
 */
export function decodeHead(
  item: Item,
  key: KeyObject,
  sealerOf: (vaultId: Uint8Array, generation: number) => Sealer,
): { readonly head: Head; readonly sealer: Sealer } {
  const { bytes, version } = item;
  if (bytes.length <= HEAD_CLEAR_BYTES || bytes[0] !== LAYOUT) {
    throw new OramError(
      'HEAD_MALFORMED',
      'the head is not laid out as version 1 does; use the version that wrote it',
    );
  }
  const vaultId = bytes.slice(1, 1 + VAULT_ID_BYTES);
  if (!equalBytes(keyCheckOf(key, vaultId), bytes.subarray(5 + VAULT_ID_BYTES, HEAD_CLEAR_BYTES))) {
    throw new OramError('VAULT_KEY', 'this key does not open the vault; use the key that was made with it');
  }
  const generation = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1 + VAULT_ID_BYTES);
  const sealer = sealerOf(vaultId, generation);
  const plain = sealer.open('head', indexOf(item.key), version, bytes.subarray(HEAD_CLEAR_BYTES));
  if (plain === undefined) {
    throw new OramError('HEAD_FORGED', 'the head did not authenticate; the state table was altered', {
      version,
    });
  }
  const body = parseBody(plain.subarray(0, HEAD_JSON_BYTES));
  return { head: { vaultId, generation, version, body, intent: decodeIntent(plain, body) }, sealer };
}

function parseBody(bytes: Uint8Array): HeadBody {
  const parsed = bodySchema.safeParse(parseJson(new TextDecoder().decode(bytes)));
  if (!parsed.success) throw new OramError('HEAD_MALFORMED', 'the head authenticates but has other fields');
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function decodeIntent(plain: Uint8Array, { parameters }: HeadBody): IntendedAccess[] {
  const view = new DataView(plain.buffer, plain.byteOffset + HEAD_JSON_BYTES, plain.length - HEAD_JSON_BYTES);
  const length = view.getUint32(0);
  if (length > MOST_OPERATIONS * parameters.blocksPerRecord) {
    throw new OramError('HEAD_MALFORMED', 'the head names more accesses than an epoch has');
  }
  return Array.from({ length }, (_, index) => {
    const block = view.getUint32(4 + 8 * index);
    return {
      block: block === NO_ID ? undefined : toBlockId(block),
      leaf: toLeaf(view.getUint32(8 + 8 * index)),
    };
  });
}

/** Tells a wrong key from a forged head. */
export function keyCheckOf(key: KeyObject, vaultId: Uint8Array): Uint8Array {
  return createHmac('sha256', key)
    .update('tacit/1 vault key check')
    .update(vaultId)
    .digest()
    .subarray(0, KEY_CHECK_BYTES);
}
