/**
 * What a verifier receives in the check is uniform, whatever the secrets are.
 *
 * Hypothesis: over fresh keys and fixed input shares, every 16-byte field that a party receives in check/proof and
 * check/verdict (nonce, halves of the rounds, challenges, folded factors, halves of the last claim, digests) has
 * uniformly random bytes. Two fixed sharings: random ones, and all summands zero, the worst case, since without their
 * blinds the folded factors and all messages of the proof would then be zero. Statistic: chi-square over the 256 values
 * of a byte, 255 degrees of freedom, 200 runs and so 3200 bytes a field. Threshold 500, exceeded by chance with
 * probability below 10^-12 a field; about 300 fields. With one blind left out, the same test must fail.
 */

import { createSecretKey, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { BitVector } from '../../mpc/bits/bit-vector.ts';
import { CircuitBuilder } from '../../mpc/circuit/builder.ts';
import { FieldKernels } from '../../mpc/kernels/field.ts';
import { nextParty, PARTIES, type PartyIndex } from '../../mpc/party.ts';
import { ReplicatedVector } from '../../mpc/protocols/replicated/shares.ts';
import { ELEMENT_BYTES } from '../../mpc/protocols/verified/transcript.ts';
import { VerifiedProtocol } from '../../mpc/protocols/verified/verified.ts';
import { createPrss, type Prss } from '../../mpc/random/prss.ts';
import type { Links } from '../../mpc/session/links.ts';
import { forEachParty, shareInputs, type Three } from '../support/world.ts';
import type { SharedInputs } from './programs.ts';

const RUNS = 200;
const THRESHOLD = 500;
const LANES = 64;

const builder = new CircuitBuilder();
builder.output('out', builder.and(builder.input('x', LANES), builder.input('y', LANES)));
const circuit = builder.build();

const zero = BitVector.zeros(LANES);
const zeroSharing: Three<SharedInputs> = forEachParty(
  () => new Map(['x', 'y'].map((name) => [name, new ReplicatedVector(zero, zero)])),
);
const randomSharing = shareInputs(new Map(['x', 'y'].map((name) => [name, BitVector.ones(LANES)])));

/** Changes what a party draws from a pair key for a step, where a blind is to be left out. */
type Leak = (step: string, drawn: Uint8Array) => void;

const noLeak: Leak = () => undefined;
const withoutAlpha: Leak = (step, drawn) => {
  if (step.startsWith('check/left/')) drawn.fill(0, drawn.length - ELEMENT_BYTES);
};
const withoutBeta: Leak = (step, drawn) => {
  if (step.startsWith('check/right/')) drawn.fill(0);
};
const withoutLeftHalves: Leak = (step, drawn) => {
  if (step.startsWith('check/left/')) drawn.fill(0, 0, drawn.length - ELEMENT_BYTES);
};

function leakingPrss(prss: Prss, leak: Leak): Prss {
  return {
    zeroShare: (step, lanes) => prss.zeroShare(step, lanes),
    zeroStream: (step) => prss.zeroStream(step),
    commonStream: (peer, step) => prss.commonStream(peer, step),
    common: (peer, step, bytes) => {
      const drawn = prss.common(peer, step, bytes);
      leak(step, drawn);
      return drawn;
    },
  };
}

type Received = (party: PartyIndex, step: string, from: PartyIndex, bytes: Uint8Array) => void;

/** Links without seals among the three, to see many runs soon. */
function plainLinks(received: Received): Three<Links> {
  const mailbox = new Map<string, PromiseWithResolvers<Uint8Array>>();
  const slot = (step: string, from: PartyIndex, to: PartyIndex) => {
    const key = `${step} ${from} ${to}`;
    const present = mailbox.get(key) ?? Promise.withResolvers<Uint8Array>();
    mailbox.set(key, present);
    return present;
  };
  return forEachParty((self) => ({
    self,
    counters: () => ({ rounds: 0, bytesSent: 0 }),
    send: async (step, parcels) => {
      for (const [to, bytes] of parcels) slot(step, self, to).resolve(Uint8Array.from(bytes));
    },
    receive: async (step, from) => {
      const bytes = await slot(step, from, self).promise;
      received(self, step, from, bytes);
      return bytes;
    },
  }));
}

async function runOnce(inputs: Three<SharedInputs>, leak: Leak, received: Received): Promise<void> {
  const keys = forEachParty(() => createSecretKey(randomBytes(32)));
  const links = plainLinks(received);
  await Promise.all(
    PARTIES.map((party) => {
      const prss = createPrss({ withPrevious: keys[party], withNext: keys[nextParty(party)] });
      const protocol = new VerifiedProtocol({
        links: links[party],
        prss: leakingPrss(prss, leak),
        kernels: new FieldKernels(),
        random: randomBytes,
      });
      return protocol.evaluate(circuit, inputs[party]);
    }),
  );
}

/** The greatest chi-square of all fields that anybody received, and how many fields there were. */
async function worstField(
  inputs: Three<SharedInputs>,
  leak: Leak,
): Promise<{ worst: number; fields: number }> {
  const counts = new Map<string, Uint32Array>();
  const received: Received = (party, step, from, bytes) => {
    if (step !== 'check/proof' && step !== 'check/verdict') return;
    for (let start = 0; start < bytes.length; start += ELEMENT_BYTES) {
      const field = `${party} ${step} ${from} ${start}`;
      const cells = counts.get(field) ?? new Uint32Array(256);
      counts.set(field, cells);
      for (const byte of bytes.subarray(start, start + ELEMENT_BYTES)) cells[byte]! += 1;
    }
  };
  for (let run = 0; run < RUNS; run++) await runOnce(inputs, leak, received);
  const statistics = [...counts.values()].map(chiSquare);
  return { worst: Math.max(...statistics), fields: statistics.length };
}

function chiSquare(cells: Uint32Array): number {
  const expected = cells.reduce((sum, count) => sum + count, 0) / cells.length;
  return cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

test('uniform for a random sharing and for summands of zero', async () => {
  for (const inputs of [randomSharing, zeroSharing]) {
    const { worst, fields } = await worstField(inputs, noLeak);
    expect(fields).toBeGreaterThan(100);
    expect(worst).toBeLessThan(THRESHOLD);
  }
});

test.each([
  ['alpha', withoutAlpha],
  ['beta', withoutBeta],
  ['the left halves', withoutLeftHalves],
])('not uniform without %s', async (_, leak) => {
  const { worst } = await worstField(zeroSharing, leak);
  expect(worst).toBeGreaterThan(10 * THRESHOLD);
});
