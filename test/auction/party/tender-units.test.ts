/** The predicted request units of a tender against those that a real auction on real tables consumes. */

import { beforeAll, describe, expect, test } from 'vitest';
import { type Told, tellingUnits } from '../../../auction/party/telling-units.ts';
import { type TenderShape, type TenderUnits, tenderUnits } from '../../../auction/party/tender-units.ts';
import { PARTIES } from '../../../mpc/party.ts';
import {
  type CountedAuction,
  type CountedRequest,
  runCountedAuction,
} from '../../support/counted-auction.ts';

const SHAPES: readonly (TenderShape & { readonly told: Told })[] = [
  { bids: 3, bits: 16, rule: 'first-price', protocol: 'replicated', told: { bus: true, webhooks: 0 } },
  { bids: 12, bits: 64, rule: 'second-price', protocol: 'verified', told: { bus: false, webhooks: 5 } },
  { bids: 40, bits: 40, rule: 'first-price', protocol: 'verified', told: { bus: true, webhooks: 5 } },
];

/** An item of the proof may be predicted a unit too large, at each of the three parties. */
const PROOF_SLACK = 3;

describe.each(SHAPES)('a tender of $bids bids of $bits bits, $rule, $protocol', (shape) => {
  let counted: CountedAuction;
  let predicted: TenderUnits;

  beforeAll(async () => {
    counted = await runCountedAuction(shape);
    predicted = tenderUnits(shape);
  }, 30_000);

  const sum = (which: (request: CountedRequest) => boolean) =>
    counted.requests.filter(which).reduce((total, { units }) => total + units, 0);
  const writes = (which: (request: CountedRequest) => boolean) =>
    sum((request) => request.command === 'PutItem' && which(request));
  const inStage = (stage: CountedRequest['stage']) => (request: CountedRequest) => request.stage === stage;
  const all = PARTIES.length;

  test('takes the rounds that were planned', () => {
    expect(counted.rounds).toBe(predicted.rounds);
  });

  test('is published and taken in for the units that were predicted', () => {
    for (const [stage, units] of [
      ['publish', predicted.publishing],
      ['bid', predicted.intake],
      ['outcome', predicted.showing],
    ] as const) {
      const isRead = ({ command }: CountedRequest) => command !== 'PutItem';
      const reads = sum((request) => request.stage === stage && isRead(request));
      expect([stage, writes(inStage(stage)), reads]).toEqual([stage, all * units.writes, all * units.reads]);
    }
  });

  test('is cleared for the writes that were predicted', () => {
    const isClearing = ({ stage }: CountedRequest) => stage === 'close' || stage === 'clear';
    const { closing, computing, signing } = predicted;
    const expected = all * (closing.writes + computing.writes + signing.writes);
    const slack = shape.protocol === 'verified' ? PROOF_SLACK : 0;
    const written = writes(isClearing);
    expect(written).toBeLessThanOrEqual(expected);
    expect(written).toBeGreaterThanOrEqual(expected - slack);
  });

  test('is cleared for the reads that were predicted, beside those that wait for peers', () => {
    const isClearing = ({ stage }: CountedRequest) => stage === 'close' || stage === 'clear';
    const { closing, computing, signing } = predicted;
    const expected = all * (closing.reads + computing.reads + signing.reads);
    const ofState = sum(
      (request) => isClearing(request) && request.table === 'state' && request.command !== 'PutItem',
    );
    const found = sum(
      (request) =>
        isClearing(request) && request.table === 'outbox' && request.command === 'GetItem' && request.found,
    );
    // Nothing said yet at three steps, and no attempt announced at three parties.
    const nothingThere = all * (3 + 3);
    const slack = shape.protocol === 'verified' ? 2 * PROOF_SLACK : 0;
    expect(ofState + found + nothingThere).toBeLessThanOrEqual(expected);
    expect(ofState + found + nothingThere).toBeGreaterThanOrEqual(expected - slack);
  });

  test('is told of for the units that were predicted', () => {
    const { writes: written, reads } = tellingUnits(shape, shape.told);
    const isTelling = inStage('tell');
    expect(writes(isTelling)).toBe(all * written);
    const read = sum((request) => isTelling(request) && request.command !== 'PutItem');
    expect(read).toBe(all * reads);
  });

  test('awaits as many messages as were predicted', () => {
    const read = counted.requests.filter(
      ({ table, command, found }) => table === 'outbox' && command === 'GetItem' && found,
    );
    expect(read).toHaveLength(all * predicted.messagesAwaited);
  });
});
