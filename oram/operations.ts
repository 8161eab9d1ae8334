/**
 * From operations on keys to accesses of blocks and back: what an epoch reads, and what it changes.
 *
 * However many operations there are, and whatever they are, an epoch of b operations makes b m accesses, m blocks for
 * each record. Operations on the same key are served by one set of accesses, in their order; a miss, a duplicate, a
 * dummy and a refused operation read paths to fresh uniform leaves instead. So each leaf that is read is uniform and
 * independent of all that went before: the leaf of a block was drawn when the block was last accessed and has not been
 * shown since, and a block is accessed once in an epoch (Stefanov et al. 2013, section 3.6).
 */

import { equalBytes } from '../mpc/bytes.ts';
import type { ClientState } from './client-state.ts';
import type { AccessChange, OperationChange } from './epoch-record.ts';
import { OramError } from './errors.ts';
import type { IntendedAccess } from './head.ts';
import type { BlockId, Leaf, RecordId } from './ids.ts';
import type { VaultParameters } from './parameters.ts';
import { decodeRecord, encodeRecord } from './record-content.ts';
import type { KeyDigest, RecordKeys } from './record-keys.ts';
import type { VaultOperation, VaultOperationResult } from './vault.ts';

export type OperationOutcome = VaultOperationResult | OramError;

/** Operations on one key, in order. */
interface KeyGroup {
  readonly digest: KeyDigest;
  /** The record that has this fingerprint, or the place reserved for a new one. */
  readonly record: RecordId | undefined;
  readonly exists: boolean;
  readonly members: number[];
}

export interface ResolvedOperations {
  readonly operations: readonly VaultOperation[];
  readonly groups: readonly KeyGroup[];
  /** Refused before anything is read. */
  readonly refused: ReadonlyMap<number, OramError>;
  /** One for each path, blocks of the groups first. */
  readonly accesses: readonly IntendedAccess[];
}

const NOTHING: VaultOperationResult = { found: false, value: undefined };

/**
 * @param operations at most `size`
 * @param size operations of the epoch; the rest are dummies
 * @param draw a fresh uniform leaf
 */
export function resolveOperations(
  operations: readonly VaultOperation[],
  size: number,
  state: ClientState,
  keys: RecordKeys,
  draw: () => Leaf,
): ResolvedOperations {
  const { positions } = state;
  const groups = new Map<string, KeyGroup>();
  const refused = new Map<number, OramError>();
  const reserved = new Set<RecordId>();
  for (const [index, operation] of operations.entries()) {
    if (operation.kind === 'dummy') continue;
    const digest = keys.digest(operation.key);
    const name = `${digest.low}.${digest.high}`;
    const known = groups.get(name);
    if (known !== undefined) {
      if (equalBytes(known.digest.check, digest.check)) known.members.push(index);
      // Not found would be a guess: which of the two the record belongs to is known after it was read.
      else refused.set(index, collision());
      continue;
    }
    const record = positions.find(digest);
    const group = { digest, record, exists: record !== undefined, members: [index] };
    groups.set(name, group);
  }
  const placed = [...groups.values()].map((group): KeyGroup => {
    if (group.exists || !group.members.some((index) => operations[index]?.kind === 'put')) return group;
    const record = positions.free(reserved);
    if (record !== undefined) reserved.add(record);
    return { ...group, record };
  });
  const accesses: IntendedAccess[] = [];
  for (const { record, exists } of placed) {
    for (let part = 0; part < positions.blocksPerRecord; part++) {
      const block = exists && record !== undefined ? positions.blockOf(record, part) : undefined;
      accesses.push({ block, leaf: block === undefined ? draw() : positions.leafOf(block) });
    }
  }
  while (accesses.length < size * positions.blocksPerRecord)
    accesses.push({ block: undefined, leaf: draw() });
  return { operations, groups: placed, refused, accesses };
}

/** What repeats an intent: the same paths, and no operation. */
export function repeatIntent(accesses: readonly IntendedAccess[]): ResolvedOperations {
  return { operations: [], groups: [], refused: new Map(), accesses };
}

export interface AppliedOperations {
  readonly outcomes: readonly OperationOutcome[];
  readonly changes: readonly (OperationChange | undefined)[];
  readonly accesses: readonly AccessChange[];
}

/**
 * @param current content of an accessed block as it was read
 * @param draw a fresh uniform leaf
 */
export function applyOperations(
  resolved: ResolvedOperations,
  size: number,
  parameters: VaultParameters,
  state: ClientState,
  current: (block: BlockId) => Uint8Array,
  draw: () => Leaf,
): AppliedOperations {
  const { blocksPerRecord } = parameters;
  const outcomes: OperationOutcome[] = resolved.operations.map(
    (_, index) => resolved.refused.get(index) ?? NOTHING,
  );
  const changes: (OperationChange | undefined)[] = new Array(size).fill(undefined);
  const accesses: AccessChange[] = [];
  for (const [place, group] of resolved.groups.entries()) {
    const intended = resolved.accesses.slice(accesses.length, accesses.length + blocksPerRecord);
    const before = intended.flatMap(({ block }) => (block === undefined ? [] : [current(block)]));
    const value = group.exists ? decodeRecord(before, group.digest, parameters) : undefined;
    const foreign = group.exists && value === undefined;
    const after = serve(group, resolved.operations, foreign, value, outcomes);
    const contents =
      foreign || after === value ? before : after && encodeRecord(after, group.digest, parameters);
    if (group.record !== undefined && !foreign && (value === undefined) !== (after === undefined)) {
      const fingerprint =
        after === undefined ? undefined : { low: group.digest.low, high: group.digest.high };
      changes[place] = { record: group.record, fingerprint };
    }
    for (const [part, { leaf }] of intended.entries()) {
      const content = contents?.[part];
      const known = group.record !== undefined && (group.exists || content !== undefined);
      const block =
        known && group.record !== undefined ? state.positions.blockOf(group.record, part) : undefined;
      // A copy: what was read is a view of a whole bucket.
      accesses.push({ block, leafRead: leaf, newLeaf: draw(), content: content?.slice() });
    }
  }
  // Dummies; in a recovery also the blocks that the epoch cut off was about to access, which stay as they are.
  for (const { block, leaf } of resolved.accesses.slice(accesses.length)) {
    const content = block === undefined ? undefined : current(block).slice();
    accesses.push({ block, leafRead: leaf, newLeaf: draw(), content });
  }
  return { outcomes, changes, accesses };
}

/** Fills in the outcomes of a group. @returns what the record holds afterwards; `value` itself where unchanged */
function serve(
  { members, record }: KeyGroup,
  operations: readonly VaultOperation[],
  foreign: boolean,
  value: Uint8Array | undefined,
  outcomes: OperationOutcome[],
): Uint8Array | undefined {
  let held = value;
  for (const index of members) {
    const operation = operations[index];
    if (operation?.kind === 'put' && (foreign || record === undefined)) {
      outcomes[index] = foreign ? collision() : full();
      continue;
    }
    outcomes[index] = { found: held !== undefined, value: held };
    if (operation?.kind === 'put') held = operation.value;
    if (operation?.kind === 'delete') held = undefined;
  }
  return held;
}

function collision(): OramError {
  return new OramError(
    'VAULT_KEY_COLLISION',
    'another record has the fingerprint of this key; use another key',
  );
}

function full(): OramError {
  return new OramError('VAULT_FULL', 'the vault is full; delete records or load them into a larger vault');
}
