/**
 * What prover and verifiers of a proof draw in common instead of sending it.
 *
 * The left verifier's halves of all rounds and alpha come from the pair key k_P that the prover shares with it; beta comes
 * from k_{P+1}, which the prover shares with the right verifier. Each stream is drawn once, by its two holders alone.
 */

import type { PartyIndex } from '../../party.ts';
import type { Peer, Prss } from '../../random/prss.ts';
import type { Element } from './elements.ts';
import { ROUND_BYTES } from './shape.ts';
import { ELEMENT_BYTES } from './transcript.ts';

/**
 * The left verifier's halves and alpha of each batch.
 * @param peer with whom this party shares the stream: the prover's previous party, the left verifier's next one
 * @param rounds of each batch
 */
export function leftShares(
  prss: Prss,
  peer: Peer,
  prover: PartyIndex,
  rounds: readonly number[],
): readonly { readonly halves: Uint8Array; readonly alpha: Element }[] {
  const lengths = rounds.map((count) => count * ROUND_BYTES + ELEMENT_BYTES);
  return cut(prss, peer, `check/left/${prover}`, lengths).map((bytes) => ({
    halves: bytes.subarray(0, bytes.length - ELEMENT_BYTES),
    alpha: bytes.slice(bytes.length - ELEMENT_BYTES),
  }));
}

/** The beta of each batch; `peer` is the prover's next party, the right verifier's previous one. */
export function rightBlinds(prss: Prss, peer: Peer, prover: PartyIndex, batches: number): readonly Element[] {
  const lengths = Array.from({ length: batches }, () => ELEMENT_BYTES);
  return cut(prss, peer, `check/right/${prover}`, lengths);
}

function cut(prss: Prss, peer: Peer, step: string, lengths: readonly number[]): readonly Uint8Array[] {
  const bytes = prss.common(
    peer,
    step,
    lengths.reduce((sum, length) => sum + length, 0),
  );
  let offset = 0;
  return lengths.map((length) => {
    offset += length;
    return bytes.slice(offset - length, offset);
  });
}
