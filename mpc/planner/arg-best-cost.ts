/**
 * What `argBest` will cost, in closed form: every AND operation of every layer, without building the circuit.
 *
 * The planner weighs tens of thousands of groupings in milliseconds with it. Tests hold it equal to `cost` of
 * the built circuit, layer by layer, so the two files can only change together.
 */

import { byteLength } from '../bits/bit-vector.ts';
import type { CircuitCost, LayerCost } from '../circuit/cost.ts';
import { matchesOf } from '../circuits/group-matches.ts';
import {
  type ArgBestShape,
  indexBitsOf,
  type Level,
  levelsOf,
  type PriceRule,
} from '../circuits/tournament.ts';

/** Exactly `cost` of a circuit whose outputs are the winner and the price, in this order. */
export function argBestCost(shape: ArgBestShape): CircuitCost {
  const layers = levelsOf(shape).flatMap((level) => levelLayers(level, shape.bits, shape.price));
  return {
    depth: layers.length,
    ands: layers.reduce((sum, layer) => sum + layer.ands, 0),
    layers,
    outputLanes: [indexBitsOf(shape.candidates), shape.bits],
  };
}

/** The AND layers of one level. */
function levelLayers(level: Level, bits: number, price: PriceRule): LayerCost[] {
  const layers: LayerCost[] = [];
  visitLayers(level, bits, price, (ands, bytes) => layers.push({ ands, bytes }));
  return layers;
}

/** Calls back for every AND layer of one level in order: comparisons, loss count, selection. */
export function visitLayers(
  level: Level,
  bits: number,
  price: PriceRule,
  visit: (ands: number, bytes: number) => void,
): void {
  const { size, groups, carriedBits, last } = level;
  const seconds = price === 'second';
  const pairs = meetsPairs(level, price);
  // A layer is at most two AND operations, each rounded up to whole bytes by itself.
  const layer = (lanes: number, otherLanes: number): void => {
    visit(lanes + otherLanes, byteLength(lanes) + byteLength(otherLanes));
  };
  const matches = matchesOf(size, pairs) * groups;
  for (let runs = bits + 1; runs > 1; runs = (runs + 1) >> 1) layer((2 * (runs >> 1) - 1) * matches, 0);
  for (let rows = size - 1; rows > 1; rows = (rows + 1) >> 1) {
    const nodes = (rows >> 1) * groups;
    // With single matches for leaves, the first tree layer needs no second product.
    const products = seconds && (pairs || rows < size - 1) ? 2 : 1;
    layer(nodes * (size - 1) * products, pairs ? nodes * size : 0);
  }
  const bestPlanes = carriedBits + (seconds && last ? 0 : bits);
  const secondMembers = pairs ? 2 * size - 1 : size - 1;
  layer((size - 1) * bestPlanes * groups, seconds ? secondMembers * bits * groups : 0);
}

/** Lanes of the widest vector that a level needs, at most: what must stay below `MAX_LANES`. */
export function widestVector(level: Level, bits: number, price: PriceRule): number {
  const { size, groups, carriedBits, indexBits } = level;
  const members = meetsPairs(level, price) ? 2 * size : size;
  const comparison = matchesOf(size, meetsPairs(level, price)) * (bits + 1);
  return groups * Math.max(comparison, members * (bits + carriedBits), size * indexBits);
}

/** From the second level of a second-price tournament on, members are pairs of a best and a second. */
function meetsPairs(level: Level, price: PriceRule): boolean {
  return price === 'second' && !level.first;
}
