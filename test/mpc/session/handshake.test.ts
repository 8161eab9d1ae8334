import { describe, expect, test } from 'vitest';
import { BitVector, xorVectors } from '../../../mpc/bits/bit-vector.ts';
import { frame } from '../../../mpc/bytes.ts';
import { createMemoryNetwork, type Delivery } from '../../../mpc/channels/memory.ts';
import { PARTIES, peersOf } from '../../../mpc/party.ts';
import { createPartyIdentity } from '../../../mpc/session/identity.ts';
import { openSession } from '../../../mpc/session/session.ts';
import { fieldsOf, resignedHello } from '../../support/hellos.ts';
import { outcomeOf, outcomesOf } from '../../support/settle.ts';
import { forEachParty, testIdentities, testParameters } from '../../support/world.ts';

const isHello = ({ topic }: Delivery): boolean => topic.endsWith('/hello');

/** Party 0's view when the hello of party 1 reaches it altered. */
function openWithAlteredHello(alter: (hello: Uint8Array) => Uint8Array): Promise<unknown> {
  const channels = createMemoryNetwork({
    deliver: (delivery) =>
      isHello(delivery) && delivery.from === 1 && delivery.to === 0 ? alter(delivery.bytes) : delivery.bytes,
  });
  const [zero, one, two] = channels.map((channel) => openSession(testParameters(channel)));
  for (const other of [one!, two!]) other.then((session) => session.close()).catch(() => undefined);
  return zero!.then((session) => session.close());
}

