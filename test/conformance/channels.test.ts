/** Every channel through the conformance suite. */

import { afterAll, beforeAll } from 'vitest';
import { createMemoryNetwork } from '../../mpc/channels/memory.ts';
import { type LocalDynamodb, startLocalDynamodb } from '../support/dynalite.ts';
import { createTestOutboxes } from '../support/outboxes.ts';
import { TcpNetworks } from '../support/tcp-network.ts';
import { describeChannel } from './channel.suite.ts';

let dynamodb: LocalDynamodb;

beforeAll(async () => {
  dynamodb = await startLocalDynamodb();
});

const tcp = new TcpNetworks();

afterAll(async () => {
  await Promise.all([dynamodb.close(), tcp.closeAll()]);
});

describeChannel('memory', async () => createMemoryNetwork());

describeChannel('outbox', () => createTestOutboxes(dynamodb.client));

describeChannel('tcp', () => tcp.create());
