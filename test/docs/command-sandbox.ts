/**
 * Runs documented commands as a reader would: in a shell, in a directory that looks like the checkout (links to its
 * entries), so that what a command writes (`.tacit`, files of its own) stays out of the checkout.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePortForParties } from '../support/free-ports.ts';
import { ROOT } from './repository.ts';

export interface CommandResult {
  readonly command: string;
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Three parties on a machine that also runs other tests. */
const READY_TIMEOUT_MS = 110_000;

/** npm takes longer to load than most commands to run; what the command itself loads is kept there anyway. */
const COMPILE_CACHE = join(tmpdir(), 'node-compile-cache');

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
    const shell = this.#spawn(`${command} --port ${await freePortForParties()}`);
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
    output.then(
      ({ exitCode, stderr }) => ready.reject(new Error(`up ended with ${exitCode}: ${stderr}`)),
      (error) => ready.reject(error),
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
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE },
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
