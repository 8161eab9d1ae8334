/**
 * Picking one member of each group by a secret one-hot vector, without learning which.
 *
 * The bits of a one-hot vector XOR to 1, so the first member's bit is never needed: the chosen value is
 * v_0 XOR the sum over the others of hot_m (v_m XOR v_0). That is one AND for each value bit of each member but
 * the first, all in one layer, where the plain sum of hot_m v_m would take the first as well. Public values
 * need no AND at all: each of their bits is the XOR of the one-hot bits of the members that have it.
 */

import { BitVector } from '../bits/bit-vector.ts';
import type { CircuitBuilder } from '../circuit/builder.ts';
import type { VectorId } from '../circuit/circuit.ts';
import { xorRows } from './rows.ts';

/**
 * @param planes for each bit of a value one vector [member][group]: lane m * groups + g
 * @param hot [member][group] without member 0; where no bit is set, member 0 is picked
 * @returns [plane][group]; one AND layer, planes * (members - 1) * groups ANDs in one operation
 */
export function selectMember(
  builder: CircuitBuilder,
  planes: readonly VectorId[],
  hot: VectorId,
  groups: number,
): VectorId {
  const others = builder.lanesOf(hot) / groups;
  const count = planes.length;
  const all = builder.concat(planes);
  const first = Uint32Array.from({ length: count }, (_, plane) => plane * (others + 1));
  const base = builder.gather(all, groups, first);
  const rest = builder.gather(
    all,
    groups,
    Uint32Array.from({ length: others * count }, (_, block) => {
      const plane = block % count;
      return plane * (others + 1) + 1 + (block - plane) / count;
    }),
  );
  const hotPlanes = builder.gather(
    hot,
    groups,
    Uint32Array.from({ length: others * count }, (_, block) => Math.floor(block / count)),
  );
  const differences = builder.xor(rest, builder.repeat(base, others));
  const chosen = builder.and(hotPlanes, differences);
  return builder.xor(base, xorRows(builder, chosen, count * groups));
}

export interface PublicMembers {
  /** Members of a group, the first included. */
  readonly members: number;
  /** Columns of a group's lanes; the value of a member may differ from column to column. */
  readonly columns: number;
  /** Lanes of a column. */
  readonly columnLanes: number;
  /** Low bits of the value to be returned. */
  readonly bits: number;
  /** Public; a non-negative integer below 2^31. */
  publicValue(member: number, column: number): number;
}

/**
 * @param hot [member][column][lane] without member 0, which is picked where no bit is set
 * @returns [bit][column][lane], LSB first; linear, so free
 */
export function selectPublic(builder: CircuitBuilder, hot: VectorId, shape: PublicMembers): VectorId {
  const { members, columns, columnLanes, bits, publicValue } = shape;
  const nothing = (members - 1) * columns;
  const source = builder.concat([hot, builder.constant(BitVector.zeros(columnLanes))]);
  const blocks = new Uint32Array((members - 1) * bits * columns).fill(nothing);
  const base: boolean[] = [];
  for (let bit = 0; bit < bits; bit++) {
    for (let column = 0; column < columns; column++) {
      const first = publicValue(0, column);
      for (let lane = 0; lane < columnLanes; lane++) base.push(((first >>> bit) & 1) === 1);
      for (let member = 1; member < members; member++) {
        if ((((publicValue(member, column) ^ first) >>> bit) & 1) === 0) continue;
        blocks[((member - 1) * bits + bit) * columns + column] = (member - 1) * columns + column;
      }
    }
  }
  const picked = xorRows(builder, builder.gather(source, columnLanes, blocks), bits * columns * columnLanes);
  return builder.xor(picked, builder.constant(BitVector.fromBits(base)));
}
