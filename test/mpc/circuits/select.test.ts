import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { cost } from '../../../mpc/circuit/cost.ts';
import { selectMember, selectPublic } from '../../../mpc/circuits/select.ts';
import { bitsOf, runClear } from './run-clear.ts';

/** [member][group] without member 0. */
function hotVector(choices: readonly number[], members: number): BitVector {
  const bits: boolean[] = [];
  for (let member = 1; member < members; member++) bits.push(...choices.map((choice) => choice === member));
  return BitVector.fromBits(bits);
}

const selection = fc
  .record({ members: fc.integer({ min: 2, max: 9 }), groups: fc.integer({ min: 1, max: 40 }) })
  .chain(({ members, groups }) =>
    fc.record({
      members: fc.constant(members),
      choices: fc.array(fc.nat(members - 1), { minLength: groups, maxLength: groups }),
      planes: fc.array(fc.array(fc.boolean(), { minLength: members * groups, maxLength: members * groups }), {
        minLength: 1,
        maxLength: 5,
      }),
    }),
  );

describe('selectMember', () => {
  test('yields the chosen member of each group in one layer', async () => {
    await fc.assert(
      fc.asyncProperty(selection, async ({ members, choices, planes }) => {
        const groups = choices.length;
        const inputs = Object.fromEntries(
          planes.map((plane, p) => [`plane ${p}`, BitVector.fromBits(plane)]),
        );
        const { circuit, outputs } = await runClear(
          { ...inputs, hot: hotVector(choices, members) },
          (builder, { hot, ...rest }) => ({
            chosen: selectMember(builder, Object.values(rest), hot!, groups),
          }),
        );
        expect(bitsOf(outputs.get('chosen'))).toEqual(
          planes.flatMap((plane) =>
            choices.map((choice, group) => (plane[choice * groups + group] === true ? 1 : 0)),
          ),
        );
        expect(cost(circuit)).toMatchObject({ depth: 1, ands: planes.length * (members - 1) * groups });
      }),
    );
  });
});

describe('selectPublic', () => {
  test('yields the public value of the chosen member without any AND', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 9 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 5 }),
        fc.infiniteStream(fc.nat(1023)),
        async (members, columns, columnLanes, stream) => {
          const lanes = columns * columnLanes;
          const choices = Array.from({ length: lanes }, () => stream.next().value % members);
          const table = Array.from({ length: members * columns }, () => stream.next().value);
          const publicValue = (member: number, column: number): number => table[member * columns + column]!;
          const { circuit, outputs } = await runClear(
            { hot: hotVector(choices, members) },
            (builder, { hot }) => ({
              value: selectPublic(builder, hot!, { members, columns, columnLanes, bits: 10, publicValue }),
            }),
          );
          const bits = bitsOf(outputs.get('value'));
          const values = choices.map((_, lane) =>
            Array.from({ length: 10 }, (_, bit) => bits[bit * lanes + lane]! << bit).reduce((a, b) => a + b),
          );
          expect(values).toEqual(
            choices.map((choice, lane) => publicValue(choice, Math.floor(lane / columnLanes))),
          );
          expect(cost(circuit).ands).toBe(0);
        },
      ),
    );
  });
});
