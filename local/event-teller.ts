/**
 * Tells events on the local host: in the background, so that neither a clearing nor its report waits for a receiver, and
 * again every minute for what was not taken or was lost with the process, as the sweep has it done on AWS.
 */

import type { AuctionParty } from '../auction/party/service.ts';
import type { TenderId } from '../auction/tender.ts';
import { tellOfFailure, tellOfOutcome } from '../functions/clear-tender/tell-events.ts';
import { type StockParameters, takeStock } from '../functions/due-list.ts';
import type { Events } from '../functions/events.ts';
import { describeUnexpected, logError } from '../functions/log.ts';

const LOOK_INTERVAL_MS = 60_000;

export interface EventTellerParameters extends StockParameters {
  readonly party: Pick<AuctionParty, 'tenders' | 'tender' | 'signatures' | 'outcome'>;
  readonly events: Events;
}

export class EventTeller {
  readonly #parameters: EventTellerParameters;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  constructor(parameters: EventTellerParameters) {
    this.#parameters = parameters;
  }

  tellOfOutcome(id: TenderId): void {
    void this.#tellOfOutcome(id);
  }

  tellOfFailure(id: TenderId, error: unknown): void {
    void tellOfFailure(this.#parameters.events, id, error, this.#stop.signal);
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

  #tellOfOutcome(id: TenderId): Promise<void> {
    const { events, party } = this.#parameters;
    return tellOfOutcome(events, party, id, this.#stop.signal);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      for (const [id, { need }] of await takeStock(this.#parameters, this.#parameters.clock.now())) {
        if (need === 'telling') await this.#tellOfOutcome(id);
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) logError('an event was lost sight of', describeUnexpected(error));
    } finally {
      this.#looking = false;
    }
  }
}
