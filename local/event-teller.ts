/**
 * Tells events on the local host: in the background, so that neither a clearing nor its report waits for a receiver, and
 * again every minute for what was not taken or was lost with the process, as the sweep has it done on AWS.
 */

import type { AuctionParty } from '../auction/party/service.ts';
import type { TenderId } from '../auction/tender.ts';
import { tellOfFailure, tellOfOutcome } from '../functions/clear-tender/tell-events.ts';
import type { Events } from '../functions/events.ts';
import { describeUnexpected, logError } from '../functions/log.ts';

const LOOK_INTERVAL_MS = 60_000;

export class EventTeller {
  readonly #party: Pick<AuctionParty, 'tenders' | 'tender' | 'outcome'>;
  readonly #events: Events;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  constructor(party: Pick<AuctionParty, 'tenders' | 'tender' | 'outcome'>, events: Events) {
    this.#party = party;
    this.#events = events;
  }

  tellOfOutcome(id: TenderId): void {
    void tellOfOutcome(this.#events, this.#party, id, this.#stop.signal);
  }

  tellOfFailure(id: TenderId, error: unknown): void {
    void tellOfFailure(this.#events, id, error, this.#stop.signal);
  }

  /** Looks now and every minute. */
  start(): void {
    this.#timer = setInterval(() => void this.#look(), LOOK_INTERVAL_MS);
    void this.#look();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#stop.abort();
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      for (const id of await this.#party.tenders()) {
        const { state } = await this.#party.tender(id);
        if (state.phase !== 'cleared' || (await this.#events.standing(id)) !== 'due') continue;
        await tellOfOutcome(this.#events, this.#party, id, this.#stop.signal);
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) logError('an event was lost sight of', describeUnexpected(error));
    } finally {
      this.#looking = false;
    }
  }
}
