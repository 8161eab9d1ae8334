/**
 * Clearing one lot among three parties, from the first AND layer to the opened outcome:
 * `node bench/clearing.ts [--quick]`.
 *
 * Second price, random bids of 64 bits, group sizes as the planner picks them for each link: over TCP the one that the
 * three processes measure, round trips in steps of two. Channels: memory (all three
 * parties on one thread), TCP on loopback, both also with 10 ms added to each message on its way, and the DynamoDB outbox
 * (an embedded DynamoDB in each process). But for memory each party is a process, and the three share this machine's
 * cores. A trial's time is that of the slowest party; the outcome of every trial is checked against plain arithmetic.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../functions/system-clock.ts';
import { createMemoryNetwork } from '../mpc/channels/memory.ts';
import { argBestCost } from '../mpc/planner/arg-best-cost.ts';
import { DEFAULT_LINK, type Link } from '../mpc/planner/link.ts';
import { planGroups } from '../mpc/planner/planner.ts';
import { predictCost } from '../mpc/protocols/protocol.ts';
import {
  THREE_PARTY_MANIFESTS,
  THREE_PARTY_NAMES,
  type ThreePartyName,
} from '../mpc/protocols/three-party.ts';
import { type Answer, type Cleared, clear as clearAs, type Order } from './clearing-party.ts';
import { machineLine } from './machine.ts';

const BITS = 64;

/** Phantoms that a second-price clearing adds to the bids. */
const PHANTOMS = 2;

interface Transport {
  readonly name: string;
  readonly channel: 'memory' | 'tcp' | 'outbox';
  readonly delayMs: number;
  /** What the groups are planned for; what the three processes measure where it is left out. */
  readonly link?: Link;
}

const TRANSPORTS: readonly Transport[] = [
  { name: 'memory', channel: 'memory', delayMs: 0, link: DEFAULT_LINK },
  { name: 'memory, 10 ms', channel: 'memory', delayMs: 10, link: DEFAULT_LINK },
  { name: 'TCP, loopback', channel: 'tcp', delayMs: 0 },
  { name: 'TCP, 10 ms each way', channel: 'tcp', delayMs: 10 },
  { name: 'outbox, loopback', channel: 'outbox', delayMs: 0, link: DEFAULT_LINK },
];

/** A process that says nothing for so long ends the run. */
const BOUND_MS = 300_000;

type Work = (clear: (order: Order) => Promise<readonly Cleared[]>, link: Link) => Promise<void>;

async function withParties(transport: Transport, work: Work) {
  const program = fileURLToPath(new URL('clearing-party.ts', import.meta.url));
  const parties = [0, 1, 2].map((party) => fork(program, [String(party)]));
  const together = async (order: Order): Promise<readonly Answer[]> => {
    const signal = AbortSignal.timeout(BOUND_MS);
    const answers = Promise.all(
      parties.map(async (party): Promise<Answer> => (await once(party, 'message', { signal }))[0]),
    );
    for (const party of parties) party.send(order);
    return answers;
  };
  try {
    const listening = await together({
      kind: 'listen',
      channel: transport.channel === 'outbox' ? 'outbox' : 'tcp',
      delayMs: transport.delayMs,
    });
    const endpoints = listening.map((answer) => (answer.kind === 'listening' ? answer.endpoint : ''));
    await together({ kind: 'connect', endpoints });
    const [measured] = transport.link === undefined ? await together({ kind: 'measure' }) : [];
    const link = measured?.kind === 'measured' ? measured.link : (transport.link ?? DEFAULT_LINK);
    await work(async (order) => (await together(order)).filter((answer) => answer.kind === 'cleared'), link);
  } finally {
    for (const party of parties) party.send({ kind: 'close' } satisfies Order);
  }
}

