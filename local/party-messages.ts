/**
 * What a party process tells the process that started it: that it is ready, and what it cleared. Public facts
 * for progress displays and tests; nothing is ever sent the other way.
 */

import * as z from 'zod/mini';
import { PROTOCOL_NAMES } from '../mpc/protocols/protocol.ts';

const cost = { rounds: z.int(), ands: z.int() };

const partyMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), party: z.int(), processId: z.int(), url: z.url() }),
  z.object({
    kind: z.literal('cleared'),
    party: z.int(),
    tenderId: z.string(),
    statistics: z.object({
      ...cost,
      bids: z.int(),
      bits: z.int(),
      protocol: z.enum(PROTOCOL_NAMES),
      bytesSent: z.int(),
      predicted: z.object({ ...cost, bytes: z.int() }),
      attempt: z.int(),
      closingRounds: z.int(),
      handshakeRounds: z.int(),
      clearingMs: z.number(),
    }),
  }),
  z.object({
    kind: z.literal('clearing-failed'),
    party: z.int(),
    tenderId: z.string(),
    code: z.string(),
    detail: z.string(),
    /** Whom the abort is blamed on, in one line. */
    blame: z.optional(z.string()),
  }),
]);

export type PartyMessage = z.infer<typeof partyMessageSchema>;

/** @returns undefined for anything else on the channel */
export function parsePartyMessage(message: unknown): PartyMessage | undefined {
  const parsed = z.safeParse(partyMessageSchema, message);
  return parsed.success ? parsed.data : undefined;
}
