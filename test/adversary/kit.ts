/**
 * Three parties of any protocol of the engine, one of them corrupt in a chosen way, and the judgement of what the honest
 * ones end with.
 *
 * A corrupt party is the honest program with something exchanged: its links (authentic messages that lie), its channel
 * (what it puts into its outbox), its session parameters (what it signs), its inputs, its circuit or its whole program.
 * A network attacker is a function on every parcel as it reaches its reader. Runs are in virtual time and drawn from a
 * seed: the same case gives the same result on every machine. See docs/adversary-kit.md.
 */

import type { BitVector } from '../../mpc/bits/bit-vector.ts';
import type { Channel } from '../../mpc/channels/channel.ts';
import { createMemoryNetwork, type Delivery } from '../../mpc/channels/memory.ts';
import { MpcError, type MpcErrorCode } from '../../mpc/errors.ts';
import { PARTIES, type PartyIndex, peersOf } from '../../mpc/party.ts';
import type { Links } from '../../mpc/session/links.ts';
import { openSession, type Session, type SessionParameters } from '../../mpc/session/session.ts';
import { forEachParty, type Three, testParameters } from '../support/world.ts';
import { type RandomBytes, seededRandom } from './seeded.ts';
import { type TraceEvent, Transcript } from './transcript.ts';
import { VirtualClock } from './virtual-clock.ts';

export type Outputs = ReadonlyMap<string, BitVector>;

export interface PartyContext {
  readonly party: PartyIndex;
  readonly links: Links;
  readonly prss: Session['prss'];
  readonly random: RandomBytes;
  /** Puts a named moment into the trace, such as `evaluated` once nothing is left to check. */
  mark(name: string): void;
}

/** What one party does with its session: the protocol under test. */
export type PartyProgram = (context: PartyContext) => Promise<Outputs>;

/** What an attack may use. */
export interface AttackTools {
  readonly party: PartyIndex;
  readonly random: RandomBytes;
  readonly transcript: Transcript;
  sleep(durationMs: number): Promise<void>;
}

export interface Corruption {
  readonly party: PartyIndex;
  readonly program?: PartyProgram;
  readonly links?: (links: Links, tools: AttackTools) => Links;
  readonly channel?: (channel: Channel, tools: AttackTools) => Channel;
  readonly session?: Partial<SessionParameters>;
}

/** What the reader gets instead; undefined withholds it for good. */
export type NetworkAttack = (delivery: Delivery, tools: Omit<AttackTools, 'party'>) => Uint8Array | undefined;

export interface Setting {
  /** Every random choice of the run follows from it. */
  readonly seed: string;
  readonly program: PartyProgram;
  readonly corruption?: Corruption;
  readonly network?: NetworkAttack;
  /** Runs all three honestly once before, in the same outboxes, so that there is something to replay. */
  readonly earlierAttempt?: boolean;
  readonly session?: Partial<SessionParameters>;
}

export type PartyResult =
  | { readonly ended: 'outputs'; readonly outputs: Outputs }
  | { readonly ended: 'abort'; readonly error: MpcError }
  | { readonly ended: 'crash'; readonly error: unknown };

export interface Run {
  readonly seed: string;
  readonly corrupt: PartyIndex | undefined;
  readonly results: Three<PartyResult>;
  readonly events: readonly TraceEvent[];
}

/** How long the parties wait for a message, in virtual time. */
export const MESSAGE_TIMEOUT_MS = 150;

export async function runThree(setting: Setting): Promise<Run> {
  const { seed, program, corruption } = setting;
  const clock = new VirtualClock();
  const random = seededRandom(`${seed} attack`);
  const transcript = new Transcript();
  const sleep = (durationMs: number) => clock.sleep(durationMs);
  let attacked = false;
  const network = createMemoryNetwork({
    deliver: (delivery) =>
      attacked && setting.network !== undefined
        ? setting.network(delivery, { random, transcript, sleep })
        : delivery.bytes,
  });
  const runAll = (attempt: string, corrupt: Corruption | undefined) =>
    forEachParty((party) => {
      const tools = { party, random, transcript, sleep };
      const own = corrupt?.party === party ? corrupt : undefined;
      const watched = transcript.watchChannel(network[party]);
      const parameters = testParameters(own?.channel?.(watched, tools) ?? watched, {
        clock,
        random: seededRandom(`${seed} ${attempt} session ${party}`),
        messageTimeoutMs: MESSAGE_TIMEOUT_MS,
        handshakeTimeoutMs: 10 * MESSAGE_TIMEOUT_MS,
        ...setting.session,
        ...own?.session,
      });
      const corruptLinks = (links: Links) => own?.links?.(links, tools) ?? links;
      const context = { party, random: seededRandom(`${seed} ${attempt} program ${party}`) };
      return settle(parameters, (session) =>
        (own?.program ?? program)({
          ...context,
          links: transcript.watchLinks(corruptLinks(session.links)),
          prss: session.prss,
          mark: (name) => transcript.record({ party, kind: 'mark', step: name }),
        }),
      );
    });

  if (setting.earlierAttempt === true) {
    transcript.attempt = 'earlier';
    await Promise.all(runAll('earlier', undefined));
    transcript.attempt = 'this';
  }
  attacked = true;
  const [zero, one, two] = runAll('this', corruption);
  const results: Three<PartyResult> = [await zero, await one, await two];
  return { seed, corrupt: corruption?.party, results, events: transcript.events };
}

