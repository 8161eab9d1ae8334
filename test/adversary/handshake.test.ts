/**
 * A corrupt party that deviates in the handshake, with a signature that is its own: every hello that could be sent instead
 * of the right one, for each corrupt party. The table of mutations.ts has the hellos that are not signed properly.
 */

import { describe, expect, test } from 'vitest';
import { BitVector } from '../../mpc/bits/bit-vector.ts';
import { concatBytes } from '../../mpc/bytes.ts';
import { nextParty, PARTIES, type PartyIndex, peersOf, previousParty } from '../../mpc/party.ts';
import { fieldsOf, resignedHello } from '../support/hellos.ts';
import { testIdentities } from '../support/world.ts';
import { endingsOf, expectSafe, type PartyProgram, type Run, runThree } from './kit.ts';
import { layeredCase } from './layered-case.ts';
import { attackWith, type Sending } from './mutation.ts';
import { VERIFIED_ABORTS, verifiedRules } from './programs.ts';
import { HELLO } from './transcript.ts';

const { circuit, expected, program } = await layeredCase('handshake');

const FIELD = {
  version: 0,
  sessionId: 1,
  attempt: 2,
  protocol: 3,
  circuitHash: 4,
  inputSetRoot: 5,
  partySet: 6,
  sender: 7,
  ephemeralKey: 8,
} as const;

/** Sends the own hello with one field changed and signs that. */
async function runWithField(
  corrupt: PartyIndex,
  field: keyof typeof FIELD,
  value: (sending: Sending) => Promise<Uint8Array | string>,
  run: PartyProgram = program,
): Promise<Run> {
  const result = await runThree({
    seed: `hello ${field} ${corrupt}`,
    program: run,
    ...attackWith(
      corrupt,
      { step: HELLO },
      {
        where: 'sending',
        send: async (sending) => {
          const hello = sending.parcels.get('everyone')!;
          const signed = resignedHello(hello, FIELD[field], await value(sending), testIdentities[corrupt]);
          await sending.send(new Map([['everyone', signed]]));
        },
      },
    ),
  });
  return result;
}

/** RFC 7748 section 6.1 and its references: all points of order 1, 2, 4 and 8, and encodings above the prime. */
const SMALL_ORDER = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
].flatMap((hex) => {
  const point = new Uint8Array(Buffer.from(hex, 'hex'));
  const withTopBit = point.slice();
  withTopBit[31]! |= 0x80;
  return [point, withTopBit];
});

describe.each(PARTIES)('party %i', (corrupt) => {
  test.each([
    ['version', 'tacit/0'],
    ['sessionId', 'another'],
    ['attempt', '2'],
    ['protocol', 'verified'],
    ['circuitHash', new Uint8Array(32)],
    ['inputSetRoot', new Uint8Array(32)],
    ['partySet', new Uint8Array(32)],
    ['sender', String(nextParty(corrupt))],
  ] as const)('signs another %s: both peers name it', async (field, value) => {
    const run = await runWithField(corrupt, field, async () => value);
    expectSafe(run, expected, { codes: ['HANDSHAKE_MISMATCH'] });
    for (const peer of peersOf(corrupt)) {
      expect(run.results[peer]).toMatchObject({
        ended: 'abort',
        error: { facts: { field, party: corrupt } },
      });
    }
  });

  test('signs an X25519 key of small order, in any encoding: both peers refuse it', async () => {
    for (const point of SMALL_ORDER) {
      const run = await runWithField(corrupt, 'ephemeralKey', async () => point);
      expect(endingsOf(run)).toEqual(['HANDSHAKE_KEY', 'HANDSHAKE_KEY']);
    }
  });

  test('signs a key of another length', async () => {
    for (const key of [new Uint8Array(), new Uint8Array(31).fill(9), new Uint8Array(33).fill(9)]) {
      const run = await runWithField(corrupt, 'ephemeralKey', async () => key);
      expect(endingsOf(run)).toEqual(['MESSAGE_MALFORMED', 'MESSAGE_MALFORMED']);
    }
  });

  test("signs the ephemeral key of a peer: it can use it for nothing, and nobody's masks cancel", async () => {
    for (const copied of [0, 1] as const) {
      const copy = async (sending: Sending) => ephemeralKeyOf((await sending.peek())[copied]!);
      const run = await runWithField(corrupt, 'ephemeralKey', copy);
      expectSafe(run, expected, verifiedRules(circuit));
      expect(endingsOf(run)).not.toContain('outputs');

      const probe: PartyProgram = async ({ prss }) => new Map([['mask', prss.zeroShare('probe', 256)]]);
      const probed = await runWithField(corrupt, 'ephemeralKey', copy, probe);
      for (const peer of peersOf(corrupt)) {
        const result = probed.results[peer];
        expect(result.ended).toBe('outputs');
        if (result.ended !== 'outputs') continue;
        expect(result.outputs.get('mask')?.equals(BitVector.zeros(256))).toBe(false);
      }
    }
  });

  test('shows each peer another hello: neither accepts a message', async () => {
    const run = await runThree({
      seed: `two hellos ${corrupt}`,
      program,
      network: ({ topic, from, to, bytes }) =>
        topic.endsWith('/hello') && from === corrupt && to === previousParty(corrupt)
          ? resignedHello(bytes, FIELD.ephemeralKey, OTHER_KEY, testIdentities[corrupt])
          : bytes,
    });
    expectSafe(run, expected, { codes: VERIFIED_ABORTS });
    expect(endingsOf(run)).not.toContain('outputs');
    expect(endingsOf(run)).toContain('MESSAGE_FORGED');
  });
});

/** The base point: a valid key whose secret everybody knows. */
const OTHER_KEY = concatBytes([Uint8Array.of(9), new Uint8Array(31)]);

function ephemeralKeyOf(hello: Uint8Array): Uint8Array {
  return fieldsOf(fieldsOf(hello)[0]!)[FIELD.ephemeralKey]!;
}
