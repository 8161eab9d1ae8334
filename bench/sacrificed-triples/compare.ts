/**
 * Sum-check against sacrificed triples: what a verified AND costs either way, by number of ANDs.
 *
 * `node --expose-gc bench/sacrificed-triples/compare.ts [trials] [log2 ANDs, ...]`. The protocols take turns within a trial, so that
 * other work on the machine meets all of them; figures are medians, with the least and the greatest. Times on links are
 * computed: processor time of a party, plus rounds, plus bytes at the bandwidth, nothing overlapped.
 */

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { cost } from '../../mpc/circuit/cost.ts';
import { transferMs } from '../../mpc/planner/link.ts';
import { createThreePartyProtocol } from '../../mpc/protocols/three-party.ts';
import { bucketsOf, type TripleSettings } from './buckets.ts';
import { circuitOf, LAYERS, type MakeProtocol, measureRun, type RunFigures } from './measured-run.ts';
import { SacrificedTriplesProtocol } from './protocol.ts';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface ComparisonRow {
  readonly ands: number;
  readonly way: string;
  readonly wallMs: Spread;
  readonly cpuMs: Spread;
  readonly bytesSent: number;
  readonly bitsPerAnd: number;
  readonly rounds: number;
  /** In the order of LINKS. */
  readonly linkMs: readonly number[];
}

export interface ComparisonReport {
  readonly machine: string;
  readonly node: string;
  readonly commit: string;
  readonly trials: number;
  readonly rows: readonly ComparisonRow[];
}

/** 10 ms a round on all. */
export const LINKS = [8, 32, 1000].map((bandwidthMbps) => ({ roundTripMs: 20, bandwidthMbps }));

const ANDS: readonly number[] = [10, 12, 14, 16, 18, 20, 22].map((log) => 2 ** log);
const WARM_UP_RUNS = 3;
const WARM_UP_ANDS = 2 ** 16;

interface Way {
  readonly name: (ands: number) => string;
  readonly make: MakeProtocol;
}

const WAYS: readonly Way[] = [
  {
    name: () => 'no check (replicated)',
    make: (session) => createThreePartyProtocol('replicated', session, randomBytes),
  },
  {
    name: () => 'sum-check, 2^-60',
    make: (session) => createThreePartyProtocol('verified', session, randomBytes),
  },
  triplesWay({ errorBits: 40, against: 'kept-triple', unit: 'triple' }),
  triplesWay({ errorBits: 40, against: 'gate', unit: 'triple' }),
  triplesWay({ errorBits: 40, against: 'gate', unit: 'word' }),
  triplesWay({ errorBits: 60, against: 'gate', unit: 'triple' }),
  triplesWay({ errorBits: 60, against: 'gate', unit: 'word' }),
];

function triplesWay(settings: TripleSettings): Way {
  return {
    name: (ands) => {
      const { triples } = bucketsOf(cost(circuitOf(ands)), settings);
      const { errorBits, against, unit } = settings;
      const order = against === 'gate' ? 'to the gate' : 'kept';
      return `${triples} triples ${order}${unit === 'word' ? ', words' : ''}, 2^-${errorBits}`;
    },
    make: ({ links, prss }) => new SacrificedTriplesProtocol({ links, prss, settings }),
  };
}

/** @param trials each measures every protocol once at every size; at 2^20 ANDs and more a third of them */
export async function compareChecks({ trials = 21, ands = ANDS } = {}): Promise<ComparisonReport> {
  const warmUp = circuitOf(WARM_UP_ANDS);
  for (let run = 0; run < WARM_UP_RUNS; run++) {
    for (const { make } of WAYS) await measureRun(warmUp, make);
  }
  const rows: ComparisonRow[] = [];
  for (const count of ands) {
    const circuit = circuitOf(count);
    const figures = WAYS.map((): RunFigures[] => []);
    const repeats = count < 2 ** 20 ? trials : Math.ceil(trials / 3);
    for (let trial = 0; trial < repeats; trial++) {
      for (const [index, { make }] of WAYS.entries()) figures[index]!.push(await measureRun(circuit, make));
    }
    WAYS.forEach(({ name }, index) => {
      rows.push(rowOf(count, name(count), figures[index]!));
    });
  }
  return {
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`,
    node: process.version,
    commit: commitOf(),
    trials,
    rows,
  };
}

export function printComparison({ machine, node, commit, trials, rows }: ComparisonReport): void {
  console.log(`Three parties in one process, ${LAYERS} AND layers; a party's share, median (least-greatest)`);
  console.log(`${machine}; Node ${node}; commit ${commit}; ${trials} trials, a third of them from 2^20 on\n`);
  const links = LINKS.map(({ bandwidthMbps }) => `${bandwidthMbps} Mbit/s`).join(' | ');
  console.log(`| ANDs | check | wall ms | CPU ms | bytes | bits/AND | rounds | ${links} |`);
  console.log(`| ---: | --- | ---: | ---: | ---: | ---: | ---: |${' ---: |'.repeat(LINKS.length)}`);
  for (const { ands, way, wallMs, cpuMs, bytesSent, bitsPerAnd, rounds, linkMs } of rows) {
    const cells = [
      `2^${Math.log2(ands)}`,
      way,
      spreadCell(wallMs),
      spreadCell(cpuMs),
      bytesSent,
      bitsPerAnd.toFixed(2),
      rounds,
      ...linkMs.map((ms) => ms.toFixed(0)),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

function rowOf(ands: number, way: string, figures: readonly RunFigures[]): ComparisonRow {
  const { bytesSent, rounds } = figures[0]!;
  const cpuMs = spreadOf(figures.map((run) => run.cpuMs));
  return {
    ands,
    way,
    wallMs: spreadOf(figures.map((run) => run.wallMs)),
    cpuMs,
    bytesSent,
    bitsPerAnd: (bytesSent * 8) / ands,
    rounds,
    linkMs: LINKS.map((link) => cpuMs.median + transferMs(rounds, bytesSent, link)),
  };
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right);
  return {
    median: sorted[Math.floor(sorted.length / 2)]!,
    min: sorted[0]!,
    max: sorted[sorted.length - 1]!,
  };
}

function spreadCell({ median, min, max }: Spread): string {
  const digits = median < 10 ? 2 : median < 100 ? 1 : 0;
  return `${median.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)})`;
}

function commitOf(): string {
  const git = (...parameters: string[]) =>
    execFileSync('git', parameters, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', '../../mpc', '.') === '' ? '' : ' with changes';
  return git('rev-parse', '--short', 'HEAD') + changed;
}

if (import.meta.main) {
  const [, , trials, logs] = process.argv;
  const report = await compareChecks({
    ...(trials === undefined ? {} : { trials: Number(trials) }),
    ...(logs === undefined ? {} : { ands: logs.split(',').map((log) => 2 ** Number(log)) }),
  });
  printComparison(report);
}
