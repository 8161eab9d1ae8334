/** The tables of docs/errors.md, from the registries of codes in the sources and the advice beside this file. */

import { AUCTION_ERRORS } from '../../auction/errors.ts';
import { CLI_ERRORS, exitCodeOf } from '../../cli/errors.ts';
import { FUNCTION_ERRORS } from '../../functions/errors.ts';
import { problemOf } from '../../functions/problem-details.ts';
import { VAULT_STATUSES } from '../../functions/vault-statuses.ts';
import { DEPLOYMENT_ERRORS } from '../../infra/errors.ts';
import { MPC_ERROR_CODES, MpcError } from '../../mpc/errors.ts';
import { ORAM_ERROR_CODES } from '../../oram/errors.ts';
import { PAGE_ERRORS } from '../../web/errors.ts';
import {
  AUCTION_ADVICE,
  CLIENT_CODES,
  COMMAND_ADVICE,
  DEPLOYMENT_ADVICE,
  ENGINE_ADVICE,
  FUNCTION_ADVICE,
  PAGE_ADVICE,
} from './advice.ts';
import { markdownTable } from './markdown-table.ts';
import { VAULT_ADVICE } from './vault-advice.ts';

export function auctionTable(): string {
  return markdownTable(
    ['code', 'HTTP', 'meaning', 'what to do'],
    Object.entries(AUCTION_ERRORS).map(([code, { status, meaning }]) => [
      `\`${code}\``,
      String(status),
      meaning,
      adviceOn(code, AUCTION_ADVICE),
    ]),
  );
}

export function engineTable(): string {
  return markdownTable(
    ['code', 'meaning', 'what to do'],
    Object.entries(MPC_ERROR_CODES).map(([code, meaning]) => [
      `\`${code}\``,
      meaning,
      adviceOn(code, ENGINE_ADVICE),
    ]),
  );
}

export function vaultTable(): string {
  const statuses: Readonly<Record<string, number>> = VAULT_STATUSES;
  return markdownTable(
    ['code', 'HTTP', 'meaning', 'what to do'],
    Object.entries(ORAM_ERROR_CODES).map(([code, meaning]) => [
      `\`${code}\``,
      String(statuses[code]),
      meaning,
      adviceOn(code, VAULT_ADVICE),
    ]),
  );
}

export function functionTable(): string {
  return markdownTable(
    ['code', 'HTTP', 'meaning', 'what to do'],
    Object.entries(FUNCTION_ERRORS).map(([code, { status, meaning }]) => [
      `\`${code}\``,
      String(status),
      meaning,
      adviceOn(code, FUNCTION_ADVICE),
    ]),
  );
}

export function deploymentTable(): string {
  return markdownTable(
    ['code', 'meaning', 'what to do'],
    Object.entries(DEPLOYMENT_ERRORS).map(([code, meaning]) => [
      `\`${code}\``,
      meaning,
      adviceOn(code, DEPLOYMENT_ADVICE),
    ]),
  );
}

export function commandTable(): string {
  const exitCode = (code: string) => String(exitCodeOf({ code, detail: '', facts: {} }));
  return markdownTable(
    ['code', 'exit', 'meaning', 'what to do'],
    [
      ...Object.entries(CLI_ERRORS).map(([code, meaning]) => [
        `\`${code}\``,
        exitCode(code),
        meaning,
        adviceOn(code, COMMAND_ADVICE),
      ]),
      ...Object.entries(CLIENT_CODES).map(([code, { meaning, advice }]) => [
        `\`${code}\``,
        exitCode(code),
        meaning,
        advice,
      ]),
    ],
  );
}

export function pageTable(): string {
  return markdownTable(
    ['code', 'meaning', 'what to do'],
    Object.entries(PAGE_ERRORS).map(([code, meaning]) => [
      `\`${code}\``,
      meaning,
      adviceOn(code, PAGE_ADVICE),
    ]),
  );
}

/** The HTTP status with which any error of the engine leaves a party. */
export function engineStatus(): number {
  return problemOf(new MpcError('CHANNEL_TIMEOUT', 'late'), 'request').status;
}

function adviceOn(code: string, advice: Readonly<Record<string, string>>): string {
  const text = advice[code];
  if (text === undefined) throw new Error(`${code} has no advice: add it to test/docs/advice.ts`);
  return text;
}
