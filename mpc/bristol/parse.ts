/**
 * Bristol Fashion text to gates, refusing every file that isn't exactly one circuit.
 *
 * The adversary is whoever wrote the file: an operator may be handed a circuit by anyone. A file that this
 * accepts has every wire set exactly once before it is read, every wire in range, and just the gates its first
 * line announces, so that nothing behind the parser checks any of it again. Both the basic format and the
 * extended one with `MAND` are read; a `MAND` is one gate in the header's count and n ANDs in the result. `NOT`,
 * which the format's page uses beside `INV`, is the same gate.
 */

import { MpcError } from '../errors.ts';
import {
  type BristolCircuit,
  GATE_KIND,
  GateList,
  MAX_GATES,
  MAX_VALUES,
  MAX_WIRES,
  totalBits,
} from './bristol-circuit.ts';
import { LineScanner } from './line-scanner.ts';

/**
 * @param text line 1 the numbers of gates and wires, line 2 the number of input values and the bits of each,
 * line 3 the same for outputs, then a line a gate; blank lines anywhere
 * @throws MpcError BRISTOL_MALFORMED naming the line; BRISTOL_OVER_BOUND
 */
export function parseBristol(text: string): BristolCircuit {
  const scanner = new LineScanner(text);
  requireLine(scanner, 'the numbers of gates and wires');
  const headerLine = scanner.line;
  const announced = scanner.number('the number of gates');
  const wires = scanner.number('the number of wires');
  scanner.endLine();
  if (announced > MAX_GATES || wires > MAX_WIRES) {
    throw new MpcError(
      'BRISTOL_OVER_BOUND',
      `line ${headerLine}: at most ${MAX_GATES} gates and ${MAX_WIRES} wires are imported`,
      { gates: announced, wires },
    );
  }
  const inputs = readWidths(scanner, 'input', wires);
  const outputs = readWidths(scanner, 'output', wires);
  if (outputs.length === 0) scanner.refuse('a circuit needs at least one output value');
  const gates = new GateReader(scanner, wires, totalBits(inputs));
  for (let gate = 0; gate < announced; gate++) {
    requireLine(scanner, `gate ${gate + 1} of the ${announced} that line ${headerLine} announces`);
    gates.readGate();
  }
  if (scanner.nextLine()) {
    scanner.refuse(`nothing may follow the ${announced} gates that line ${headerLine} announces`);
  }
  return { wires, inputs, outputs, gates: gates.finish(headerLine) };
}

function requireLine(scanner: LineScanner, what: string): void {
  if (!scanner.nextLine()) scanner.refuse(`the file ends where ${what} should be`);
}

function readWidths(scanner: LineScanner, role: 'input' | 'output', wires: number): number[] {
  requireLine(scanner, `the number of ${role} values and the bits of each`);
  const count = scanner.number(`the number of ${role} values`);
  if (count > MAX_VALUES) {
    throw new MpcError(
      'BRISTOL_OVER_BOUND',
      `line ${scanner.line}: at most ${MAX_VALUES} ${role} values are imported`,
      { values: count },
    );
  }
  const widths: number[] = [];
  for (let value = 0; value < count; value++) {
    const width = scanner.number(`the bits of ${role} value ${value}`);
    if (width === 0) scanner.refuse(`${role} value ${value} has no bits`);
    widths.push(width);
  }
  scanner.endLine();
  if (totalBits(widths) > wires) scanner.refuse(`the ${role} values have more bits than there are wires`);
  return widths;
}

class GateReader {
  readonly #scanner: LineScanner;
  readonly #wires: number;
  readonly #isSet: Uint8Array;
  readonly #list: GateList;
  /** The wires of the gate that is being read, inputs before outputs. */
  readonly #operands: number[] = [];

  constructor(scanner: LineScanner, wires: number, inputBits: number) {
    this.#scanner = scanner;
    this.#wires = wires;
    this.#isSet = new Uint8Array(wires).fill(1, 0, inputBits);
    this.#list = new GateList(wires - inputBits);
  }

