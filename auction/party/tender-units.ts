/**
 * What one tender consumes of a party's tables, in DynamoDB's request units, from the number of bids and their width
 * alone: every item that is written or read between publication and outcome, with its size.
 *
 * Sizes are those of documents of the same form, filled with as many characters as the real ones have; the items of a
 * round are sized by the planner's layers. A test counts what a real auction consumes and compares: writes, and reads
 * of what is there, are exact but for the items of the proof, which are taken a little too large. Reads that depend on
 * time, because they look again and again for what a peer has not posted yet, are counted apart (`waiting`).
 *
 * One lot, one bid a bidder, closed by an order (with a deadline the write that it is due comes at publication), nobody amends, all three parties receive every bid: what is passed on, repaired or tried
 * again costs more.
 */

import { utf8 } from '../../mpc/bytes.ts';
import { planItem } from '../../mpc/channels/outbox/items.ts';
import type { CircuitCost } from '../../mpc/circuit/cost.ts';
import type { PartyIndex } from '../../mpc/party.ts';
import { planGroups } from '../../mpc/planner/planner.ts';
import { READ_REQUEST_UNIT_BYTES, WRITE_REQUEST_UNIT_BYTES } from '../../mpc/prices.ts';
import type { ProtocolManifest } from '../../mpc/protocols/protocol.ts';
import { THREE_PARTY_MANIFESTS, type ThreePartyName } from '../../mpc/protocols/three-party.ts';
import { toBase64url } from '../canonical.ts';
import { sampleDocuments } from './sample-documents.ts';

export interface TenderShape {
  /** Live bids, from 1. */
  readonly bids: number;
  /** Width of a bid, from the ceiling; 1 to 64. */
  readonly bits: number;
  readonly rule: 'first-price' | 'second-price';
  readonly protocol: ThreePartyName;
}

export interface RequestUnits {
  readonly writes: number;
  /** Of what is there, and the few that find out that nothing is. */
  readonly reads: number;
}

/** Of one party; the three are alike. */
export interface TenderUnits {
  readonly publishing: RequestUnits;
  /** All bids together. */
  readonly intake: RequestUnits;
  readonly closing: RequestUnits;
  /** The joint computation: hello, measuring the link, layers, check, opening. */
  readonly computing: RequestUnits;
  /** Signing the outcome and gathering the peers' signatures. */
  readonly signing: RequestUnits;
  /** Of showing the outcome once. */
  readonly showing: RequestUnits;
  /** Messages of peers that are waited for: each is looked for until it is there. */
  readonly messagesAwaited: number;
  readonly rounds: number;
  readonly ands: number;
}

/** Candidates that a clearing adds to the bids (`clearing-circuit.ts`). */
const PHANTOMS = { 'first-price': 1, 'second-price': 2 } as const;

/** @throws MpcError PLAN_OVER_BOUND */
export function tenderUnits(shape: TenderShape): TenderUnits {
  const { bids } = shape;
  const documents = sampleDocuments(shape);
  const { tender, submission, list, passing, hello, outcome, signedStatement } = documents;
  const id = documents.id.length;
  const stateItem = (sortKey: number, document: number) =>
    KEY_NAMES + id + sortKey + DOCUMENT_NAME + document;
  const tenderBytes = KEY_NAMES + 'tenders'.length + id + DOCUMENT_NAME + tender;
  const submissionBytes = stateItem(submissionSortKey(documents.lot, documents.bidder), submission);
  const closing = topicUnits(id + '/closing'.length);
  const outcomes = topicUnits(id + '/outcome'.length);
  const listed = closing('list', { everyone: list });
  const passed = closing('passing', { everyone: passing });
  const signed = outcomes('signature', { everyone: signedStatement });
  const { depth, ands, ...computing } = computingUnits(shape, id, hello);
  const outcomeBytes = stateItem('outcome'.length, outcome);
  return {
    // The tender and its state are read for the answer.
    publishing: { writes: writeUnits(tenderBytes), reads: readUnits(tenderBytes) + 1 },
    // The name, and the state before and after the submission is stored.
    intake: { writes: bids * (1 + writeUnits(submissionBytes)), reads: bids * 2 },
    closing: {
      // That it is due, two of the state's three transitions, the coin, and once more the coin, which is refused and paid for.
      writes: 1 + 2 + 2 + listed.writes + passed.writes,
      // No outcome yet; the state four times; the coin; all submissions twice; nothing said yet, twice; both peers.
      reads: 1 + 4 + 1 + 2 * readUnits(bids * submissionBytes) + 2 + 2 * (listed.reads + passed.reads),
    },
    computing: { writes: computing.writes, reads: computing.reads },
    signing: {
      // The state's last transition, the outcome, two signatures of peers, and the own one for the peers.
      writes: 1 + writeUnits(outcomeBytes) + 2 + signed.writes,
      // The state; nothing said yet; both peers; the outcome with the signatures of two.
      reads: 1 + 1 + 2 * signed.reads + readUnits(outcomeBytes) + 2,
    },
    showing: { writes: 0, reads: readUnits(outcomeBytes) + 2 },
    messagesAwaited: 2 * 3 + computing.messagesAwaited,
    rounds: computing.rounds,
    ands,
  };
}