async function settle(
  parameters: SessionParameters,
  job: (session: Session) => Promise<Outputs>,
): Promise<PartyResult> {
  let session: Session | undefined;
  try {
    session = await openSession(parameters);
    return { ended: 'outputs', outputs: await job(session) };
  } catch (error) {
    return error instanceof MpcError ? { ended: 'abort', error } : { ended: 'crash', error };
  } finally {
    session?.close();
  }
}

export function honestPartiesOf(run: Run): readonly PartyIndex[] {
  return PARTIES.filter((party) => party !== run.corrupt);
}

/** 'outputs' or the code of the abort. */
export function outcomeOfParty(run: Run, party: PartyIndex): 'outputs' | MpcErrorCode | 'crash' {
  const result = run.results[party];
  return result.ended === 'abort' ? result.error.code : result.ended;
}

/** How the honest parties ended, in party order. */
export function endingsOf(run: Run): readonly string[] {
  return honestPartiesOf(run).map((party) => outcomeOfParty(run, party));
}

export interface SafetyRules {
  /** With which codes an honest party may abort. */
  readonly codes: readonly MpcErrorCode[];
  /** The step that reveals; nothing is demanded of it when left out. */
  readonly opening?: {
    readonly step: string;
    /** What an honest party must have collected from both peers before it posts the opening. */
    readonly after: readonly string[];
  };
}

/**
 * Every honest party has the right outputs or a named abort, and none revealed before it had checked.
 * @throws Error that names the party and what went wrong, with the seed that repeats it
 */
export function expectSafe(run: Run, expected: Outputs, { codes, opening }: SafetyRules): void {
  for (const party of honestPartiesOf(run)) {
    const result = run.results[party];
    if (result.ended === 'crash') {
      throw unsafe(run, party, 'ended in an error without a code', result.error);
    }
    if (result.ended === 'abort' && !codes.includes(result.error.code)) {
      throw unsafe(run, party, `aborted with the unexpected ${result.error.message}`, result.error);
    }
    if (result.ended === 'outputs' && !sameOutputs(result.outputs, expected)) {
      throw unsafe(run, party, 'accepted a wrong output');
    }
    if (opening !== undefined) requireCheckBeforeOpening(run, party, opening);
  }
}

function requireCheckBeforeOpening(
  run: Run,
  party: PartyIndex,
  { step, after }: NonNullable<SafetyRules['opening']>,
): void {
  const events = run.events.filter((event) => event.party === party);
  const opened = events.findIndex((event) => event.kind === 'posted' && event.step === step);
  if (opened < 0) return;
  const before = events.slice(0, opened);
  for (const needed of after) {
    for (const peer of peersOf(party)) {
      const seen = before.some(
        ({ kind, step: collected, from }) => kind === 'collected' && collected === needed && from === peer,
      );
      if (!seen) throw unsafe(run, party, `opened before it had ${needed} of party ${peer}`);
    }
  }
  if (!before.some(({ kind, step: name }) => kind === 'mark' && name === EVALUATED)) {
    throw unsafe(run, party, 'opened before its evaluation was finished');
  }
}

/** The mark that a program sets between evaluating and opening. */
export const EVALUATED = 'evaluated';

export function sameOutputs(outputs: Outputs, expected: Outputs): boolean {
  return (
    outputs.size === expected.size &&
    [...expected].every(([name, bits]) => outputs.get(name)?.equals(bits) === true)
  );
}

function unsafe(run: Run, party: PartyIndex, what: string, cause?: unknown): Error {
  const against = run.corrupt === undefined ? 'nobody corrupt' : `party ${run.corrupt} corrupt`;
  return new Error(`party ${party} ${what} (${against}, seed ${JSON.stringify(run.seed)})`, { cause });
}
