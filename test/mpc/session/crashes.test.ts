/**
 * A party that is stopped before or after any of its channel calls and started again: the others never open
 * anything wrong, and unless the party had already given them all they needed, the next attempt serves all.
 */

import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import type { Channel } from '../../../mpc/channels/channel.ts';
import { createMemoryNetwork } from '../../../mpc/channels/memory.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import { bitsOf, evaluatePlainly } from '../../support/reference/plain-evaluation.ts';
import { runParty, shareInputs } from '../../support/world.ts';

class Crash extends Error {}

/** Counts posts and collects, and crashes before or after the one numbered `at`, and at each later one. */
function crashing(channel: Channel, at: number, when: 'before' | 'after') {
  const performed: string[] = [];
  let calls = 0;
  const counted = async <Value>(name: string, call: () => Promise<Value>): Promise<Value> => {
    const number = calls++;
    if (number > at || (number === at && when === 'before')) throw new Crash(name);
    performed.push(name);
    const value = await call();
    if (number === at) throw new Crash(name);
    return value;
  };
  const wrapped: Channel = {
    self: channel.self,
    post: (topic, step, parcels) => counted(`post ${step}`, () => channel.post(topic, step, parcels)),
    collect: (topic, step, from, signal) =>
      counted(`collect ${step}`, () => channel.collect(topic, step, from, signal)),
    recall: (topic, step) => channel.recall(topic, step),
    latest: (topic, from) => channel.latest(topic, from),
  };
  return { channel: wrapped, performed };
}

const builder = new CircuitBuilder();
const a = builder.input('a', 70);
const b = builder.input('b', 70);
builder.output('out', builder.and(builder.not(builder.and(a, b)), builder.xor(a, b)));
const circuit = builder.build();
const inputs = new Map(
  ['a', 'b'].map((name) => [name, BitVector.fromBits([...randomBytes(70)].map((byte) => byte > 127))]),
);
const expected = evaluatePlainly(circuit, inputs).get('out');

describe('crashes', () => {
  /** Posts: hello, two layers, opening. Collects: two hellos, one product a layer, two for the opening. */
  const callsOfRun = 4 + 6;

  for (const when of ['before', 'after'] as const) {
    test.each(Array.from({ length: callsOfRun }, (_, at) => at))(
      `stopped ${when} channel call %i`,
      async (at) => {
        const channels = createMemoryNetwork();
        const shares = shareInputs(inputs);
        const peers = [0, 1].map((party) =>
          runParty(circuit, shares[party]!, channels[party]!, { maxAttempts: 5 }),
        );
        const doomed = crashing(channels[2], at, when);
        await expect(runParty(circuit, shares[2], doomed.channel)).rejects.toBeInstanceOf(Crash);
        const gaveAll = doomed.performed.includes('post open');
        // Peers that have all they need finish first: a later attempt of party 2 would make them follow it.
        if (gaveAll) await Promise.all(peers);
        const again = runParty(circuit, shares[2], channels[2], {
          session: { handshakeTimeoutMs: gaveAll ? 60 : 5000 },
        });
        if (gaveAll) await expect(again).rejects.toMatchObject({ code: 'CHANNEL_TIMEOUT' });
        else expect(bitsOf((await again).result.outputs.get('out')!)).toEqual(expected);
        for (const { result } of await Promise.all(peers)) {
          expect(bitsOf(result.outputs.get('out')!)).toEqual(expected);
        }
      },
    );
  }
});