/** Attribute names count towards an item's size. */
const KEY_NAMES = 'pk'.length + 'sk'.length;
const DOCUMENT_NAME = 'document'.length;

/** Expiry in an outbox item: its name, and a number of ten digits at a byte for two digits and one more. */
const EXPIRY_BYTES = 'ttl'.length + 6;

function writeUnits(bytes: number): number {
  return Math.ceil(bytes / WRITE_REQUEST_UNIT_BYTES);
}

function readUnits(bytes: number): number {
  return Math.ceil(bytes / READ_REQUEST_UNIT_BYTES);
}

function submissionSortKey(lot: string, bidder: string): number {
  const segment = (text: string) => toBase64url(utf8(text)).length;
  return 'submission###'.length + segment(lot) + segment(bidder) + VERSION_DIGITS;
}

/** As in the keys of `dynamodb.ts`. */
const VERSION_DIGITS = 16;

/** Bytes for everyone, or for one or both peers. */
type Sent = { readonly everyone: number } | { readonly to: readonly number[] };

/** What posting costs, and what one reader pays for it: chunked parcels included. */
function topicUnits(topic: number): (step: string, sent: Sent) => RequestUnits {
  return (step, sent) => {
    const parcels =
      'everyone' in sent
        ? { everyone: new Uint8Array(sent.everyone) }
        : { to: new Map(sent.to.map((bytes, peer) => [peerAt(peer), new Uint8Array(bytes)])) };
    const { inline, parts, chunks } = planItem('t'.repeat(topic), step, parcels);
    let head = KEY_NAMES + topic + step.length + EXPIRY_BYTES;
    for (const [name, bytes] of inline) head += name.length + bytes.length;
    for (const [name] of parts) head += `${name}Parts`.length + 2;
    const ofChunk = (key: string, bytes: number) =>
      KEY_NAMES + key.length + 'chunk'.length + 'bytes'.length + bytes + EXPIRY_BYTES;
    const sizes = chunks.map(({ partitionKey, bytes }) => ofChunk(partitionKey, bytes.length));
    const readers = 'everyone' in sent ? 1 : sent.to.length;
    return {
      writes: [head, ...sizes].reduce((sum, bytes) => sum + writeUnits(bytes), 0),
      reads: readUnits(head) + sizes.reduce((sum, bytes) => sum + readUnits(bytes), 0) / readers,
    };
  };
}

const peerAt = (place: number): PartyIndex => (place === 0 ? 0 : 1);

/** Sealed (AES-GCM tag) messages of the measurement of the link. */
const PROBE_BYTES = 1 + 16;
const WAITS_BYTES = 8 + 16;

function computingUnits(shape: TenderShape, id: number, hello: number) {
  const manifest = THREE_PARTY_MANIFESTS[shape.protocol];
  const circuit = circuitOf(shape, manifest);
  const announced = topicUnits(id + '/clearing/hello'.length);
  const attempt = topicUnits(id + '/clearing/attempt/1'.length);
  let writes = 0;
  let reads = 0;
  let messagesAwaited = 0;
  /** Each party reads what came from as many peers as it sent to. */
  const exchange = (units: RequestUnits, peers: number) => {
    writes += units.writes;
    reads += peers * units.reads;
    messagesAwaited += peers;
  };
  exchange(announced('00000001', { everyone: hello }), 2);
  exchange(attempt('link/probe', { to: [PROBE_BYTES, PROBE_BYTES] }), 2);
  exchange(attempt('link/wait', { to: [WAITS_BYTES, WAITS_BYTES] }), 2);
  circuit.layers.forEach(({ bytes }, index) => {
    exchange(attempt(`and/${index + 1}`, { to: [bytes + manifest.layerOverheadBytes] }), 1);
  });
  const check = manifest.check(circuit);
  if (check.rounds > 0) {
    exchange(attempt('check/seed', { to: [0] }), 1);
    exchange(attempt('check/proof', { to: [check.bytes / 2, check.bytes / 2] }), 2);
    exchange(attempt('check/verdict', { to: [0, 0] }), 2);
  }
  const opening = manifest.openingBytes(circuit.outputLanes);
  exchange(attempt('open', { to: [opening / 2, opening / 2] }), 2);
  // No attempt announced yet, at any of the three.
  reads += 3;
  return {
    writes,
    reads,
    messagesAwaited,
    rounds: circuit.depth + check.rounds + 1,
    depth: circuit.depth,
    ands: circuit.ands,
  };
}

/** As planned for the default link, which is what parties in one region plan for. */
function circuitOf({ bids, bits, rule }: TenderShape, protocol: ProtocolManifest): CircuitCost {
  const price = rule === 'first-price' ? 'best' : 'second';
  return planGroups({ candidates: bids + PHANTOMS[rule], bits, price, protocol }).cost;
}
