/**
 * Reads a text line by line as unsigned decimal numbers and words, and names the line in every refusal.
 *
 * It walks character codes and allocates nothing but the words, so a file of a million gates takes a fraction
 * of a second. Blanks and tabs separate, blank lines count but are passed over, a carriage return before the
 * line feed is a blank.
 */

import { MpcError } from '../errors.ts';

const TAB = 9;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const DIGIT_ZERO = 48;

export class LineScanner {
  readonly #text: string;
  #position = 0;
  #line = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The number of the current line; the first is 1. */
  get line(): number {
    return this.#line;
  }

  /** Moves to the next line that is not blank; false at the end of the text. Call once before the first line. */
  nextLine(): boolean {
    this.#line += 1;
    while (this.#position < this.#text.length) {
      if (!this.#atLineEnd()) return true;
      this.#position += 1;
      this.#line += 1;
    }
    return false;
  }

  /** @param what names the number in a refusal */
  number(what: string): number {
    this.#skipBlanks();
    const start = this.#position;
    let value = 0;
    for (;;) {
      const digit = this.#text.charCodeAt(this.#position) - DIGIT_ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      value = 10 * value + digit;
      this.#position += 1;
    }
    if (this.#position === start || !this.#atSeparator()) this.refuse(`expected ${what}, a decimal number`);
    return value;
  }

  /** @param what names the word in a refusal */
  word(what: string): string {
    this.#skipBlanks();
    const start = this.#position;
    while (!this.#atSeparator()) this.#position += 1;
    if (this.#position === start) this.refuse(`expected ${what}`);
    return this.#text.slice(start, this.#position);
  }

  /** Requires that nothing is left on the current line, and passes its end. */
  endLine(): void {
    if (!this.#atLineEnd()) this.refuse('the line should have ended here');
    this.#position += 1;
  }

  refuse(problem: string): never {
    throw new MpcError('BRISTOL_MALFORMED', `line ${this.#line}: ${problem}`, { line: this.#line });
  }

  #skipBlanks(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#position);
      if (code !== SPACE && code !== TAB && code !== CARRIAGE_RETURN) return;
      this.#position += 1;
    }
  }

  #atSeparator(): boolean {
    const code = this.#text.charCodeAt(this.#position);
    return (
      code === SPACE ||
      code === LINE_FEED ||
      code === CARRIAGE_RETURN ||
      code === TAB ||
      this.#position >= this.#text.length
    );
  }

  #atLineEnd(): boolean {
    this.#skipBlanks();
    return this.#position >= this.#text.length || this.#text.charCodeAt(this.#position) === LINE_FEED;
  }
}
