import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BitVector, notVector, xorVectors } from '../../../mpc/bits/bit-vector.ts';
import { createMemoryNetwork } from '../../../mpc/channels/memory.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import { cost } from '../../../mpc/circuit/cost.ts';
import { REPLICATED_MANIFEST } from '../../../mpc/protocols/replicated/manifest.ts';
import { ReplicatedProtocol } from '../../../mpc/protocols/replicated/replicated.ts';
import {
  constantShare,
  notShare,
  ReplicatedVector,
  shareVector,
} from '../../../mpc/protocols/replicated/shares.ts';
import { openSession } from '../../../mpc/session/session.ts';
import { outcomeOf, outcomesOf } from '../../support/settle.ts';
import { forEachParty, runParties, runParty, shareInputs, testParameters } from '../../support/world.ts';

const bitsArbitrary = fc.array(fc.boolean(), { minLength: 1, maxLength: 100 }).map(BitVector.fromBits);

/** The secret behind three consistent parts; fails if a summand differs between its two holders. */
function reconstruct(parts: readonly ReplicatedVector[]): BitVector {
  parts.forEach((part, party) => {
    expect(part.second.equals(parts[(party + 1) % 3]!.first)).toBe(true);
  });
  return xorVectors(xorVectors(parts[0]!.first, parts[1]!.first), parts[2]!.first);
}

describe('replicated sharing', () => {
  test('a sharing, a constant and a negation are consistent and hold the right bits', () => {
    fc.assert(
      fc.property(bitsArbitrary, (bits) => {
        const parts = shareVector(bits, randomBytes);
        expect(reconstruct(parts).equals(bits)).toBe(true);
        expect(reconstruct(forEachParty((party) => constantShare(party, bits))).equals(bits)).toBe(true);
        const negated = forEachParty((party) => notShare(party, parts[party]));
        expect(reconstruct(negated).equals(notVector(bits))).toBe(true);
      }),
    );
  });

  test('a part prints as secret, whichever way', () => {
    const [part] = shareVector(BitVector.ones(8), randomBytes);
    expect(`${part}`).toBe('[secret]');
    expect(JSON.stringify({ part })).toBe('{"part":"[secret]"}');
    expect(inspect({ part })).toBe('{ part: ReplicatedVector(8 lanes) [secret] }');
  });

  test('parts of different lengths are refused', () => {
    expect(() => new ReplicatedVector(BitVector.zeros(3), BitVector.zeros(4))).toThrow(
      expect.objectContaining({ code: 'BIT_VECTOR_SHAPE' }),
    );
  });
});

function twoLayerCircuit() {
  const builder = new CircuitBuilder();
  const a = builder.input('a', 13);
  const b = builder.input('b', 13);
  const product = builder.and(a, b);
  builder.output('product', builder.and(product, builder.not(b)));
  builder.output('sum', builder.slice(builder.xor(a, b), 0, 1));
  return builder.build();
}

