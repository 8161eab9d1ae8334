/** Numbers that must not be mixed up: places in the tree, blocks and records. */

declare const leaf: unique symbol;
declare const bucketIndex: unique symbol;
declare const blockId: unique symbol;
declare const recordId: unique symbol;

/** Position of a leaf, 0 to 2^(levels - 1) - 1, from the left. */
export type Leaf = number & { readonly [leaf]: true };

/** Place of a bucket in level order: 2^level - 1 + position from the left; the root is 0. */
export type BucketIndex = number & { readonly [bucketIndex]: true };

/** Record r of a vault with m blocks a record has the blocks r m to r m + m - 1. */
export type BlockId = number & { readonly [blockId]: true };

/** 0 to capacity - 1; says nothing about the record's key. */
export type RecordId = number & { readonly [recordId]: true };

/** Stands for "no block" in stored layouts: a dummy access, an empty slot. */
export const NO_ID = 0xffff_ffff;

export function toLeaf(value: number): Leaf {
  return value as Leaf;
}

export function toBucketIndex(value: number): BucketIndex {
  return value as BucketIndex;
}

export function toBlockId(value: number): BlockId {
  return value as BlockId;
}

export function toRecordId(value: number): RecordId {
  return value as RecordId;
}
