/** Where a figure was measured: one line that every benchmark prints first. */

import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  /** Abbreviated; `+` follows where the sources differ from it. */
  readonly commit: string;
  /** Processes that wanted a core in the last minute: above `cores`, wall-clock figures are of a busy machine. */
  readonly load: number;
}

export function thisMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    node: process.version,
    commit: commitOf(),
    load: loadavg()[0] ?? Number.NaN,
  };
}

export function machineLine({ cpu, cores, node, commit, load }: Machine = thisMachine()): string {
  return `${cpu}, ${cores} cores, Node ${node}, commit ${commit}, load ${load.toFixed(1)}`;
}

function commitOf(): string {
  const git = (...parameters: string[]) =>
    execFileSync('git', parameters, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', '..') === '' ? '' : '+';
    return `${git('rev-parse', '--short', 'HEAD')}${changed}`;
  } catch {
    return 'unknown';
  }
}