describe('handshake', () => {
  test('three parties enter attempt 1 with keys that fit each other', async () => {
    const sessions = await Promise.all(
      createMemoryNetwork().map((channel) => openSession(testParameters(channel))),
    );
    expect(sessions.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
    for (const party of PARTIES) {
      const parcels = new Map(peersOf(party).map((peer) => [peer, Uint8Array.of(party, peer)]));
      await sessions[party]!.links.send('step', parcels);
    }
    for (const party of PARTIES) {
      for (const peer of peersOf(party)) {
        expect([...(await sessions[party]!.links.receive('step', peer))]).toEqual([peer, party]);
      }
    }
    const [zero, one, two] = sessions.map(({ prss }) => prss.zeroShare('draw', 1000));
    expect(xorVectors(xorVectors(zero!, one!), two!).equals(BitVector.zeros(1000))).toBe(true);
    for (const session of sessions) session.close();
  });

  test.each([
    ['version', 0, 'tacit/0'],
    ['sessionId', 1, 'another'],
    ['attempt', 2, '2'],
    ['protocol', 3, 'clear'],
    ['circuitHash', 4, new Uint8Array(32)],
    ['inputSetRoot', 5, new Uint8Array(32)],
    ['partySet', 6, new Uint8Array(32)],
    ['sender', 7, '2'],
  ] as const)('another %s in a signed hello is named', async (field, index, value) => {
    await expect(
      openWithAlteredHello((hello) => resignedHello(hello, index, value, testIdentities[1])),
    ).rejects.toMatchObject({ code: 'HANDSHAKE_MISMATCH', facts: { field, party: 1 } });
  });

  test('parties with different circuits all refuse, and each names the other', async () => {
    const outcomes = createMemoryNetwork().map((channel) => {
      const parameters = testParameters(channel);
      const circuitHash = new Uint8Array(32).fill(channel.self === 2 ? 1 : 0);
      return openSession({ ...parameters, binding: { ...parameters.binding, circuitHash } });
    });
    const mismatch = { code: 'HANDSHAKE_MISMATCH', facts: { field: 'circuitHash' } };
    const settled = await Promise.allSettled(outcomes);
    for (const outcome of settled) expect(outcome).toMatchObject({ status: 'rejected', reason: mismatch });
  });

  test('a hello must carry a valid signature of the party in whose outbox it lies', async () => {
    const flipped = openWithAlteredHello((hello) => {
      hello[hello.length - 1]! ^= 1;
      return hello;
    });
    const byAnother = openWithAlteredHello((hello) => resignedHello(hello, 0, 'tacit/1', testIdentities[2]));
    const changed = openWithAlteredHello((hello) => {
      const [statement, signature] = fieldsOf(hello);
      statement![statement!.length - 1]! ^= 1;
      return frame(statement!, signature!);
    });
    const unsigned = openWithAlteredHello((hello) => frame(fieldsOf(hello)[0]!, ''));
    expect(await outcomesOf([flipped, byAnother, changed, unsigned])).toEqual(
      Array(4).fill('HANDSHAKE_SIGNATURE'),
    );
  });

  test('bytes that are no hello are refused', async () => {
    const garbage = [
      new Uint8Array(),
      new Uint8Array(3),
      Uint8Array.of(255, 255, 255, 255),
      new Uint8Array(2000),
    ];
    const runs = garbage.map((bytes) => openWithAlteredHello(() => bytes));
    const longer = openWithAlteredHello((hello) => new Uint8Array([...hello, 0]));
    const fewer = openWithAlteredHello((hello) => {
      const statement = frame(...fieldsOf(fieldsOf(hello)[0]!).slice(0, 5));
      return frame(statement, testIdentities[1].sign(frame('tacit/1 hello', statement)));
    });
    expect(await outcomesOf([...runs, longer, fewer])).toEqual(Array(6).fill('MESSAGE_MALFORMED'));
  });

  test('an ephemeral key of small order is refused', async () => {
    const zero = new Uint8Array(32);
    const one = new Uint8Array(32).fill(1, 0, 1);
    for (const point of [zero, one]) {
      await expect(
        openWithAlteredHello((hello) => resignedHello(hello, 8, point, testIdentities[1])),
      ).rejects.toMatchObject({ code: 'HANDSHAKE_KEY', facts: { party: 1 } });
    }
  });

  test('a party that shows two hellos gets nobody to accept a message under either', async () => {
    const other = createMemoryNetwork();
    const rival = openSession(testParameters(other[2], { handshakeTimeoutMs: 50 })).catch(() => undefined);
    const second = await other[0].collect('test/hello', '00000001', 2, new AbortController().signal);
    await rival;
    const channels = createMemoryNetwork({
      deliver: (delivery) =>
        isHello(delivery) && delivery.from === 2 && delivery.to === 0 ? second : delivery.bytes,
    });
    const sessions = await Promise.all(channels.map((channel) => openSession(testParameters(channel))));
    await sessions[0]!.links.send('step', new Map([[1, Uint8Array.of(1)]]));
    await expect(sessions[1]!.links.receive('step', 0)).rejects.toMatchObject({ code: 'MESSAGE_FORGED' });
    for (const session of sessions) session.close();
  });

  test('a party whose own identity is not in its place posts nothing', async () => {
    const [channel, peer] = createMemoryNetwork();
    const stranger = createPartyIdentity(0, new Uint8Array(32).fill(99));
    const outcome = await outcomeOf(openSession(testParameters(channel, { identity: stranger })));
    expect(outcome).toBe('HANDSHAKE_SIGNATURE');
    expect(await peer.latest('test/hello', 0)).toBeUndefined();
  });

  test('an identity of another party, or one key for two parties, is refused', async () => {
    const [channel] = createMemoryNetwork();
    await expect(openSession(testParameters(channel, { identity: testIdentities[1] }))).rejects.toMatchObject(
      {
        code: 'HANDSHAKE_MISMATCH',
        facts: { field: 'sender' },
      },
    );
    const twin = testParameters(channel).parties[0];
    await expect(
      openSession(testParameters(channel, { parties: forEachParty(() => twin) })),
    ).rejects.toMatchObject({ code: 'HANDSHAKE_MISMATCH', facts: { field: 'partySet' } });
  });

  test('a peer that does not come is named', async () => {
    const [zero, , two] = createMemoryNetwork();
    const present = openSession(testParameters(two, { handshakeTimeoutMs: 100 })).catch(() => undefined);
    await expect(openSession(testParameters(zero, { handshakeTimeoutMs: 100 }))).rejects.toMatchObject({
      code: 'CHANNEL_TIMEOUT',
      facts: { step: 'hello/1', party: 1 },
    });
    await present;
  });
});
