/**
 * The name of a circuit: SHA-256 over everything that decides what it computes and in which order.
 *
 * The three parties exchange it in the handshake, so that none of them can be led to evaluate another circuit
 * than its peers. The encoding is prefix-free by construction: the number of operations and outputs comes
 * first, every operation starts with its kind and has a fixed number of 32-bit little-endian fields, and every
 * list, name or constant is preceded by its length. Lanes, layers and depth follow from the operations and
 * are not hashed.
 */

import { createHash } from 'node:crypto';
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

/** Most operations are a dozen bytes; a call into OpenSSL costs as much as hashing a kilobyte. */
const CHUNK_BYTES = 2 ** 16;

/** 32 bytes; equal for two circuits only if they are the same list of operations and outputs. */
export function circuitHash(circuit: Circuit): Uint8Array<ArrayBuffer> {
  const encoding = new Encoding();
  encoding.text(DOMAIN);
  encoding.number(circuit.operations.length);
  encoding.number(circuit.outputs.length);
  for (const operation of circuit.operations) encodeOperation(encoding, operation);
  for (const { name, vector } of circuit.outputs) {
    encoding.text(name);
    encoding.number(vector);
  }
  return encoding.digest();
}

function encodeOperation(encoding: Encoding, operation: Operation): void {
  encoding.number(KIND_NUMBERS[operation.kind]);
  switch (operation.kind) {
    case 'input':
      encoding.number(operation.lanes);
      encoding.text(operation.name);
      return;
    case 'constant':
      encoding.number(operation.bits.lanes);
      encoding.bytes(operation.bits.toBytes());
      return;
    case 'xor':
    case 'and':
      encoding.number(operation.left);
      encoding.number(operation.right);
      return;
    case 'not':
      encoding.number(operation.source);
      return;
    case 'gather':
      encoding.number(operation.source);
      encoding.number(operation.blockLanes);
      encoding.numbers(operation.blocks);
      return;
    case 'concat':
      encoding.numbers(operation.sources);
  }
}

/** Collects the encoding in chunks and hashes each as it fills. */
class Encoding {
  readonly #hash = createHash('sha256');
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  readonly #view = new DataView(this.#chunk.buffer);
  #used = 0;

  /** Below 2^32: positions, lanes and counts are bounded far below it. */
  number(value: number): void {
    if (this.#used + 4 > CHUNK_BYTES) this.#flush();
    this.#view.setUint32(this.#used, value, true);
    this.#used += 4;
  }

  /** How many there are, then each; a list may have millions. */
  numbers(values: ArrayLike<number>): void {
    this.number(values.length);
    for (let index = 0; index < values.length; index++) this.number(values[index] ?? 0);
  }

  text(text: string): void {
    const bytes = utf8(text);
    this.number(bytes.length);
    this.bytes(bytes);
  }

  bytes(bytes: Uint8Array): void {
    if (this.#used + bytes.length > CHUNK_BYTES) this.#flush();
    if (bytes.length > CHUNK_BYTES) {
      this.#hash.update(bytes);
      return;
    }
    this.#chunk.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  digest(): Uint8Array<ArrayBuffer> {
    this.#flush();
    return new Uint8Array(this.#hash.digest());
  }

  #flush(): void {
    this.#hash.update(this.#chunk.subarray(0, this.#used));
    this.#used = 0;
  }
}
