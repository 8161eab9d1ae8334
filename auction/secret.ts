/**
 * What holds a secret keeps it out of every way an object is printed, copied or turned into JSON.
 *
 * Against accidents alone: a log line, an error's message, a debugger's output. Whoever asks for the field gets it.
 */

/** node:util asks for this when it prints an object; a string key in every other runtime. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');
const SECRET = '[secret]';

/** A subclass keeps what it holds in private fields, behind getters. */
export class Secret {
  toString(): string {
    return SECRET;
  }
  toJSON(): string {
    return SECRET;
  }
  [INSPECT](): string {
    return SECRET;
  }
}