/** Three parties on one thread: times are those of all three together. */
async function withMemory({ delayMs, link = DEFAULT_LINK }: Transport, work: Work): Promise<void> {
  const network = createMemoryNetwork(
    delayMs === 0 ? {} : { delay: { durationMs: delayMs, clock: systemClock } },
  );
  let runs = 0;
  await work((order) => {
    if (order.kind !== 'clear') throw new TypeError(`memory parties only clear, not ${order.kind}`);
    const run = runs++;
    return Promise.all(network.map((channel) => clearAs(channel, order.clearing, run)));
  }, link);
}

async function measure(
  transport: Transport,
  protocol: ThreePartyName,
  sizes: readonly number[],
  trials: number,
) {
  await (transport.channel === 'memory' ? withMemory : withParties)(transport, async (clear, link) => {
    for (const bids of sizes) {
      const candidates = bids + PHANTOMS;
      const manifest = THREE_PARTY_MANIFESTS[protocol];
      const { groups } = planGroups({
        candidates,
        bits: BITS,
        price: 'second',
        protocol: manifest,
        link,
      });
      const predicted = predictCost(
        manifest,
        argBestCost({ candidates, bits: BITS, price: 'second', groups }),
      );
      const clearing = { candidates, bits: BITS, price: 'second', groups, protocol } as const;
      await clear({ kind: 'clear', clearing });
      const walls: number[] = [];
      const cpus: number[] = [];
      let peakMemoryMb = 0;
      for (let trial = 0; trial < trials; trial++) {
        const parties = await clear({ kind: 'clear', clearing });
        for (const { rounds, bytesSent } of parties) {
          if (rounds !== predicted.rounds || bytesSent !== predicted.bytes) {
            throw new Error(
              `predicted ${predicted.rounds} rounds and ${predicted.bytes} bytes, counted otherwise`,
            );
          }
        }
        walls.push(Math.max(...parties.map(({ wallMs }) => wallMs)));
        cpus.push(Math.max(...parties.map(({ cpuMs }) => cpuMs)));
        peakMemoryMb = Math.max(peakMemoryMb, ...parties.map((party) => party.peakMemoryMb));
      }
      walls.sort((a, b) => a - b);
      cpus.sort((a, b) => a - b);
      const cells = [
        transport.name.padEnd(19),
        protocol.padEnd(10),
        String(bids).padStart(6),
        String(predicted.rounds).padStart(6),
        String(predicted.ands).padStart(9),
        String(predicted.bytes).padStart(9),
        (walls[Math.floor(walls.length / 2)] ?? 0).toFixed(0).padStart(9),
        `${(walls[0] ?? 0).toFixed(0)} to ${(walls.at(-1) ?? 0).toFixed(0)}`.padStart(12),
        (cpus[Math.floor(cpus.length / 2)] ?? 0).toFixed(0).padStart(6),
        peakMemoryMb.toFixed(0).padStart(7),
        `${link.roundTripMs} ms, ${link.bandwidthMbps} Mbit/s`,
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
  });
}

export async function benchClearing(quick: boolean): Promise<void> {
  console.log(
    'Clearing one lot, second price, 64 bits, three parties; milliseconds from the first AND to the outcome',
  );
  console.log(machineLine());
  console.log(
    '\n| channel             | protocol   |   bids | rounds |      ANDs | bytes/pty | median ms |  min to max  | CPU ms | peak MB | planned for |',
  );
  console.log(
    '| ------------------- | ---------- | -----: | -----: | --------: | --------: | --------: | -----------: | -----: | ------: | ----------- |',
  );
  const transports = quick ? TRANSPORTS.filter(({ delayMs }) => delayMs === 0) : TRANSPORTS;
  for (const transport of transports) {
    for (const protocol of THREE_PARTY_NAMES) {
      await measure(transport, protocol, quick ? [10] : [10, 100, 1000, 10_000], quick ? 1 : 7);
    }
  }
  if (!quick) await measure(TRANSPORTS[2]!, 'verified', [100_000], 1);
}

if (import.meta.main) await benchClearing(process.argv.includes('--quick'));
