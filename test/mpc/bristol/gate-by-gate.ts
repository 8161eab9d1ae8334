/**
 * The slow readable twin of import and evaluation: Bristol Fashion text walked gate by gate, one bit a wire. It
 * believes the file, shares no code with the product and follows nothing but the definition of the format.
 */

export interface GateByGate {
  /** The output values, wire 0 of a value its least significant bit. */
  readonly outputs: readonly bigint[];
  readonly ands: number;
  /** The largest number of ANDs on any path. */
  readonly depth: number;
}

export function evaluateGateByGate(text: string, inputs: readonly bigint[]): GateByGate {
  const lines = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([first]) => first !== '');
  const [[, wires = '0'] = [], [, ...inputWidths] = [], [, ...outputWidths] = [], ...gates] = lines;
  const bits: number[] = [];
  const depths = new Array<number>(Number(wires)).fill(0);
  for (const [index, width] of inputWidths.entries()) {
    for (let bit = 0; bit < Number(width); bit++) bits.push(Number((inputs[index]! >> BigInt(bit)) & 1n));
  }
  let ands = 0;
  const and = (left: number, right: number, out: number) => {
    bits[out] = bits[left]! & bits[right]!;
    depths[out] = 1 + Math.max(depths[left]!, depths[right]!);
    ands += 1;
  };
  for (const gate of gates) {
    const [left = 0, right = 0, out = 0] = gate.slice(2, -1).map(Number);
    const kind = gate.at(-1);
    if (kind === 'MAND') {
      const count = Number(gate[1]);
      const wire = (index: number) => Number(gate[2 + index]);
      for (let i = 0; i < count; i++) and(wire(i), wire(count + i), wire(2 * count + i));
    } else if (kind === 'AND') {
      and(left, right, out);
    } else if (kind === 'XOR') {
      bits[out] = bits[left]! ^ bits[right]!;
      depths[out] = Math.max(depths[left]!, depths[right]!);
    } else if (kind === 'EQ') {
      bits[right] = left;
    } else {
      bits[right] = kind === 'INV' ? 1 - bits[left]! : bits[left]!;
      depths[right] = depths[left]!;
    }
  }
  let next = Number(wires) - outputWidths.reduce((sum, width) => sum + Number(width), 0);
  const outputs = outputWidths.map((width) => {
    const value = bits
      .slice(next, next + Number(width))
      .reduceRight((sum, bit) => 2n * sum + BigInt(bit), 0n);
    next += Number(width);
    return value;
  });
  return { outputs, ands, depth: depths.reduce((deepest, depth) => Math.max(deepest, depth), 0) };
}
