/**
 * The name of a circuit: SHA-256 over everything that decides what it computes and in which order.
 *
 * The three parties exchange it in the handshake, so that none of them can be led to evaluate another circuit
 * than its peers. The encoding is prefix-free by construction: the number of operations and outputs comes
 * first, every operation starts with its kind and has a fixed number of 32-bit little-endian fields, and every
 * list, name or constant is preceded by its length. Lanes, layers and depth follow from the operations and
 * are not hashed. Index arrays are hashed as they lie in memory: little-endian on every machine that Node
 * runs Lambda on, the same assumption that `BitVector` makes.
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
      hash.update(new Uint8Array(blocks.buffer, blocks.byteOffset, blocks.byteLength));
      return;
    }
    case 'concat':
      hashNumbers(hash, kind, operation.sources.length, ...operation.sources);
  }
}

/** Each below 2^32: positions, lanes and counts are bounded far below it. */
function hashNumbers(hash: Hash, ...numbers: readonly number[]): void {
  const bytes = new Uint8Array(4 * numbers.length);
  const view = new DataView(bytes.buffer);
  numbers.forEach((number, index) => {
    view.setUint32(4 * index, number, true);
  });
  hash.update(bytes);
}

function hashText(hash: Hash, text: string): void {
  const bytes = utf8(text);
  hashNumbers(hash, bytes.length);
  hash.update(bytes);
}
