/**
 * The circuits published with the format: third-party data that the project carries no copy of. They are looked
 * for in the folder that TACIT_CIRCUITS names, else in ../shared/circuits beside the checkout.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = resolve(root, process.env['TACIT_CIRCUITS'] ?? '../shared/circuits');

/** True, and said so, where the files are not there: what reads them is skipped. */
export const standardFilesAbsent = !existsSync(join(folder, 'aes_128.txt'));

if (standardFilesAbsent) {
  console.warn('skipped: no standard circuits; set TACIT_CIRCUITS to a folder with aes_128.txt and others');
}

export function standardPath(file: string): string {
  return join(folder, file);
}

export function readStandard(file: string): string {
  return readFileSync(standardPath(file), 'utf8');
}

/** FIPS 197: key, plaintext, ciphertext. */
export const AES_ANSWERS = [
  [
    'appendix B',
    '0x2b7e151628aed2a6abf7158809cf4f3c',
    '0x3243f6a8885a308d313198a2e0370734',
    '0x3925841d02dc09fbdc118597196a0b32',
  ],
  [
    'appendix C.1',
    '0x000102030405060708090a0b0c0d0e0f',
    '0x00112233445566778899aabbccddeeff',
    '0x69c4e0d86a7b0430d8cdb78070b4c55a',
  ],
] as const;

/** Arithmetic modulo 2^64. */
export const WORD_FUNCTIONS = [
  ['adder64.txt', (left: bigint, right: bigint) => left + right],
  ['sub64.txt', (left: bigint, right: bigint) => left - right],
  ['mult64.txt', (left: bigint, right: bigint) => left * right],
] as const;
