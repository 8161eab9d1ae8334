/**
 * Where each wire lies among the vectors of a circuit under construction, and how to bring any wires together
 * in one vector.
 *
 * Every placed wire has a position: vectors lie end to end in the order they were placed. `collect` cuts the
 * wanted wires by the vectors they lie in, takes from each vector only those, joins the pieces and, where the
 * wanted order is not the order of positions, permutes once. So it costs what it moves, never the size of a
 * source, and its pieces are whole slices where the wires are neighbours.
 */

import type { CircuitBuilder } from '../circuit/builder.ts';
import type { VectorId } from '../circuit/circuit.ts';
import { MpcError } from '../errors.ts';
import { MAX_WIRES } from './bristol-circuit.ts';

interface PlacedVector {
  readonly vector: VectorId;
  /** Position of its lane 0. */
  readonly start: number;
}

export class WireMap {
  readonly #builder: CircuitBuilder;
  readonly #positions: Uint32Array;
  /** Index in `#placed`, by position. */
  readonly #placeOf: Uint32Array;
  readonly #placed: PlacedVector[] = [];
  #end = 0;

  constructor(builder: CircuitBuilder, wires: number) {
    this.#builder = builder;
    this.#positions = new Uint32Array(wires);
    this.#placeOf = new Uint32Array(wires);
  }

  positionOf(wire: number): number {
    return this.#positions[wire] ?? 0;
  }

  /** @param wires one for each lane of `vector`, none placed before */
  place(vector: VectorId, wires: Iterable<number>): void {
    const start = this.#end;
    for (const wire of wires) {
      this.#positions[wire] = this.#end;
      this.#placeOf[this.#end] = this.#placed.length;
      this.#end += 1;
    }
    this.#placed.push({ vector, start });
  }

  /** A vector whose lane i is the placed wire `wires[i]`; a wire may be wanted more than once. */
  collect(wires: readonly number[]): VectorId {
    const order = this.orderByPosition(wires);
    const pieces: VectorId[] = [];
    let lanes: number[] = [];
    let place = -1;
    for (const index of order) {
      const position = this.positionOf(wires[index] ?? 0);
      const next = this.#placeOf[position] ?? 0;
      if (next !== place) {
        if (lanes.length > 0) pieces.push(this.#take(place, lanes));
        lanes = [];
        place = next;
      }
      lanes.push(position - (this.#placed[place]?.start ?? 0));
    }
    pieces.push(this.#take(place, lanes));
    const joined = this.#builder.concat(pieces);
    if (order.every((index, rank) => index === rank)) return joined;
    const ranks = new Uint32Array(wires.length);
    order.forEach((index, rank) => {
      ranks[index] = rank;
    });
    return this.#builder.gather(joined, 1, ranks);
  }

  /** The indexes of `wires`, lowest position first; equal positions in the order given. */
  orderByPosition(wires: readonly number[]): Uint32Array {
    // Position and index share one exact double (2 * 23 bits), so the sort needs no comparison function.
    const keys = new Float64Array(wires.length);
    let sorted = true;
    let last = -1;
    for (let index = 0; index < wires.length; index++) {
      const key = this.positionOf(wires[index] ?? 0) * MAX_WIRES + index;
      keys[index] = key;
      sorted &&= key > last;
      last = key;
    }
    if (!sorted) keys.sort();
    const order = new Uint32Array(wires.length);
    for (let rank = 0; rank < order.length; rank++) order[rank] = (keys[rank] ?? 0) % MAX_WIRES;
    return order;
  }

  #take(place: number, lanes: readonly number[]): VectorId {
    const { vector } = this.#placed[place] ?? {};
    const [first = 0] = lanes;
    if (vector === undefined)
      throw new MpcError('CIRCUIT_INVALID', 'a wire was collected before it was placed');
    const neighbours = lanes.every((lane, index) => lane === first + index);
    return neighbours
      ? this.#builder.slice(vector, first, lanes.length)
      : this.#builder.gather(vector, 1, Uint32Array.from(lanes));
  }
}
