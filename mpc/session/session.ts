/**
 * One attempt at a computation among the three parties: authenticated, keyed, watched and closed.
 *
 * `openSession` agrees with both peers on an attempt number and on fresh keys (attempts.ts, handshake.ts) and
 * yields the links and the pseudo-random zeros that a protocol needs. While the attempt runs, the hellos of the
 * peers are watched: when one of them has begun a later attempt this one can never finish, so it ends at once
 * instead of at its timeout. `runAttempts` repeats after what a crash of a peer causes, and after nothing else:
 * a forged message or a disagreement must reach the operator.
 *
 * A party that has finished is not needed by the others: its messages stay in its outbox. One that crashed
 * before reading them all begins another attempt, for which the caller must run its peers again.
 */

import type { Channel } from '../channels/channel.ts';
import type { Clock } from '../clock.ts';
import { MpcError } from '../errors.ts';
import { PARTIES, type PartyIndex, peersOf } from '../party.ts';
import { createPrss, type Prss } from '../random/prss.ts';
import { candidateAttempt, helloStep, helloTopic, waitForLaterAttempt } from './attempts.ts';
import { withDeadline } from './deadline.ts';
import { deriveKeys, makeOffer, type SessionKeys } from './handshake.ts';
import { type BoundFacts, readHello, type SessionBinding, type VerifiedHello } from './hello.ts';
import type { PartyIdentity, PartyPublic } from './identity.ts';
import type { Links } from './links.ts';
import { SealedLinks } from './sealed-links.ts';

/** Twice a second would do for people; four times costs a reader of DynamoDB less than a dollar in a year. */
const DEFAULT_WATCH_INTERVAL_MS = 250;

export interface SessionParameters {
  /** Names the computation for ever: [A-Za-z0-9/_.-]+, the same at all parties. */
  readonly sessionId: string;
  readonly identity: PartyIdentity;
  readonly parties: readonly [PartyPublic, PartyPublic, PartyPublic];
  readonly channel: Channel;
  readonly clock: Clock;
  /** That many bytes from a cryptographic generator. */
  random(bytes: number): Uint8Array;
  readonly binding: SessionBinding;
  /** How long to wait for both peers to enter the same attempt. */
  readonly handshakeTimeoutMs: number;
  /** How long to wait for one message of a peer. */
  readonly messageTimeoutMs: number;
  readonly watchIntervalMs?: number;
  /** Ends the session from outside; its reason is what waits reject with. */
  readonly signal?: AbortSignal;
}

export interface Session {
  readonly attempt: number;
  readonly links: Links;
  readonly prss: Prss;
  /** Ends watching and every wait; idempotent. */
  close(): void;
}

/**
 * @throws MpcError CHANNEL_TIMEOUT, HANDSHAKE_SIGNATURE, HANDSHAKE_MISMATCH, HANDSHAKE_KEY, MESSAGE_MALFORMED,
 *   ATTEMPT_TAKEN_OVER, ATTEMPT_USED
 */
export async function openSession(parameters: SessionParameters): Promise<Session> {
  requireConsistent(parameters);
  const { channel, clock, sessionId, messageTimeoutMs } = parameters;
  const ending = new AbortController();
  const signal =
    parameters.signal === undefined ? ending.signal : AbortSignal.any([parameters.signal, ending.signal]);
  const { attempt, keys } = await enterAttempt(parameters, signal);
  watch(parameters, attempt, ending, signal);
  return {
    attempt,
    links: new SealedLinks({
      sessionId,
      attempt,
      channel,
      clock,
      keys: keys.links,
      messageTimeoutMs,
      signal,
    }),
    prss: createPrss(keys.pairs),
    close: () => ending.abort(new MpcError('CHANNEL_CLOSED', 'the session is closed', { attempt })),
  };
}

/**
 * Runs the job in one session after another until one finishes.
 * @param maxAttempts 1 or more
 * @param onEntering when an attempt is about to be agreed on
 * @throws what the last attempt threw; anything but ATTEMPT_SUPERSEDED and CHANNEL_TIMEOUT at once
 */
export async function runAttempts<Result>(
  parameters: SessionParameters,
  maxAttempts: number,
  job: (session: Session) => Promise<Result>,
  onEntering: () => void = () => {},
): Promise<{ attempt: number; result: Result }> {
  for (let tried = 1; ; tried++) {
    let session: Session | undefined;
    try {
      onEntering();
      session = await openSession(parameters);
      return { attempt: session.attempt, result: await job(session) };
    } catch (error) {
      if (tried >= maxAttempts || !worthAnotherAttempt(error)) throw error;
    } finally {
      session?.close();
    }
  }
}

