/**
 * AND layers of the replicated protocol among three processes over TCP on loopback, sealed and masked, and in the same
 * run what plain sockets take: a ping-pong between two of them, and the three passing messages of the same size around
 * without computing anything. `node bench/tcp-ring.ts`.
 *
 * A round is one AND layer: multiply, seal, send to one neighbour, receive from the other, unseal. The three processes
 * share this machine's cores. Each figure is the median over trials, of the slowest party in each. With fewer cores than
 * parties the plain ring, not the ping-pong, is what no round can be faster than.
 */

import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Answer, Order } from './tcp-ring-party.ts';

/** One kind of round: microseconds each. */
export interface RoundTimes {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Median of the processor time of one party, in microseconds a round. */
  readonly cpuMedian: number;
}

export interface RingRow extends RoundTimes {
  readonly lanes: number;
}

export interface RingReport {
  readonly machine: string;
  readonly node: string;
  readonly commit: string;
  readonly trials: number;
  /** Round trip of a plain TCP ping-pong, microseconds. */
  readonly pings: readonly { readonly bytes: number; readonly median: number; readonly min: number }[];
  /** Three processes that pass so many bytes around. */
  readonly plainRings: readonly (RoundTimes & { readonly bytes: number })[];
  readonly rows: readonly RingRow[];
}

const LANES: readonly number[] = [7, 10, 12, 14, 16, 18, 20, 22].map((power) => 2 ** power);

/** ANDs of one trial: so many rounds that the garbage of opening a session does not count, in bounded time. */
const TRIAL_ANDS = 2 ** 27;
const MAX_ROUNDS = 500;
const MIN_ROUNDS = 8;

const PING_BYTES = [32, 144, 4096];
const PINGS = 3000;

/** A layer of 2^10 lanes with its seal, and one of 2^20 lanes. */
const RING_BYTES = [144, 131_072];
const RING_ROUNDS = 300;

/** The whole run ends after that long, whatever happens. */
const BOUND_MS = 180_000;

export async function benchTcpRing({ trials = 9, lanes = LANES } = {}): Promise<RingReport> {
  const signal = AbortSignal.timeout(BOUND_MS);
  const program = fileURLToPath(new URL('tcp-ring-party.ts', import.meta.url));
  const parties = [0, 1, 2].map((party) => fork(program, [String(party)], { signal }));
  const answerOf = async (party: number): Promise<Answer> => {
    const [answer] = await once(parties[party]!, 'message', { signal });
    return answer;
  };
  const tell = (party: number, order: Order) => parties[party]!.send(order);
  try {
    const ready = await Promise.all([answerOf(0), answerOf(1), answerOf(2)]);
    const [zero, one, two] = ready.map((answer) => {
      if (answer.kind !== 'ready') throw new Error(`a party begins with ${answer.kind}`);
      return answer;
    });
    const addresses = [zero!.address, one!.address, two!.address] as const;
    const together = async (order: Order): Promise<readonly Answer[]> => {
      const answers = Promise.all([answerOf(0), answerOf(1), answerOf(2)]);
      for (const party of [0, 1, 2]) tell(party, order);
      return answers;
    };
    await together({ kind: 'connect', addresses });
    const pings = [];
    for (const bytes of PING_BYTES) {
      const answer = answerOf(1);
      tell(1, { kind: 'ping', port: zero!.echoPort, bytes, count: PINGS });
      const times = timesOf(await answer).wallUs.toSorted((a, b) => a - b);
      pings.push({ bytes, median: middleOf(times), min: times[0]! });
    }
    const plainRings = [];
    const ringPorts = [two!.ringPort, zero!.ringPort, one!.ringPort];
    for (const bytes of RING_BYTES) {
      const measured = async (count: number) => {
        const answers = Promise.all([answerOf(0), answerOf(1), answerOf(2)]);
        for (const party of [0, 1, 2]) {
          const port = ringPorts[party]!;
          tell(party, { kind: 'plain-ring', port, bytes, rounds: RING_ROUNDS, trials: count });
        }
        return answers;
      };
      await measured(2);
      plainRings.push({ bytes, ...roundTimes(await measured(trials)) });
    }
    const rows: RingRow[] = [];
    for (const count of lanes) {
      const rounds = Math.min(MAX_ROUNDS, Math.max(MIN_ROUNDS, Math.floor(TRIAL_ANDS / count)));
      await together({ kind: 'run', lanes: count, rounds, trials: 2 });
      const answers = await together({ kind: 'run', lanes: count, rounds, trials });
      rows.push({ lanes: count, ...roundTimes(answers) });
    }
    return {
      machine: cpus()[0]?.model ?? 'unknown',
      node: process.version,
      commit: commitOf(),
      trials,
      pings,
      plainRings,
      rows,
    };
  } finally {
    for (const party of [0, 1, 2]) if (parties[party]!.connected) tell(party, { kind: 'close' });
  }
}

export function printTcpRing({ machine, node, commit, trials, pings, plainRings, rows }: RingReport): void {
  console.log('AND layers among three processes over TCP on loopback, sealed, replicated protocol');
  console.log(`${machine}, ${cpus().length} cores; Node ${node}; commit ${commit}; ${trials} trials`);
  for (const { bytes, median, min } of pings) {
    console.log(`plain TCP ping-pong of ${bytes} bytes: ${median.toFixed(0)} us (min ${min.toFixed(0)})`);
  }
  for (const { bytes, median, min, cpuMedian } of plainRings) {
    const us = `${median.toFixed(0)} us a round (min ${min.toFixed(0)}), CPU ${cpuMedian.toFixed(0)} us of a party`;
    console.log(`plain TCP ring of ${bytes} bytes: ${us}`);
  }
  console.log('\n|   lanes | us a round |    min |    max | CPU us of a party | 10^9 AND/s |');
  console.log('| ------: | ---------: | -----: | -----: | ----------------: | ---------: |');
  for (const { lanes, median, min, max, cpuMedian } of rows) {
    const cells = [
      String(lanes).padStart(7),
      median.toFixed(0).padStart(10),
      min.toFixed(0).padStart(6),
      max.toFixed(0).padStart(6),
      cpuMedian.toFixed(0).padStart(17),
      (lanes / median / 1000).toFixed(3).padStart(10),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

function timesOf(answer: Answer) {
  if (answer.kind !== 'times') throw new Error(`a party answered ${answer.kind} instead of times`);
  return answer;
}

function roundTimes(answers: readonly Answer[]): RoundTimes {
  const times = answers.map(timesOf);
  const wall = slowest(times.map(({ wallUs }) => wallUs)).toSorted((a, b) => a - b);
  const cpu = slowest(times.map(({ cpuUs }) => cpuUs)).toSorted((a, b) => a - b);
  return { median: middleOf(wall), min: wall[0]!, max: wall.at(-1)!, cpuMedian: middleOf(cpu) };
}

/** Of each trial, the time of the slowest party. */
function slowest(parties: readonly (readonly number[])[]): readonly number[] {
  return parties[0]!.map((_, trial) => Math.max(...parties.map((times) => times[trial]!)));
}

function middleOf(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)]!;
}

function commitOf(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

if (import.meta.main) printTcpRing(await benchTcpRing());
