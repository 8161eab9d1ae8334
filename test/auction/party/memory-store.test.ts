import { MemoryStore } from '../../../auction/party/memory-store.ts';
import { auctionStoreSuite } from '../../conformance/auction-store.suite.ts';

auctionStoreSuite('memory', async () => new MemoryStore());
