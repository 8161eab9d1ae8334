/**
 * Runs documented commands as a reader would: in a shell, in a directory that looks like the checkout (links to its
 * entries), so that what a command writes (`.tacit`, files of its own) stays out of the checkout.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeServer, listenOnLoopback } from '../../local/listen.ts';
import { ROOT } from './repository.ts';

export interface CommandResult {
  readonly command: string;
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Three parties on a machine that also runs other tests. */
const READY_TIMEOUT_MS = 60_000;

export class CommandSandbox {
  readonly directory: string;
  #parties: { readonly shell: ChildProcess; readonly output: Promise<CommandResult> } | undefined;

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'tacit-docs-'));
    for (const name of readdirSync(ROOT)) {
      if (!name.startsWith('.')) symlinkSync(join(ROOT, name), join(this.directory, name));
    }
  }

  /** Through the shell, until it ends. */
  async run(command: string): Promise<CommandResult> {
    return await this.#collect(command, this.#spawn(command));
  }

  /** Starts a command that stays, on free ports; resolves when it says that the parties are up. */
  async up(command: string): Promise<void> {
    if (this.#parties !== undefined) throw new Error('parties are up already');
    const shell = this.#spawn(`${command} --port ${await freePort()}`);
    const output = this.#collect(command, shell);
    this.#parties = { shell, output };
    const ready = Promise.withResolvers<void>();
    shell.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('Ctrl-C ends them')) ready.resolve();
    });
    const timer = setTimeout(
      () => ready.reject(new Error('the parties are not up in time')),
      READY_TIMEOUT_MS,
    );
    void output.then(({ exitCode, stderr }) =>
      ready.reject(new Error(`up ended with ${exitCode}: ${stderr}`)),
    );
    await ready.promise.finally(() => clearTimeout(timer));
  }

  get partiesAreUp(): boolean {
    return this.#parties !== undefined;
  }

  /** What Ctrl-C does: an interrupt for the whole process group. */
  async interrupt(): Promise<CommandResult> {
    if (this.#parties === undefined) throw new Error('no parties are up');
    const { shell, output } = this.#parties;
    this.#parties = undefined;
    if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGINT');
    return await output;
  }

  async dispose(): Promise<void> {
    if (this.#parties !== undefined) await this.interrupt();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #spawn(command: string): ChildProcess {
    return spawn('sh', ['-c', command], {
      cwd: this.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
  }

  async #collect(command: string, shell: ChildProcess): Promise<CommandResult> {
    const texts = { stdout: '', stderr: '' };
    shell.stdout?.on('data', (chunk: Buffer) => {
      texts.stdout += chunk.toString();
    });
    shell.stderr?.on('data', (chunk: Buffer) => {
      texts.stderr += chunk.toString();
    });
    await once(shell, 'close');
    return { command, exitCode: shell.exitCode, ...texts };
  }
}

/** The parties answer on three ports from here, their tables on three ports from 10 above. */
async function freePort(): Promise<number> {
  for (let tried = 0; tried < 50; tried++) {
    const base = 20_000 + Math.floor(Math.random() * 12_000);
    const servers = [0, 1, 2, 10, 11, 12].map((offset) => ({ server: createServer(), port: base + offset }));
    const taken = await Promise.allSettled(servers.map(({ server, port }) => listenOnLoopback(server, port)));
    await Promise.allSettled(
      servers.filter(({ server }) => server.listening).map(({ server }) => closeServer(server)),
    );
    if (taken.every(({ status }) => status === 'fulfilled')) return base;
  }
  throw new Error('no six free ports were found');
}
