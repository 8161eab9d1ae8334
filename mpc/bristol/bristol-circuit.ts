/**
 * A circuit as the Bristol Fashion format has it: single gates on numbered wires.
 *
 * Source: N. Smart, "'Bristol Fashion' MPC Circuits", the page that defines the format. Wires 0 to n - 1 are
 * the bits of the input values, one value after another; the last wires are the bits of the output values. The
 * first wire of a value is its least significant bit. Each gate sets one wire, and reads only wires that
 * earlier gates (or inputs) have set.
 *
 * Gates are kept in typed arrays, one entry a gate, because circuits of interest have 10^4 to 10^6 of them.
 */

/** 4 million gates (52 MB in memory): a hundred AES-128, a dozen SHA-512. */
export const MAX_GATES = 2 ** 22;

/** Every wire is an input or set by a gate; as many inputs as gates are ample for any function worth computing. */
export const MAX_WIRES = 2 * MAX_GATES;

/** Inputs, or outputs, that are values: real functions have a handful; this bounds what one header line makes us store. */
export const MAX_VALUES = 2 ** 16;

/** The byte that stands for each gate in `BristolGates.kinds`. `MAND` has none: it is read as its ANDs. */
export const GATE_KIND = { xor: 0, and: 1, inv: 2, eq: 3, eqw: 4 } as const;

export interface BristolGates {
  readonly count: number;
  /** `GATE_KIND` of each gate. */
  readonly kinds: Uint8Array;
  /** The wire that each gate reads first; for `eq` the constant itself, 0 or 1. */
  readonly left: Uint32Array;
  /** The wire that `xor` and `and` read second; 0 for the others. */
  readonly right: Uint32Array;
  /** The wire that each gate sets. */
  readonly out: Uint32Array;
}

export interface BristolCircuit {
  readonly wires: number;
  /** Bits of each input value, at least 1. */
  readonly inputs: readonly number[];
  /** Bits of each output value, at least 1. */
  readonly outputs: readonly number[];
  readonly gates: BristolGates;
}

/** Bits of all values together. */
export function totalBits(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0);
}

/** Appends gates up to a number known beforehand. */
export class GateList {
  readonly #kinds: Uint8Array;
  readonly #left: Uint32Array;
  readonly #right: Uint32Array;
  readonly #out: Uint32Array;
  #count = 0;

  constructor(capacity: number) {
    this.#kinds = new Uint8Array(capacity);
    this.#left = new Uint32Array(capacity);
    this.#right = new Uint32Array(capacity);
    this.#out = new Uint32Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  push(kind: number, left: number, right: number, out: number): void {
    this.#kinds[this.#count] = kind;
    this.#left[this.#count] = left;
    this.#right[this.#count] = right;
    this.#out[this.#count] = out;
    this.#count += 1;
  }

  gates(): BristolGates {
    return {
      count: this.#count,
      kinds: this.#kinds.subarray(0, this.#count),
      left: this.#left.subarray(0, this.#count),
      right: this.#right.subarray(0, this.#count),
      out: this.#out.subarray(0, this.#count),
    };
  }
}
