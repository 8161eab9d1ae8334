/**
 * What one party remembers of every AND until it is checked: six bits.
 *
 * Party i sent z_i = x_i y_i ^ x_i y_{i+1} ^ x_{i+1} y_i ^ F(k_i) ^ F(k_{i+1}) to party i-1. About a prover P, its
 * left verifier L = P-1 knows x_P, y_P, F(k_P) and the z_P it received; its right verifier R = P+1 knows x_{P+1},
 * y_{P+1} and F(k_{P+1}); P knows all of these. The message was right iff
 *
 *   x_P y_{P+1} ^ y_P x_{P+1} = (z_P ^ x_P y_P ^ F(k_P)) [known to L] ^ F(k_{P+1}) [known to R].
 *
 * So a party needs, for its three roles together: its first summands of both operands (its own as prover, the
 * factors of its predecessor as R), its second summands (its own as prover, the factors of its successor as L), the
 * left side `leftTerms` (as L of its successor) and the right side `rightTerms` (as R of its predecessor).
 *
 * Layout: ANDs in the order of evaluation, each operation padded with zeros to whole bytes as on the wire and each
 * layer to whole words; padding satisfies the equation as 0 = 0. The log is cut into batches of 16 rows of equal length, so that row r of a batch is a
 * contiguous run of words. Memory: 6 bits an AND.
 */

import { MpcError } from '../../errors.ts';

/** Rows of one operand in a batch; operands x and y together make the 32 rows of a column word. */
export const ROWS = 16;

/**
 * 2^16 columns of 16 ANDs: about a million ANDs a batch. Its vectors of field elements take a few megabytes, about
 * what the caches hold, and its proof is still below one percent of the ANDs' own traffic.
 */
export const MAX_BATCH_COLUMNS = 2 ** 16;

/** The transposing kernel takes columns by the 128. */
const COLUMN_STEP = 128;

export interface Batch {
  /** A multiple of 128; every row has so many bits. */
  readonly columns: number;
  readonly firstX: Int32Array;
  readonly firstY: Int32Array;
  readonly secondX: Int32Array;
  readonly secondY: Int32Array;
  readonly leftTerms: Int32Array;
  readonly rightTerms: Int32Array;
}

export class AndLog {
  readonly #firstX: Int32Array;
  readonly #firstY: Int32Array;
  readonly #secondX: Int32Array;
  readonly #secondY: Int32Array;
  readonly #leftTerms: Int32Array;
  readonly #rightTerms: Int32Array;
  readonly #batchColumns: readonly number[];
  readonly #capacityWords: number;
  #usedWords = 0;

  /** @param words of all layers together, each layer rounded up to whole words */
  constructor(words: number) {
    this.#batchColumns = batchColumnsOf(words);
    this.#capacityWords = words;
    const padded = this.#batchColumns.reduce((sum, columns) => sum + wordsOf(columns), 0);
    this.#firstX = new Int32Array(padded);
    this.#firstY = new Int32Array(padded);
    this.#secondX = new Int32Array(padded);
    this.#secondY = new Int32Array(padded);
    this.#leftTerms = new Int32Array(padded);
    this.#rightTerms = new Int32Array(padded);
  }

  /** The next so many words of every vector: the place of one layer. */
  claim(words: number): Omit<Batch, 'columns'> {
    const start = this.#usedWords;
    if (start + words > this.#capacityWords) {
      throw new MpcError('CIRCUIT_INVALID', 'more ANDs were evaluated than the circuit declares');
    }
    this.#usedWords += words;
    return this.#part(start, start + words);
  }

  /** True when exactly the declared ANDs were logged: an unlogged AND would pass unchecked. */
  isComplete(): boolean {
    return this.#usedWords === this.#capacityWords;
  }

  batches(): readonly Batch[] {
    let start = 0;
    return this.#batchColumns.map((columns) => {
      const end = start + wordsOf(columns);
      const batch = { columns, ...this.#part(start, end) };
      start = end;
      return batch;
    });
  }

  #part(start: number, end: number): Omit<Batch, 'columns'> {
    return {
      firstX: this.#firstX.subarray(start, end),
      firstY: this.#firstY.subarray(start, end),
      secondX: this.#secondX.subarray(start, end),
      secondY: this.#secondY.subarray(start, end),
      leftTerms: this.#leftTerms.subarray(start, end),
      rightTerms: this.#rightTerms.subarray(start, end),
    };
  }
}

/** Sizes of the batches for so many words of ANDs; public, so that costs can be predicted. */
export function batchColumnsOf(words: number): readonly number[] {
  const full = Math.floor(words / wordsOf(MAX_BATCH_COLUMNS));
  const rest = words - full * wordsOf(MAX_BATCH_COLUMNS);
  const columns = Array.from({ length: full }, () => MAX_BATCH_COLUMNS);
  if (rest > 0) columns.push(Math.ceil((rest * 32) / ROWS / COLUMN_STEP) * COLUMN_STEP);
  return columns;
}

function wordsOf(columns: number): number {
  return (columns / 32) * ROWS;
}
