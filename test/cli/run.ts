/**
 * Runs the real command: most of them one after another in this process, because starting one takes a third of a second
 * of a core and there are hundreds, and those of which the process is the point in one of its own. That both end alike
 * is tested (`usage.test.ts`), and every documented command runs as its reader would run it (`test/docs`).
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../cli/program.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Ends with the command that was given last. */
let queue: Promise<unknown> = Promise.resolve();

/** In this process. Commands that are given at once run in their order; input is that of this process. */
export function tacit(...args: readonly string[]): Promise<Ran> {
  const ran = queue.then(() => runHere(args));
  queue = ran.catch(() => {});
  return ran;
}

async function runHere(args: readonly string[]): Promise<Ran> {
  const before = process.exitCode;
  const [stdout, stderr] = [capture(process.stdout), capture(process.stderr)];
  process.exitCode = undefined;
  try {
    await runProgram(args);
    return { code: Number(process.exitCode ?? 0), stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    stdout.restore();
    stderr.restore();
    process.exitCode = before;
  }
}

/** Keeps what is written to a stream of this process, until it is restored. */
function capture(stream: NodeJS.WriteStream): { readonly text: () => string; readonly restore: () => void } {
  const chunks: Buffer[] = [];
  const { write } = stream;
  stream.write = (chunk: string | Uint8Array) => {
    chunks.push(Buffer.from(chunk));
    return true;
  };
  return {
    text: () => Buffer.concat(chunks).toString('utf8'),
    restore: () => {
      stream.write = write;
    },
  };
}

/** In a process of its own, beside others. */
export function tacitProcess(...args: readonly string[]): Promise<Ran> {
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
    // Taken from the pipe, or a command that says much would stop at a full one.
    let complained = '';
    child.stderr.on('data', (chunk) => {
      complained += String(chunk);
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`ended with ${code} before it printed ${text}: ${complained}`)),
    );
  });
}

/** Ends a command that stayed, and waits until all that it started has ended. */
export async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  await exited;
}

export function example(name: string): readonly string[] {
  const path = (file: string) => fileURLToPath(new URL(`../../examples/${name}/${file}`, import.meta.url));
  return ['--tender', path('tender.json'), '--bids', path('bids.csv')];
}
