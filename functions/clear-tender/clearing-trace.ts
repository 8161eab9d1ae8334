/**
 * The trace of one run of clearing: a span for the run and in it one for each phase that it goes through, a further attempt
 * included. A phase ends where the next begins; the one that an error ends has its code.
 *
 * Rounds and bytes of a phase are what this party sent between two reports of the same attempt. Of a clearing as a
 * whole they are those of its statistics: the computation alone.
 */

import type { ClearingProgress } from '../../auction/party/service.ts';
import type { LinkCounters } from '../../mpc/session/links.ts';
import type { ClearingPhase, Span, TraceFields, Traces } from '../traces.ts';

const PHASES: Readonly<Record<ClearingProgress['stage'], ClearingPhase>> = {
  closing: 'closing',
  hello: 'hello',
  measuring: 'measuring the link',
  computing: 'computing',
  proving: 'proving',
  opening: 'opening',
  opened: 'publishing',
  signing: 'publishing',
};

interface CurrentPhase {
  readonly name: ClearingPhase;
  readonly span: Span;
  readonly attempt: number | undefined;
  readonly bids: number | undefined;
  readonly sentBefore: LinkCounters | undefined;
}

export class ClearingTrace {
  readonly #clearing: Span;
  #phase: CurrentPhase | undefined;
  #ended = false;

  constructor(traces: Traces) {
    this.#clearing = traces.begin('clearing');
  }

  reached(progress: ClearingProgress): void {
    const name = PHASES[progress.stage];
    // Another way to the outcome may have been faster, and this one still on its way.
    if (this.#ended || name === this.#phase?.name) return;
    const attempt = 'attempt' in progress ? progress.attempt : undefined;
    const sent = 'sent' in progress ? progress.sent : undefined;
    this.#endPhase(attempt === this.#phase?.attempt ? sent : undefined);
    this.#phase = {
      ...{ name, attempt, span: this.#clearing.begin(name), sentBefore: sent },
      bids: 'bids' in progress ? progress.bids : undefined,
    };
  }

  /** @param fields of the run; a code where it failed */
  end(fields: TraceFields): void {
    this.#ended = true;
    this.#endPhase(undefined, fields.code);
    this.#clearing.end(fields);
  }

  #endPhase(sent: LinkCounters | undefined, code?: string): void {
    if (this.#phase === undefined) return;
    const { span, attempt, bids, sentBefore } = this.#phase;
    span.end({
      ...(attempt === undefined ? {} : { attempt }),
      ...(bids === undefined ? {} : { bids }),
      ...(sent === undefined || sentBefore === undefined
        ? {}
        : { rounds: sent.rounds - sentBefore.rounds, bytes: sent.bytesSent - sentBefore.bytesSent }),
      ...(code === undefined ? {} : { code }),
    });
  }
}
