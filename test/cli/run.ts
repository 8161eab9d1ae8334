/** Runs the real command in a process of its own. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function tacit(...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

/** A command that stays; resolves when it has printed the text, with what it printed until then. */
export function tacitUntil(
  text: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly child: ChildProcess; readonly printed: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stdout.on('data', (chunk) => {
      printed += String(chunk);
      if (printed.includes(text)) resolve({ child, printed });
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it printed ${text}`)));
  });
}

export function example(name: string): readonly string[] {
  const path = (file: string) => fileURLToPath(new URL(`../../examples/${name}/${file}`, import.meta.url));
  return ['--tender', path('tender.json'), '--bids', path('bids.csv')];
}
