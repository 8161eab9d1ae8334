/**
 * Addresses that may be used once: the guard against a mask, a nonce or a message being used twice.
 *
 * Two messages sealed with one mask give away the difference of their contents, so a second use is an error in
 * production as well as in tests. A registry lives as long as the keys it guards: one attempt.
 */

import { MpcError } from '../errors.ts';

export class AddressRegistry {
  readonly #used = new Set<string>();
  readonly #purpose: string;

  /** @param purpose what the addresses are of, for the error: 'draw', 'message sent' */
  constructor(purpose: string) {
    this.#purpose = purpose;
  }

  /** @throws MpcError ADDRESS_REUSED at the second claim of the same address */
  claim(address: string): void {
    if (this.#used.has(address)) {
      throw new MpcError('ADDRESS_REUSED', `${this.#purpose} ${address} was used before in this attempt`, {
        address,
      });
    }
    this.#used.add(address);
  }
}
