/**
 * Gates to Bristol Fashion text: the basic format, which every reader of it knows. The inverse of `parse.ts`.
 */

import { type BristolCircuit, type BristolGates, GATE_KIND } from './bristol-circuit.ts';

/** Three header lines, a blank line, then a line a gate, in order; ends with a line feed. */
export function formatBristol({ wires, inputs, outputs, gates }: BristolCircuit): string {
  const lines = [
    `${gates.count} ${wires}`,
    [inputs.length, ...inputs].join(' '),
    [outputs.length, ...outputs].join(' '),
    '',
  ];
  for (let gate = 0; gate < gates.count; gate++) lines.push(gateLine(gates, gate));
  lines.push('');
  return lines.join('\n');
}

function gateLine(gates: BristolGates, gate: number): string {
  const left = gates.left[gate];
  const right = gates.right[gate];
  const out = gates.out[gate];
  switch (gates.kinds[gate]) {
    case GATE_KIND.xor:
      return `2 1 ${left} ${right} ${out} XOR`;
    case GATE_KIND.and:
      return `2 1 ${left} ${right} ${out} AND`;
    case GATE_KIND.inv:
      return `1 1 ${left} ${out} INV`;
    case GATE_KIND.eq:
      return `1 1 ${left} ${out} EQ`;
    default:
      return `1 1 ${left} ${out} EQW`;
  }
}
