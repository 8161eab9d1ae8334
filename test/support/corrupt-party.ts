/**
 * A party that deviates: its links alter what the honest program would send, before it is sealed, so that the others
 * receive an authentic message of a corrupt party.
 */

import type { PartyIndex } from '../../mpc/party.ts';
import type { Links } from '../../mpc/session/links.ts';

/** What to send instead; undefined sends nothing. */
export type Alteration = (step: string, to: PartyIndex, bytes: Uint8Array) => Uint8Array | undefined;

export function corruptLinks(links: Links, alter: Alteration): Links {
  return {
    self: links.self,
    receive: (step, from) => links.receive(step, from),
    counters: () => links.counters(),
    send: (step, parcels) => {
      const altered = new Map<PartyIndex, Uint8Array>();
      for (const [to, bytes] of parcels) {
        const instead = alter(step, to, Uint8Array.from(bytes));
        if (instead !== undefined) altered.set(to, instead);
      }
      return links.send(step, altered);
    },
  };
}