  readGate(): void {
    const scanner = this.#scanner;
    const arity = scanner.number('the number of wires the gate reads');
    const results = scanner.number('the number of wires the gate sets');
    if (arity > 2 * this.#wires || results > this.#wires) {
      scanner.refuse('the gate has more wires than the circuit');
    }
    this.#operands.length = 0;
    for (let index = 0; index < arity + results; index++) {
      this.#operands.push(scanner.number(index < arity ? 'a wire the gate reads' : 'a wire the gate sets'));
    }
    const name = scanner.word('the kind of the gate');
    scanner.endLine();
    this.#add(name, arity, results);
  }

  finish(headerLine: number): BristolCircuit['gates'] {
    const unset = this.#isSet.indexOf(0);
    if (unset !== -1) {
      throw new MpcError(
        'BRISTOL_MALFORMED',
        `line ${headerLine}: of the ${this.#wires} wires announced, wire ${unset} is never set`,
        { line: headerLine, wire: unset },
      );
    }
    return this.#list.gates();
  }

  #add(name: string, arity: number, results: number): void {
    const first = this.#operands[0] ?? 0;
    const last = this.#operands[this.#operands.length - 1] ?? 0;
    switch (name) {
      case 'XOR':
      case 'AND':
        this.#requireShape(name, arity === 2 && results === 1, '2 wires and sets 1');
        this.#addBinary(name === 'XOR' ? GATE_KIND.xor : GATE_KIND.and, first, this.#operands[1] ?? 0, last);
        return;
      case 'INV':
      case 'NOT':
      case 'EQW':
        this.#requireShape(name, arity === 1 && results === 1, '1 wire and sets 1');
        this.#requireRead(first);
        this.#set(last);
        this.#list.push(name === 'EQW' ? GATE_KIND.eqw : GATE_KIND.inv, first, 0, last);
        return;
      case 'EQ':
        this.#requireShape(name, arity === 1 && results === 1, '1 constant and sets 1 wire');
        if (first > 1) this.#scanner.refuse('EQ sets a wire to the constant 0 or 1; EQW copies a wire');
        this.#set(last);
        this.#list.push(GATE_KIND.eq, first, 0, last);
        return;
      case 'MAND':
        this.#requireShape(name, results > 0 && arity === 2 * results, 'twice as many wires as it sets');
        this.#addMany(results);
        return;
      default:
        this.#scanner.refuse('unknown gate; the kinds are XOR, AND, INV (or NOT), EQ, EQW and MAND');
    }
  }

  #addBinary(kind: number, left: number, right: number, out: number): void {
    this.#requireRead(left);
    this.#requireRead(right);
    this.#set(out);
    this.#list.push(kind, left, right, out);
  }

  /** All the operands of a MAND are read before any of its results is set: its ANDs are parallel. */
  #addMany(count: number): void {
    for (const wire of this.#operands.slice(0, 2 * count)) this.#requireRead(wire);
    for (let index = 0; index < count; index++) {
      const [left = 0, right = 0, out = 0] = [0, count, 2 * count].map(
        (from) => this.#operands[from + index],
      );
      this.#addBinary(GATE_KIND.and, left, right, out);
    }
  }

  #requireShape(name: string, fits: boolean, shape: string): void {
    if (!fits) this.#scanner.refuse(`${name} reads ${shape}`);
  }

  #requireRead(wire: number): void {
    this.#requireInRange(wire);
    if (this.#isSet[wire] !== 1) this.#scanner.refuse(`wire ${wire} is read before it is set`);
  }

  #set(wire: number): void {
    this.#requireInRange(wire);
    if (this.#isSet[wire] === 1) this.#scanner.refuse(`wire ${wire} is set a second time`);
    this.#isSet[wire] = 1;
  }

  #requireInRange(wire: number): void {
    if (wire >= this.#wires) {
      this.#scanner.refuse(`wire ${wire} is out of range; there are ${this.#wires} wires`);
    }
  }
}
