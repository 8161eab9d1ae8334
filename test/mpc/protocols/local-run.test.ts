import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../functions/system-clock.ts';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { createMemoryNetwork } from '../../../mpc/channels/memory.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import type { Clock } from '../../../mpc/clock.ts';
import { runLocally, runThreeParties } from '../../../mpc/protocols/local-run.ts';
import { PROTOCOL_NAMES } from '../../../mpc/protocols/protocol.ts';
import { testParameters } from '../../support/world.ts';

const builder = new CircuitBuilder();
builder.output('both', builder.and(builder.input('x', 4), builder.input('y', 4)));
const circuit = builder.build();
const inputs = new Map([
  ['x', BitVector.fromBits([0, 0, 1, 1])],
  ['y', BitVector.fromBits([0, 1, 0, 1])],
]);

describe('a run in one process', () => {
  test.each(PROTOCOL_NAMES)('%s opens what plain bits give', async (protocol) => {
    const run = await runLocally(circuit, inputs, { protocol, clock: systemClock, random: randomBytes });
    expect(run.outputs.get('both')?.equals(BitVector.fromBits([0, 0, 0, 1]))).toBe(true);
    expect(run.counters.map(({ rounds }) => rounds)).toEqual(
      Array(3).fill({ clear: 0, replicated: 2, verified: 5 }[protocol]),
    );
  });

  test.each(PROTOCOL_NAMES)('%s refuses inputs that the circuit does not declare', async (protocol) => {
    const wider = new Map(inputs).set('x', BitVector.zeros(5));
    await expect(
      runLocally(circuit, wider, { protocol, clock: systemClock, random: randomBytes }),
    ).rejects.toMatchObject({ code: 'CIRCUIT_INPUT_MISMATCH' });
  });

  test('when one party fails, the others end at once with its error', async () => {
    let waiting = 0;
    const clock: Clock = {
      now: () => systemClock.now(),
      async sleep(durationMs, signal) {
        waiting += 1;
        try {
          await systemClock.sleep(durationMs, signal);
        } finally {
          waiting -= 1;
        }
      },
    };
    const failure = new Error('the disk of party 2 is full');
    const [first, second, third] = createMemoryNetwork();
    const failing = {
      self: third.self,
      collect: third.collect.bind(third),
      recall: third.recall.bind(third),
      latest: third.latest.bind(third),
      post: (...item: Parameters<typeof third.post>) =>
        item[1] === 'and/1' ? Promise.reject(failure) : third.post(...item),
    };
    const channels = [first, second, failing] as const;
    const session = { clock, handshakeTimeoutMs: 600_000, messageTimeoutMs: 600_000 };
    await expect(
      runThreeParties(circuit, inputs, 'verified', (party) => testParameters(channels[party], session)),
    ).rejects.toBe(failure);
    await setImmediate();
    expect(waiting).toBe(0);
  });
});
