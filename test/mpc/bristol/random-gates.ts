/** Random files in the Bristol Fashion format, of every kind of gate, with inputs, as a fast-check arbitrary. */

import fc from 'fast-check';

export interface FileWithInputs {
  readonly text: string;
  readonly inputs: readonly bigint[];
}

const gateArbitrary = fc.record({
  kind: fc.constantFrom('XOR', 'XOR', 'AND', 'AND', 'INV', 'EQ', 'EQW', 'MAND'),
  operands: fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
  count: fc.integer({ min: 1, max: 3 }),
});

export const fileArbitrary: fc.Arbitrary<FileWithInputs> = fc
  .record({
    widths: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 0, maxLength: 3 }),
    bits: fc.bigInt({ min: 0n, max: 2n ** 120n - 1n }),
    constant: fc.nat(1),
    drawn: fc.array(gateArbitrary, { maxLength: 120 }),
    outputs: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 3 }),
  })
  .map(({ widths, bits, constant, drawn, outputs }) => {
    let wires = widths.reduce((sum, width) => sum + width, 0);
    // A constant first, so that there is a wire to read even without inputs.
    const gates = [`1 1 ${constant} ${wires++} EQ`];
    for (const { kind, operands, count } of drawn) {
      const read = operands.map((operand) => operand % wires);
      const [left, right] = read;
      if (kind === 'MAND') {
        const set = Array.from({ length: count }, () => wires++);
        gates.push([2 * count, count, ...read.slice(0, 2 * count), ...set, kind].join(' '));
      } else if (kind === 'AND' || kind === 'XOR') {
        gates.push(`2 1 ${left} ${right} ${wires++} ${kind}`);
      } else {
        gates.push(`1 1 ${kind === 'EQ' ? operands[0]! % 2 : left} ${wires++} ${kind}`);
      }
    }
    const kept: number[] = [];
    let free = wires;
    for (const width of outputs) {
      if (free === 0) break;
      kept.push(Math.min(width, free));
      free -= Math.min(width, free);
    }
    const header = [`${gates.length} ${wires}`, [widths.length, ...widths].join(' ')];
    header.push([kept.length, ...kept].join(' '));
    const inputs = widths.map((width, index) => BigInt.asUintN(width, bits >> BigInt(40 * index)));
    return { text: [...header, '', ...gates, ''].join('\n'), inputs };
  });
