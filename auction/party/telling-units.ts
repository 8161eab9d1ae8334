/**
 * What telling of one outcome consumes of a party's state table, in DynamoDB's request units: the event written once, one
 * mark for each destination that has it, and the reads that find out what is left to be told. A test counts what the
 * handlers consume on a table, and compares.
 *
 * Every destination takes the event at once: what is told in vain is tried again by further runs, and costs more. The bus
 * and the webhooks themselves, and the time that they take, are in `tender-cost.ts`.
 */

import { READ_REQUEST_UNIT_BYTES, WRITE_REQUEST_UNIT_BYTES } from '../../mpc/prices.ts';
import { sampleDocuments } from './sample-documents.ts';
import type { RequestUnits, TenderShape } from './tender-units.ts';

/** Whom a party tells, as its deployment says. */
export interface Told {
  readonly bus: boolean;
  readonly webhooks: number;
}

/** Of one party. */
export interface TellingUnits extends RequestUnits {
  /** As it goes to the bus and to each webhook. */
  readonly eventBytes: number;
}

/** Attribute names count towards an item's size. */
const KEY_NAMES = 'pk'.length + 'sk'.length;
const DOCUMENT_NAME = 'document'.length;

/** Of an event and of a destination: hashes in base64url. */
const ID = 43;

/** @returns nothing of anything at a party that tells nobody */
export function tellingUnits(shape: TenderShape, { bus, webhooks }: Told): TellingUnits {
  const destinations = webhooks + (bus ? 1 : 0);
  if (destinations === 0) return { writes: 0, reads: 0, eventBytes: 0 };
  const { id, event, outcome } = sampleDocuments(shape);
  const keys = KEY_NAMES + id.length + 'event#'.length + ID;
  const item = keys + DOCUMENT_NAME + event;
  const marks = destinations * (keys + '#'.length + ID);
  const reads = (bytes: number) => Math.ceil(bytes / READ_REQUEST_UNIT_BYTES);
  return {
    writes: Math.ceil(item / WRITE_REQUEST_UNIT_BYTES) + destinations,
    // No event yet; the outcome and both peers' signatures for it; what is to be told; and, by the next sweep, that
    // nothing is left.
    reads: 1 + reads(outcome) + 2 + reads(item) + reads(item + marks),
    eventBytes: event,
  };
}
