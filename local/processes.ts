/**
 * Runs the three parties of a consortium as three operating-system processes, with nothing between them but
 * loopback sockets.
 *
 * Each process gets one argument, its own directory, and no environment but the search path, Node's
 * compile cache, the origins of pages and the addresses of webhooks: what a party knows it read from its own files. A process ends by itself when whoever started it is gone (its IPC channel closes).
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PARTIES, type PartyIndex } from '../mpc/party.ts';
import {
  type ConsortiumOptions,
  type LocalConsortium,
  openConsortium,
  partyDirectory,
} from './consortium.ts';
import { type PartyMessage, parsePartyMessage } from './party-messages.ts';

/** Loading the sources and opening the tables takes about a second on an idle machine, and far longer on a busy one. */
const READY_TIMEOUT_MS = 90_000;

/** A party ends its requests and closes its tables; after that it is killed. */
const STOP_TIMEOUT_MS = 5_000;

const PARTY_PROGRAM = fileURLToPath(new URL('./party-process.ts', import.meta.url));

/** Compiled sources by their content, as `node:module` keeps them by default; halves the time to start. */
const COMPILE_CACHE = join(tmpdir(), 'node-compile-cache');

export interface ProcessOptions extends ConsortiumOptions {
  /** Origins whose pages may read what the parties answer. */
  readonly allowedOrigins?: readonly string[];
  /** Addresses that all three post their events to. */
  readonly webhooks?: readonly string[];
  readonly onMessage?: (message: PartyMessage) => void;
  /** A party that was up has ended, and not by `stopParty`. */
  readonly onEnded?: (party: PartyIndex, reason: string) => void;
}

/** A party's process ended or stayed silent instead of getting ready; its log tells why. */
export class PartyStartError extends Error {
  readonly code = 'PARTY_NOT_STARTED';

  constructor(party: PartyIndex, reason: string, log: string) {
    const detail = `party ${party}: ${reason}; its ports or its directory may be in use: see ${log}`;
    super(`PARTY_NOT_STARTED: ${detail}`);
    this.name = 'PartyStartError';
  }
}

export class PartyProcesses {
  readonly directory: string;
  readonly consortium: LocalConsortium;
  readonly #onMessage: ProcessOptions['onMessage'];
  readonly #onEnded: ProcessOptions['onEnded'];
  readonly #allowedOrigins: readonly string[];
  readonly #webhooks: readonly string[];
  readonly #children = new Map<PartyIndex, ChildProcess>();
  /** Told to end. */
  readonly #stopping = new Set<ChildProcess>();

  private constructor(directory: string, consortium: LocalConsortium, options: ProcessOptions) {
    this.directory = directory;
    this.consortium = consortium;
    this.#onMessage = options.onMessage;
    this.#onEnded = options.onEnded;
    this.#allowedOrigins = options.allowedOrigins ?? [];
    this.#webhooks = options.webhooks ?? [];
  }

  /**
   * Lays the consortium out if need be, starts all three and waits until they answer.
   * @throws PartyStartError
   */
  static async start(directory: string, options: ProcessOptions = {}): Promise<PartyProcesses> {
    const processes = new PartyProcesses(directory, await openConsortium(directory, options), options);
    try {
      await Promise.all(PARTIES.map((party) => processes.startParty(party)));
    } catch (error) {
      await processes.stop();
      throw error;
    }
    return processes;
  }

  get urls(): readonly [string, string, string] {
    const [first, second, third] = this.consortium.parties;
    return [first.url, second.url, third.url];
  }

  /** @returns undefined where the party is not running */
  processIdOf(party: PartyIndex): number | undefined {
    return this.#children.get(party)?.pid;
  }

  /**
   * Starts one party; it takes up where its files left off.
   * @throws PartyStartError
   */
  async startParty(party: PartyIndex): Promise<void> {
    const directory = partyDirectory(this.directory, party);
    const log = openSync(join(directory, 'party.log'), 'a', 0o600);
    const child = spawn(process.execPath, [PARTY_PROGRAM, directory], {
      stdio: ['ignore', log, log, 'ipc'],
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: COMPILE_CACHE,
        ALLOWED_ORIGINS: this.#allowedOrigins.join(','),
        WEBHOOKS: JSON.stringify(this.#webhooks),
      },
    });
    closeSync(log);
    this.#children.set(party, child);
    child.once('exit', () => {
      if (this.#children.get(party) === child) this.#children.delete(party);
    });
    await this.#untilReady(child, party);
    child.once('exit', (code, signal) => {
      if (!this.#stopping.has(child)) this.#onEnded?.(party, String(signal ?? code));
    });
  }

  /** Ends one party at once, as a crash would (SIGKILL), or in order (SIGTERM). */
  async stopParty(party: PartyIndex, signal: 'SIGKILL' | 'SIGTERM' = 'SIGTERM'): Promise<void> {
    const child = this.#children.get(party);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    this.#stopping.add(child);
    const exited = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }

  async stop(): Promise<void> {
    await Promise.all(PARTIES.map((party) => this.stopParty(party)));
  }

  #untilReady(child: ChildProcess, party: PartyIndex): Promise<void> {
    const ready = Promise.withResolvers<void>();
    const fail = (reason: string) => {
      child.kill('SIGKILL');
      ready.reject(new PartyStartError(party, reason, this.#logPath(party)));
    };
    const timer = setTimeout(() => fail(`not ready after ${READY_TIMEOUT_MS} ms`), READY_TIMEOUT_MS);
    const onExit = (code: number | null, signal: string | null) =>
      fail(`its process ended (${signal ?? code})`);
    child.once('exit', onExit);
    child.once('error', () => fail('its process could not be started'));
    child.on('message', (raw) => {
      const message = parsePartyMessage(raw);
      if (message === undefined) return;
      if (message.kind === 'ready') ready.resolve();
      this.#onMessage?.(message);
    });
    return ready.promise.finally(() => {
      clearTimeout(timer);
      child.off('exit', onExit);
    });
  }

  #logPath(party: PartyIndex): string {
    return join(partyDirectory(this.directory, party), 'party.log');
  }
}
