/**
 * Agreement on the number of the attempt, through nothing but the three outboxes.
 *
 * A party announces attempt n by posting its hello under step n of the topic `<session>/hello`; the item is
 * written once, so no party ever uses a number twice, not even after it lost its memory. Whoever starts takes
 * the number after its own last one, or the greatest a peer has announced if that is greater. Whoever sees a
 * peer ahead follows it. An attempt is never resumed: its keys, and so its masks, die with the process.
 *
 * Announcements are read without checking signatures, since all they do is choose the next number: the hello of
 * that number is verified before anything else happens (handshake.ts). So a corrupt party, or whoever carries
 * its outbox, can call for new attempts for ever and prevent a result, as it can by staying silent, and no more.
 */

import type { Channel } from '../channels/channel.ts';
import type { Clock } from '../clock.ts';
import { MpcError } from '../errors.ts';
import { PARTIES, type PartyIndex, peersOf } from '../party.ts';

/** Steps sort as text, so numbers have a fixed width; nobody gets near the end of eight digits honestly. */
const ATTEMPT_DIGITS = 8;
const MAX_ATTEMPT = 10 ** ATTEMPT_DIGITS - 1;

export interface Announcement {
  readonly party: PartyIndex;
  readonly attempt: number;
}

export function helloTopic(sessionId: string): string {
  return `${sessionId}/hello`;
}

/** @throws MpcError ATTEMPT_USED beyond the last number */
export function helloStep(attempt: number): string {
  if (attempt > MAX_ATTEMPT) {
    throw new MpcError('ATTEMPT_USED', 'no attempt number is left in this session', { attempt });
  }
  return String(attempt).padStart(ATTEMPT_DIGITS, '0');
}

/** The number with which to start: see the file's head. */
export async function candidateAttempt(channel: Channel, sessionId: string): Promise<number> {
  const own = await announced(channel, sessionId, channel.self);
  const peers = await Promise.all(peersOf(channel.self).map((peer) => seen(channel, sessionId, peer)));
  const ahead = Math.max(...peers);
  return ahead > own ? ahead : own + 1;
}

/**
 * Polls until some party has announced an attempt later than `attempt`.
 * @returns the peer that is furthest ahead
 * @throws MpcError ATTEMPT_TAKEN_OVER when it is this party itself, in another process
 */
export async function waitForLaterAttempt(
  channel: Channel,
  clock: Clock,
  sessionId: string,
  attempt: number,
  intervalMs: number,
  signal: AbortSignal,
): Promise<Announcement> {
  for (;;) {
    await clock.sleep(intervalMs, signal);
    const announcements = await Promise.all(
      PARTIES.map(async (party) => ({ party, attempt: await seen(channel, sessionId, party) })),
    );
    const furthest = announcements.reduce((most, next) => (next.attempt > most.attempt ? next : most));
    if (furthest.attempt <= attempt) continue;
    if (announcements[channel.self]?.attempt === furthest.attempt) {
      throw new MpcError('ATTEMPT_TAKEN_OVER', 'another process of this party has begun a later attempt', {
        attempt: furthest.attempt,
      });
    }
    return furthest;
  }
}

/** The last attempt a party has announced; 0 if none. */
async function announced(channel: Channel, sessionId: string, party: PartyIndex): Promise<number> {
  const posted = await channel.latest(helloTopic(sessionId), party);
  if (posted === undefined) return 0;
  const attempt = Number(posted.step);
  if (!Number.isSafeInteger(attempt) || attempt < 1 || helloStep(attempt) !== posted.step) {
    throw new MpcError('CHANNEL_ITEM_MALFORMED', `party ${party} announces no attempt number`, { party });
  }
  return attempt;
}

/** The same, and 0 where the outbox cannot be reached now: whoever watches looks again. */
async function seen(channel: Channel, sessionId: string, party: PartyIndex): Promise<number> {
  try {
    return await announced(channel, sessionId, party);
  } catch (error) {
    if (error instanceof MpcError && error.code === 'CHANNEL_UNAVAILABLE') return 0;
    throw error;
  }
}
