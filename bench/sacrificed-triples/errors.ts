/**
 * What the triple check aborts with: codes of its own, as it is no part of the engine.
 */

export const SACRIFICE_ERROR_CODES = {
  COIN_DIFFERS: 'the neighbours hold different shares of the shuffle coin',
  TRIPLE_OPENED_WRONG: 'an opened triple is not a multiplication',
  CHECK_DIFFERS: 'the previous party saw other openings, or an AND or a triple is wrong',
  OUTPUT_DIFFERS: 'the neighbours hold different shares of an output',
  NOT_CHECKED: 'only outputs that this protocol has checked can be opened',
} as const;

export type SacrificeErrorCode = keyof typeof SACRIFICE_ERROR_CODES;

export class SacrificeError extends Error {
  readonly code: SacrificeErrorCode;

  constructor(code: SacrificeErrorCode) {
    super(`${code}: ${SACRIFICE_ERROR_CODES[code]}`);
    this.name = 'SacrificeError';
    this.code = code;
  }
}
