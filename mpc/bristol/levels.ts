/**
 * Which gates of a Bristol Fashion circuit can be one vector operation: those of the same AND depth and, inside
 * it, of the same level of linear gates.
 *
 * The depth of a wire is the largest number of ANDs on any path to it; its level counts the linear gates since
 * the last AND on the longest such path at that depth. A gate reads only wires of a smaller (depth, level), so
 * a level is computed at once, and no gate waits for an AND that it doesn't depend on: the rounds are the AND
 * depth of the file. `EQW` and `EQ` take no level: a copy is another name for a wire, a constant is depth 0.
 */

import { MpcError } from '../errors.ts';
import { type BristolCircuit, GATE_KIND } from './bristol-circuit.ts';

/**
 * A level becomes a few vector operations, of which a circuit may have 2^20; 64-bit multiplication has 4,032
 * levels, AES-128 375. A longer chain is one that no vector operation speeds up.
 */
const MAX_LEVELS = 2 ** 17;

/** Numbers of gates. Levels above the first of a depth have no ANDs. */
export interface GateLevel {
  readonly ands: number[];
  readonly xors: number[];
  readonly inversions: number[];
}

export interface LeveledGates {
  /** Index 0 is depth 0, before any AND. */
  readonly depths: readonly (readonly GateLevel[])[];
  /** Numbers of the gates that set constants, in order. */
  readonly constants: readonly number[];
  /** For each wire the wire it is a copy of, itself unless an `EQW` set it. */
  readonly sources: Uint32Array;
}

/** @throws MpcError BRISTOL_OVER_BOUND */
export function levelGates({ wires, gates }: BristolCircuit): LeveledGates {
  const depthOf = new Uint32Array(wires);
  const levelOf = new Uint32Array(wires);
  const sources = Uint32Array.from({ length: wires }, (_, wire) => wire);
  const table = new LevelTable();
  const constants: number[] = [];
  for (let gate = 0; gate < gates.count; gate++) {
    const kind = gates.kinds[gate];
    const out = gates.out[gate] ?? 0;
    if (kind === GATE_KIND.eq) {
      constants.push(gate);
      continue;
    }
    const left = gates.left[gate] ?? 0;
    const right = kind === GATE_KIND.xor || kind === GATE_KIND.and ? (gates.right[gate] ?? 0) : left;
    const leftDepth = depthOf[left] ?? 0;
    const rightDepth = depthOf[right] ?? 0;
    const depth = Math.max(leftDepth, rightDepth);
    const level = Math.max(
      leftDepth === depth ? (levelOf[left] ?? 0) : 0,
      rightDepth === depth ? (levelOf[right] ?? 0) : 0,
    );
    if (kind === GATE_KIND.eqw) {
      sources[out] = sources[left] ?? left;
      depthOf[out] = depth;
      levelOf[out] = level;
    } else if (kind === GATE_KIND.and) {
      depthOf[out] = depth + 1;
      table.at(depth + 1, 0).ands.push(gate);
    } else {
      depthOf[out] = depth;
      levelOf[out] = level + 1;
      const group = table.at(depth, level + 1);
      (kind === GATE_KIND.xor ? group.xors : group.inversions).push(gate);
    }
  }
  return { depths: table.depths, constants, sources };
}

class LevelTable {
  readonly depths: GateLevel[][] = [[emptyLevel()]];
  #count = 1;

  /** Depths and levels grow by one at a time, and depth 0 starts with a level, so no hole is ever left. */
  at(depth: number, level: number): GateLevel {
    this.depths[depth] ??= [];
    const levels = this.depths[depth];
    if (levels[level] === undefined) this.#countLevel();
    levels[level] ??= emptyLevel();
    return levels[level];
  }

  #countLevel(): void {
    this.#count += 1;
    if (this.#count > MAX_LEVELS) {
      throw new MpcError(
        'BRISTOL_OVER_BOUND',
        `the gates form a chain of more than ${MAX_LEVELS} levels that cannot be computed at once`,
        { levels: this.#count },
      );
    }
  }
}

function emptyLevel(): GateLevel {
  return { ands: [], xors: [], inversions: [] };
}
