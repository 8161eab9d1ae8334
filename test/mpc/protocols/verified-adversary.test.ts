import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { createMemoryNetwork } from '../../../mpc/channels/memory.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import { PARTIES, type PartyIndex } from '../../../mpc/party.ts';
import { createThreePartyProtocol } from '../../../mpc/protocols/three-party.ts';
import { openSession } from '../../../mpc/session/session.ts';
import { type Alteration, corruptLinks } from '../../support/corrupt-party.ts';
import { shareInputs, testParameters } from '../../support/world.ts';

async function runWith(corrupt: PartyIndex, alter: Alteration, lanes = 500) {
  const builder = new CircuitBuilder();
  const x = builder.input('x', lanes);
  const y = builder.input('y', lanes);
  builder.output('z', builder.and(builder.xor(builder.and(x, y), y), x));
  const circuit = builder.build();
  const inputs = shareInputs(new Map([['x', BitVector.ones(lanes)], ['y', BitVector.ones(lanes)]]));
  const sessions = await Promise.all(createMemoryNetwork().map((channel) => openSession(testParameters(channel, { messageTimeoutMs: 300 }))));
  return Promise.allSettled(
    PARTIES.map(async (party) => {
      const { links, prss } = sessions[party]!;
      const own = party === corrupt ? corruptLinks(links, alter) : links;
      const protocol = createThreePartyProtocol('verified', { links: own, prss }, randomBytes);
      return protocol.open(await protocol.evaluate(circuit, inputs[party]));
    }),
  );
}

for (const corrupt of PARTIES) {
  for (const target of ['and/1', 'and/2', 'check/seed', 'check/proof', 'check/verdict', 'open']) {
    test(`party ${corrupt} flips a bit in ${target}`, async () => {
      const results = await runWith(corrupt, (step, _to, bytes) => {
        if (step === target) bytes[bytes.length >> 1]! ^= 4;
        return bytes;
      });
      console.log(corrupt, target, results.map((r) => (r.status === 'rejected' ? r.reason.code : 'opened')).join(' '));
      for (const party of PARTIES) if (party !== corrupt) expect(results[party]!.status).toBe('rejected');
    });
  }
}
