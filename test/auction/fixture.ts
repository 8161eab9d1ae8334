/**
 * A tender with three parties and a few bidders, for tests of the auction's documents: real keys, real
 * signatures, and a seeded random source so that a failing case can be repeated.
 */

import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { generateSealingKey, loadSealingKey, type SealingKeyPair } from '../../auction/envelope.ts';
import { AuctionError, type AuctionErrorCode } from '../../auction/errors.ts';
import type { RandomBytes } from '../../auction/sealed-bid.ts';
import { type Signer, signerOf } from '../../auction/signature.ts';
import {
  type CheckedTender,
  checkTender,
  createTender,
  type PartyRecord,
  type PartyRecords,
} from '../../auction/tender.ts';
import { parseTenderSpec } from '../../auction/tender-spec.ts';
import { type EpochMs, toEpochMs } from '../../mpc/clock.ts';
import { PARTIES } from '../../mpc/party.ts';

export const at = (milliseconds: number): EpochMs => toEpochMs(milliseconds);

/** A 32-byte seed for a name. */
export function seedOf(name: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(name).digest());
}

/** SHA-256 in counter mode over a seed; each source is used by one test. */
export function seededRandom(seed: string): RandomBytes {
  let counter = 0;
  return (byteLength) => {
    const bytes = new Uint8Array(byteLength);
    for (let offset = 0; offset < byteLength; offset += 32) {
      const block = createHash('sha256').update(`${seed}/${counter++}`).digest();
      bytes.set(block.subarray(0, Math.min(32, byteLength - offset)), offset);
    }
    return bytes;
  };
}

export const specJson = {
  title: 'Resurfacing of county roads',
  direction: 'lowest',
  rule: 'second-price',
  currency: 'EUR',
  decimals: 2,
  ceiling: '1000000.00',
  reserve: '800000.00',
  minimumBids: 2,
  tieBreak: 'earliest',
  lots: [
    { id: 'A', title: 'North' },
    { id: 'B', title: 'South' },
  ],
  closesAt: '2027-03-01T12:00:00Z',
} as const;

export const auctioneerSeed = seedOf('auctioneer');

export interface Fixture extends CheckedTender {
  readonly parties: PartyRecords;
  readonly signers: readonly [Signer, Signer, Signer];
  readonly sealing: readonly [SealingKeyPair, SealingKeyPair, SealingKeyPair];
}

/** A published tender; `changes` replace fields of `specJson`, undefined removes one. */
export async function fixture(changes: Readonly<Record<string, unknown>> = {}): Promise<Fixture> {
  const entries = Object.entries({ ...specJson, ...changes }).filter(([, value]) => value !== undefined);
  const spec = parseTenderSpec(Object.fromEntries(entries));
  const made = await Promise.all(
    PARTIES.map(async (index) => {
      const signer = signerOf(seedOf(`party ${index}`));
      const sealing = await loadSealingKey(await generateSealingKey());
      const record: PartyRecord = { index, signingKey: signer.publicKey, sealingKey: sealing.publicKey };
      return { signer, sealing, record };
    }),
  );
  const parties = [made[0]!.record, made[1]!.record, made[2]!.record] as const;
  const checked = checkTender(createTender(spec, parties, auctioneerSeed, seedOf('nonce').slice(0, 16)));
  return {
    ...checked,
    parties,
    signers: [made[0]!.signer, made[1]!.signer, made[2]!.signer],
    sealing: [made[0]!.sealing, made[1]!.sealing, made[2]!.sealing],
  };
}

/** What a document looks like after it travelled as text. */
export function overTheWire(document: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(document));
}

/** The error of a call that must fail, after checking its code. */
export function refused(call: () => unknown, code: AuctionErrorCode): AuctionError {
  try {
    call();
  } catch (error) {
    return withCode(error, code);
  }
  throw new Error(`expected ${code}, but nothing was thrown`);
}

export async function refusedAsync(
  call: () => Promise<unknown>,
  code: AuctionErrorCode,
): Promise<AuctionError> {
  try {
    await call();
  } catch (error) {
    return withCode(error, code);
  }
  throw new Error(`expected ${code}, but nothing was thrown`);
}

function withCode(error: unknown, code: AuctionErrorCode): AuctionError {
  if (!(error instanceof AuctionError)) throw error;
  expect(error.code, error.message).toBe(code);
  return error;
}
