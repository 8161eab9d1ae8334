/** A directory for vaults of a test file, and `tacit vault` in it. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Ran, tacit, tacitProcess } from './run.ts';

/** Some processes one after the other, on a machine that also runs other tests. */
export const TIMEOUT_MS = 120_000;

/** A vault of five levels, four of them in the table. */
export const TREE = ['--records', '40', '--block', '32', '--layout', 'tree'] as const;

export class VaultWorkshop {
  readonly directory: string;

  static async open(): Promise<VaultWorkshop> {
    return new VaultWorkshop(await mkdtemp(join(tmpdir(), 'tacit-vault-')));
  }

  private constructor(directory: string) {
    this.directory = directory;
  }

  attempt(command: string, ...args: readonly string[]): Promise<Ran> {
    return tacit('vault', command, ...args, '--dir', this.directory);
  }

  /** In a process of its own, as whoever shares the directory. */
  attemptProcess(command: string, ...args: readonly string[]): Promise<Ran> {
    return tacitProcess('vault', command, ...args, '--dir', this.directory);
  }

  /** @returns what a command printed that must end well and silently */
  async run(command: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.attempt(command, ...args);
    expect({ code, stderr }, `${command} ${args.join(' ')}`).toEqual({ code: 0, stderr: '' });
    return stdout;
  }

  async runJson(command: string, ...args: readonly string[]): Promise<unknown> {
    return JSON.parse(await this.run(command, ...args, '--json'));
  }

  /** @returns path of a file with this content */
  async file(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(this.directory, name);
    await writeFile(path, content);
    return path;
  }

  async dispose(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Exit code 1, nothing on stdout, one line that begins with the code. */
export function refusal(code: string): Partial<Ran> {
  return { code: 1, stdout: '', stderr: expect.stringMatching(new RegExp(`^${code}: .+\n$`)) };
}