describe('replicated protocol', () => {
  test('a vector of many mask chunks is multiplied right, beside others of odd lengths', async () => {
    const builder = new CircuitBuilder();
    const inputs = new Map<string, BitVector>();
    [5, 1_200_003, 64, 700_001, 31].forEach((lanes, index) => {
      const words = BitVector.zeros(lanes);
      new Uint8Array(words.words.buffer).set(randomBytes(words.words.byteLength));
      words.clearPadding();
      inputs.set(`x${index}`, words);
      const input = builder.input(`x${index}`, lanes);
      const ones = builder.constant(BitVector.ones(lanes));
      builder.output(`same${index}`, builder.and(input, ones));
      builder.output(`none${index}`, builder.and(input, builder.not(input)));
    });
    const { outputs } = await runParties(builder.build(), inputs);
    for (const [index, bits] of [...inputs.values()].entries()) {
      expect(outputs.get(`same${index}`)?.equals(bits)).toBe(true);
      expect(outputs.get(`none${index}`)?.equals(BitVector.zeros(bits.lanes))).toBe(true);
    }
  });

  test('each message on the wire has exactly the predicted length', async () => {
    const circuit = twoLayerCircuit();
    const lengths = new Map<string, number>();
    const channels = createMemoryNetwork({
      deliver: ({ topic, step, from, to, bytes }) => {
        if (topic.includes('/attempt/')) lengths.set(`${step} ${from}->${to}`, bytes.length);
        return bytes;
      },
    });
    const inputs = new Map(['a', 'b'].map((name) => [name, BitVector.ones(13)]));
    await runParties(circuit, inputs, { channels });
    const layers = cost(circuit).layers.map(({ bytes }) => bytes + REPLICATED_MANIFEST.layerOverheadBytes);
    expect(layers).toEqual([18, 18]);
    expect(Object.fromEntries([...lengths].sort())).toEqual({
      'and/1 0->2': 18,
      'and/1 1->0': 18,
      'and/1 2->1': 18,
      'and/2 0->2': 18,
      'and/2 1->0': 18,
      'and/2 2->1': 18,
      'open 0->1': 19,
      'open 0->2': 48,
      'open 1->0': 48,
      'open 1->2': 19,
      'open 2->0': 19,
      'open 2->1': 48,
    });
    expect(REPLICATED_MANIFEST.openingBytes(cost(circuit).outputLanes)).toBe(19 + 48);
  });

  test('a party that opens another share than it should is caught by the hash from the other neighbour', async () => {
    const builder = new CircuitBuilder();
    builder.output('out', builder.input('a', 20));
    const circuit = builder.build();
    const inputs = shareInputs(new Map([['a', BitVector.ones(20)]]));
    const honest = inputs[1].get('a')!;
    const lying = new ReplicatedVector(notVector(honest.first), honest.second);
    const channels = createMemoryNetwork();
    const outcomes = await outcomesOf([
      runParty(circuit, inputs[0], channels[0]),
      runParty(circuit, new Map([['a', lying]]), channels[1]),
      runParty(circuit, inputs[2], channels[2]),
    ]);
    expect(outcomes).toEqual(['done', 'done', 'REVEAL_MISMATCH']);
  });

  test('a round of the wrong length is refused, not cut or padded', async () => {
    const one = new CircuitBuilder();
    one.output('out', one.and(one.input('a', 8), one.constant(BitVector.ones(8))));
    const two = new CircuitBuilder();
    two.output('out', two.and(two.input('a', 17), two.constant(BitVector.ones(17))));
    const short = shareInputs(new Map([['a', BitVector.ones(8)]]));
    const long = shareInputs(new Map([['a', BitVector.ones(17)]]));
    const channels = createMemoryNetwork();
    const session = { messageTimeoutMs: 100 };
    const outcomes = await outcomesOf([
      runParty(one.build(), short[0], channels[0], { session }),
      runParty(two.build(), long[1], channels[1], { session }),
      runParty(one.build(), short[2], channels[2], { session }),
    ]);
    expect(outcomes[0]).toBe('MESSAGE_MALFORMED');
    expect(outcomes).not.toContain('done');
  });

  test('only the instance that evaluated can open, and only once', async () => {
    const circuit = twoLayerCircuit();
    const inputs = shareInputs(new Map(['a', 'b'].map((name) => [name, BitVector.ones(13)])));
    const sessions = await Promise.all(
      createMemoryNetwork().map((channel) => openSession(testParameters(channel))),
    );
    const protocols = sessions.map((session) => new ReplicatedProtocol(session));
    const tokens = await Promise.all(
      protocols.map((protocol, party) => protocol.evaluate(circuit, inputs[party as 0 | 1 | 2])),
    );
    expect(await outcomeOf(protocols[0]!.open(tokens[1]!))).toBe('CIRCUIT_INVALID');
    await Promise.all(protocols.map((protocol, party) => protocol.open(tokens[party]!)));
    expect(await outcomeOf(protocols[0]!.open(tokens[0]!))).toBe('ADDRESS_REUSED');
    const before = sessions[0]!.links.counters();
    expect(await outcomeOf(protocols[0]!.evaluate(circuit, inputs[0]))).toBe('ADDRESS_REUSED');
    expect(sessions[0]!.links.counters()).toEqual(before);
    for (const session of sessions) session.close();
  });

  test('a layer or an opening beyond one message is refused before anything is sent', async () => {
    const lanes = 2 ** 27;
    const layer = new CircuitBuilder();
    const a = layer.input('a', lanes);
    for (let copy = 0; copy < 4; copy++) layer.and(a, a);
    layer.output('out', layer.slice(a, 0, 1));
    const opening = new CircuitBuilder();
    const b = opening.input('b', lanes);
    for (let copy = 0; copy < 4; copy++) opening.output(`out${copy}`, b);
    const sessions = await Promise.all(
      createMemoryNetwork().map((channel) => openSession(testParameters(channel))),
    );
    const protocol = new ReplicatedProtocol(sessions[0]!);
    for (const builder of [layer, opening]) {
      expect(await outcomeOf(protocol.evaluate(builder.build(), new Map()))).toBe('CIRCUIT_OVER_BOUND');
    }
    expect(sessions[0]!.links.counters().rounds).toBe(0);
    for (const session of sessions) session.close();
  });
});
