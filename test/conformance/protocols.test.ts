/** Every protocol through the conformance suite; `replicated` over both channels. */

import { afterAll, beforeAll } from 'vitest';
import { CLEAR_MANIFEST, ClearProtocol } from '../../mpc/protocols/clear.ts';
import { REPLICATED_MANIFEST } from '../../mpc/protocols/replicated/manifest.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../support/dynalite.ts';
import { createTestOutboxes } from '../support/outboxes.ts';
import { runParties } from '../support/world.ts';
import { describeProtocol } from './protocol.suite.ts';

let dynamodb: LocalDynamodb;
let sessions = 0;

beforeAll(async () => {
  dynamodb = await startLocalDynamodb();
});

afterAll(() => dynamodb.close());

describeProtocol(
  'clear',
  {
    manifest: CLEAR_MANIFEST,
    run: async (circuit, inputs) => {
      const protocol = new ClearProtocol();
      return { outputs: await protocol.open(await protocol.evaluate(circuit, inputs)), counters: [] };
    },
  },
  200,
);

describeProtocol('replicated in memory', { manifest: REPLICATED_MANIFEST, run: runParties }, 100);

describeProtocol(
  'replicated over outboxes',
  {
    manifest: REPLICATED_MANIFEST,
    run: async (circuit, inputs) => {
      const channels = await createTestOutboxes(dynamodb.client);
      return runParties(circuit, inputs, { channels, session: { sessionId: `outbox/${sessions++}` } });
    },
  },
  8,
);
