/**
 * The name of a circuit: SHA-256 over everything that decides what it computes and in which order.
 *
 * The three parties exchange it in the handshake, so that none of them can be led to evaluate another circuit
 * than its peers. The encoding is prefix-free by construction: the number of operations and outputs comes
 * first, every operation starts with its kind and has a fixed number of 32-bit little-endian fields, and every
 * list, name or constant is preceded by its length. Lanes, layers and depth follow from the operations and
 * are not hashed. Numbers are hashed as they lie in memory: little-endian on every machine that Lambda runs
 * on, the same assumption that `BitVector` makes.
 */

import { createHash, type Hash } from 'node:crypto';
import { utf8 } from '../bytes.ts';
import type { Circuit, Operation } from './circuit.ts';

/** Changes whenever the encoding does, so hashes of two encodings never meet. */
const DOMAIN = 'tacit/circuit/1';

const KIND_NUMBERS: Readonly<Record<Operation['kind'], number>> = {
  input: 1,
  constant: 2,
  xor: 3,
  not: 4,
  and: 5,
  gather: 6,
  concat: 7,
};

/** 32 bytes; equal for two circuits only if they are the same list of operations and outputs. */
export function circuitHash(circuit: Circuit): Uint8Array<ArrayBuffer> {
  const hash = createHash('sha256');
  hashText(hash, DOMAIN);
  hashNumbers(hash, circuit.operations.length, circuit.outputs.length);
  for (const operation of circuit.operations) hashOperation(hash, operation);
  for (const { name, vector } of circuit.outputs) {
    hashText(hash, name);
    hashNumbers(hash, vector);
  }
  return new Uint8Array(hash.digest());
}

function hashOperation(hash: Hash, operation: Operation): void {
  const kind = KIND_NUMBERS[operation.kind];
  switch (operation.kind) {
    case 'input':
      hashNumbers(hash, kind, operation.lanes);
      hashText(hash, operation.name);
      return;
    case 'constant':
      hashNumbers(hash, kind, operation.bits.lanes);
      hash.update(operation.bits.toBytes());
      return;
    case 'xor':
    case 'and':
      hashNumbers(hash, kind, operation.left, operation.right);
      return;
    case 'not':
      hashNumbers(hash, kind, operation.source);
      return;
    case 'gather': {
      const { blocks } = operation;
      hashNumbers(hash, kind, operation.source, operation.blockLanes, blocks.length);
      hashArray(hash, blocks);
      return;
    }
    case 'concat':
      hashNumbers(hash, kind, operation.sources.length);
      hashArray(hash, Uint32Array.from(operation.sources));
  }
}

/** Each below 2^32: positions, lanes and counts are bounded far below it. */
function hashNumbers(hash: Hash, ...numbers: readonly number[]): void {
  hashArray(hash, Uint32Array.from(numbers));
}

/** As it lies in memory, which may be a view into a larger buffer. */
function hashArray(hash: Hash, numbers: Uint32Array): void {
  hash.update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
}

function hashText(hash: Hash, text: string): void {
  const bytes = utf8(text);
  hashNumbers(hash, bytes.length);
  hash.update(bytes);
}
