import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GATE_KIND, MAX_GATES, MAX_WIRES } from '../../../mpc/bristol/bristol-circuit.ts';
import { formatBristol } from '../../../mpc/bristol/format.ts';
import { parseBristol } from '../../../mpc/bristol/parse.ts';
import { fileArbitrary } from './random-gates.ts';

/** A full adder of three bits: sum and carry. */
const FULL_ADDER = ['5 8', '3 1 1 1', '1 2', '', '2 1 0 1 3 XOR', '2 1 0 2 4 XOR', '2 1 3 4 5 AND'];
const LAST_GATES = ['2 1 3 2 6 XOR', '2 1 0 5 7 XOR'];

const valid = [...FULL_ADDER, ...LAST_GATES].join('\n');

/** The adder with one line, numbered from 1, replaced. */
function withLine(line: number, replacement: string): string {
  const lines = [...FULL_ADDER, ...LAST_GATES];
  lines[line - 1] = replacement;
  return lines.join('\n');
}

describe('parseBristol', () => {
  test('reads the header and every kind of gate', () => {
    const text =
      '6 14\n2 2 4\n1 2\n1 1 1 6 EQ\n1 1 0 7 INV\n1 1 7 8 EQW\n2 1 0 6 9 XOR\n2 1 1 8 10 AND\n6 3 0 1 2 3 4 5 11 12 13 MAND\n';
    const { wires, inputs, outputs, gates } = parseBristol(text);
    expect({ wires, inputs, outputs, count: gates.count }).toEqual({
      wires: 14,
      inputs: [2, 4],
      outputs: [2],
      count: 8,
    });
    const { eq, inv, eqw, xor, and } = GATE_KIND;
    expect([...gates.kinds]).toEqual([eq, inv, eqw, xor, and, and, and, and]);
    expect([...gates.left]).toEqual([1, 0, 7, 0, 1, 0, 1, 2]);
    expect([...gates.right]).toEqual([0, 0, 0, 6, 8, 3, 4, 5]);
    expect([...gates.out]).toEqual([6, 7, 8, 9, 10, 11, 12, 13]);
  });

  test('reads NOT as INV', () => {
    const file = (inversion: string) => `1 2\n1 1\n1 1\n1 1 0 1 ${inversion}\n`;
    expect(parseBristol(file('NOT'))).toEqual(parseBristol(file('INV')));
  });

  test('takes any blanks, blank lines and line ends', () => {
    const loose = `\r\n \t\n${valid.replaceAll(' ', ' \t ').replaceAll('\n', ' \r\n\r\n')}\r\n\n  `;
    expect(parseBristol(loose)).toEqual(parseBristol(valid));
  });

  test('is the inverse of formatBristol', () => {
    fc.assert(
      fc.property(fileArbitrary, ({ text }) => {
        const parsed = parseBristol(text);
        if (text.includes('MAND')) expect(parsed.gates.count).toBeGreaterThan(0);
        else expect(formatBristol(parsed)).toBe(text);
        expect(parseBristol(formatBristol(parsed))).toEqual(parsed);
      }),
    );
  });

  test.each<readonly [string, string, number, RegExp]>([
    ['an empty file', '', 1, /file ends where the numbers of gates and wires/],
    ['a file of blank lines', '\n\n', 3, /file ends/],
    ['a header that is no number', withLine(1, 'five 8'), 1, /the number of gates, a decimal/],
    ['a negative number', withLine(1, '5 -8'), 1, /the number of wires, a decimal/],
    ['a number that runs into a letter', withLine(1, '5 8x'), 1, /the number of wires, a decimal/],
    ['a first line that goes on', withLine(1, '5 8 3'), 1, /should have ended/],
    ['too few input widths', withLine(2, '3 1 1'), 2, /bits of input value 2/],
    ['too many input widths', withLine(2, '3 1 1 1 1'), 2, /should have ended/],
    ['an input value without bits', withLine(2, '3 1 0 2'), 2, /input value 1 has no bits/],
    ['more input bits than wires', withLine(2, '3 1 1 9'), 2, /more bits than there are wires/],
    ['too few output widths', withLine(3, '2 2'), 3, /bits of output value 1/],
    ['no outputs', withLine(3, '0'), 3, /at least one output/],
    ['more output bits than wires', withLine(3, '1 9'), 3, /more bits than there are wires/],
    ['a wire read before it is set', withLine(5, '2 1 0 4 3 XOR'), 5, /wire 4 is read before/],
    ['a gate that reads its own result', withLine(5, '2 1 0 3 3 XOR'), 5, /wire 3 is read before/],
    ['a wire set twice', withLine(6, '2 1 0 2 3 XOR'), 6, /wire 3 is set a second time/],
    ['an input that is set', withLine(6, '2 1 0 2 1 XOR'), 6, /wire 1 is set a second time/],
    ['a wire read out of range', withLine(7, '2 1 3 8 5 AND'), 7, /wire 8 is out of range/],
    ['a wire set out of range', withLine(7, '2 1 3 4 8 AND'), 7, /wire 8 is out of range/],
    ['a wire far out of range', withLine(7, `2 1 3 ${'9'.repeat(400)} 5 AND`), 7, /out of range/],
    ['a wire that is never set', withLine(1, '5 9'), 1, /wire 8 is never set/],
    ['an unknown gate', withLine(8, '2 1 3 2 6 OR'), 8, /unknown gate/],
    ['a gate in lower case', withLine(8, '2 1 3 2 6 xor'), 8, /unknown gate/],
    ['a gate without a kind', withLine(8, '2 1 3 2 6'), 8, /the kind of the gate/],
    ['a gate that lacks a wire', withLine(8, '2 1 3 6 XOR'), 8, /a wire the gate sets, a decimal/],
    ['a gate line that goes on', withLine(8, '2 1 3 2 6 XOR 7'), 8, /should have ended/],
    ['an XOR of one wire', withLine(8, '1 1 3 6 XOR'), 8, /XOR reads 2 wires/],
    ['an AND of three wires', withLine(8, '3 1 3 2 1 6 AND'), 8, /AND reads 2 wires/],
    ['an INV of two wires', withLine(8, '2 1 3 2 6 INV'), 8, /INV reads 1 wire/],
    ['an EQW of two wires', withLine(8, '2 1 3 2 6 EQW'), 8, /EQW reads 1 wire/],
    ['an EQ of two constants', withLine(8, '2 1 0 1 6 EQ'), 8, /EQ reads 1 constant/],
    ['an EQ that is given a wire', withLine(8, '1 1 3 6 EQ'), 8, /constant 0 or 1/],
    ['a MAND of odd arity', withLine(8, '3 1 3 2 1 6 MAND'), 8, /MAND reads twice as many/],
    ['a MAND of nothing', withLine(8, '0 0 MAND'), 8, /MAND reads twice as many/],
    ['a MAND that reads its own result', '1 6\n1 4\n1 2\n4 2 0 4 1 2 4 5 MAND', 4, /wire 4 is read before/],
    ['a gate with more wires than the circuit', withLine(8, '17 1 3 2 6 MAND'), 8, /more wires than/],
    ['fewer gates than announced', withLine(1, '6 9'), 10, /gate 6 of the 6 that line 1 announces/],
    ['more gates than announced', withLine(1, '4 8'), 9, /nothing may follow the 4 gates/],
    ['trailing garbage', `${valid}\n\nend`, 11, /nothing may follow/],
  ])('refuses %s, naming the line', (_, text, line, problem) => {
    expect(() => parseBristol(text)).toThrowError(
      expect.objectContaining({
        code: 'BRISTOL_MALFORMED',
        message: expect.stringMatching(problem),
        facts: expect.objectContaining({ line }),
      }),
    );
    expect(() => parseBristol(text)).toThrowError(new RegExp(`line ${line}: `));
  });

  test.each([
    ['gates', `${MAX_GATES + 1} 8\n1 1\n1 1\n`],
    ['wires', `1 ${MAX_WIRES + 1}\n1 1\n1 1\n`],
    ['wires, written with 400 digits', `1 ${'9'.repeat(400)}\n1 1\n1 1\n`],
    ['input values', `1 ${MAX_WIRES}\n65537 1\n1 1\n`],
  ])('refuses too many %s before it reads on', (_, text) => {
    expect(() => parseBristol(text)).toThrowError(expect.objectContaining({ code: 'BRISTOL_OVER_BOUND' }));
  });
});
