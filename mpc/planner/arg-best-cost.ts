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

/** The AND layers of one level: comparisons, loss count, selection. */
export function levelLayers(level: Level, bits: number, price: PriceRule): LayerCost[] {
  return [
    ...comparisonLayers(level, bits, price),
    ...lossLayers(level, price),
    selectionLayer(level, bits, price),
  ];
}

/** Lanes of the widest vector that a level needs, at most: what must stay below `MAX_LANES`. */
export function widestVector(level: Level, bits: number, price: PriceRule): number {
  const { size, groups, carriedBits, indexBits } = level;
  const members = meetsPairs(level, price) ? 2 * size : size;
  const comparison = matchesOf(size, meetsPairs(level, price)) * (bits + 1);
  return groups * Math.max(comparison, members * (bits + carriedBits), size * indexBits);
}

function comparisonLayers(level: Level, bits: number, price: PriceRule): LayerCost[] {
  const pairs = matchesOf(level.size, meetsPairs(level, price)) * level.groups;
  const layers: LayerCost[] = [];
  for (let runs = bits + 1; runs > 1; runs = Math.ceil(runs / 2)) {
    layers.push(layerOf((2 * (runs >> 1) - 1) * pairs));
  }
  return layers;
}

function lossLayers(level: Level, price: PriceRule): LayerCost[] {
  const { size, groups } = level;
  const pairs = meetsPairs(level, price);
  const layers: LayerCost[] = [];
  for (let rows = size - 1; rows > 1; rows = Math.ceil(rows / 2)) {
    const nodes = (rows >> 1) * groups;
    const counts = price === 'second' && (pairs || rows < size - 1);
    const bests = nodes * (size - 1) * (counts ? 2 : 1);
    layers.push(pairs ? layerOf(bests, nodes * size) : layerOf(bests));
  }
  return layers;
}

function selectionLayer(level: Level, bits: number, price: PriceRule): LayerCost {
  const { size, groups, carriedBits, last } = level;
  const seconds = price === 'second';
  const bestPlanes = carriedBits + (seconds && last ? 0 : bits);
  const secondMembers = meetsPairs(level, price) ? 2 * size - 1 : size - 1;
  return layerOf((size - 1) * bestPlanes * groups, seconds ? secondMembers * bits * groups : 0);
}

/** From the second level of a second-price tournament on, members are pairs of a best and a second. */
function meetsPairs(level: Level, price: PriceRule): boolean {
  return price === 'second' && !level.first;
}

function layerOf(...operationLanes: readonly number[]): LayerCost {
  let ands = 0;
  let bytes = 0;
  for (const lanes of operationLanes) {
    ands += lanes;
    bytes += byteLength(lanes);
  }
  return { ands, bytes };
}