function worthAnotherAttempt(error: unknown): boolean {
  return (
    error instanceof MpcError && (error.code === 'ATTEMPT_SUPERSEDED' || error.code === 'CHANNEL_TIMEOUT')
  );
}

/** Announces attempts until both peers have announced the same one. */
async function enterAttempt(
  parameters: SessionParameters,
  signal: AbortSignal,
): Promise<{ attempt: number; keys: SessionKeys }> {
  const { channel, clock, identity, sessionId, binding, parties, handshakeTimeoutMs } = parameters;
  const missing = new Set<PartyIndex>(peersOf(identity.index));
  let attempt = 0;
  const expired = () => {
    const party = [...missing][0] ?? identity.index;
    return new MpcError('CHANNEL_TIMEOUT', `party ${party} did not enter attempt ${attempt} in time`, {
      step: `hello/${attempt}`,
      party,
    });
  };
  return withDeadline(clock, handshakeTimeoutMs, signal, expired, async (waiting) => {
    attempt = await candidateAttempt(channel, sessionId);
    for (;;) {
      const facts: BoundFacts = { sessionId, attempt, binding, parties };
      const offer = makeOffer(facts, identity, parameters.random);
      if (!(await announce(channel, facts, offer.hello.bytes))) {
        attempt += 1;
        continue;
      }
      for (const peer of peersOf(identity.index)) missing.add(peer);
      const hellos = await collectHellos(parameters, facts, offer.hello, missing, waiting);
      if (!('ahead' in hellos)) {
        return { attempt, keys: deriveKeys(identity.index, offer, hellos.inOrder) };
      }
      attempt = hellos.ahead;
    }
  });
}

/** False when another process of this party holds the number already. */
async function announce(channel: Channel, facts: BoundFacts, hello: Uint8Array): Promise<boolean> {
  try {
    await channel.post(helloTopic(facts.sessionId), helloStep(facts.attempt), { everyone: hello });
    return true;
  } catch (error) {
    if (error instanceof MpcError && error.code === 'CHANNEL_CONFLICT') return false;
    throw error;
  }
}

/** Both peers' hellos of this attempt with the own one, or the number of a later attempt that a peer began. */
async function collectHellos(
  parameters: SessionParameters,
  facts: BoundFacts,
  own: VerifiedHello,
  missing: Set<PartyIndex>,
  signal: AbortSignal,
): Promise<{ readonly inOrder: [VerifiedHello, VerifiedHello, VerifiedHello] } | { readonly ahead: number }> {
  const { channel, identity } = parameters;
  const { sessionId, attempt } = facts;
  const done = new AbortController();
  const waiting = AbortSignal.any([signal, done.signal]);
  const helloOf = async (party: PartyIndex): Promise<VerifiedHello> => {
    if (party === identity.index) return own;
    const bytes = await channel.collect(helloTopic(sessionId), helloStep(attempt), party, waiting);
    missing.delete(party);
    return readHello(bytes, party, facts);
  };
  const together = Promise.all([helloOf(PARTIES[0]), helloOf(PARTIES[1]), helloOf(PARTIES[2])]);
  const later = laterAttempt(parameters, attempt, waiting);
  try {
    return await Promise.race([
      together.then((inOrder) => ({ inOrder })),
      later.then((announcement) => ({ ahead: announcement.attempt })),
    ]);
  } finally {
    done.abort();
  }
}

/** Ends the session when a peer, or another process of this party, has begun a later attempt. */
function watch(
  parameters: SessionParameters,
  attempt: number,
  ending: AbortController,
  signal: AbortSignal,
): void {
  laterAttempt(parameters, attempt, signal).then(
    (later) =>
      ending.abort(
        new MpcError('ATTEMPT_SUPERSEDED', `party ${later.party} has begun attempt ${later.attempt}`, {
          party: later.party,
          attempt: later.attempt,
        }),
      ),
    (reason) => ending.abort(reason),
  );
}

function laterAttempt(parameters: SessionParameters, attempt: number, signal: AbortSignal) {
  const { channel, clock, sessionId, watchIntervalMs = DEFAULT_WATCH_INTERVAL_MS } = parameters;
  return waitForLaterAttempt(channel, clock, sessionId, attempt, watchIntervalMs, signal);
}

function requireConsistent({ identity, channel, parties }: SessionParameters): void {
  if (channel.self !== identity.index) {
    throw new MpcError('HANDSHAKE_MISMATCH', 'the channel belongs to another party than the identity', {
      field: 'sender',
      party: identity.index,
    });
  }
  if (new Set(parties.map(({ signingKey }) => signingKey.join())).size !== parties.length) {
    throw new MpcError('HANDSHAKE_MISMATCH', 'two parties have the same signing key', {
      field: 'partySet',
      party: identity.index,
    });
  }
}
