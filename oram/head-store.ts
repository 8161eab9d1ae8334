/** Reading and swapping the head of one vault, whatever its layout; sealers are kept for each generation. */

import type { KeyObject } from 'node:crypto';
import { equalBytes } from '../mpc/bytes.ts';
import { OramError } from './errors.ts';
import {
  decodeHead,
  encodeHead,
  type Head,
  type HeadBody,
  type HeadPlace,
  headPlace,
  type IntendedAccess,
  keyCheckOf,
} from './head.ts';
import type { VaultOptions } from './open-vault.ts';
import { Sealer } from './sealing.ts';
import { MAX_VERSION } from './version-map.ts';

/** An access is begun only while there are versions left to finish it, however often that is cut off. */
const LAST_BEGINNING = MAX_VERSION - 2 ** 16;

export interface HeldHead {
  readonly head: Head;
  readonly sealer: Sealer;
}

export class HeadStore {
  readonly #options: VaultOptions;
  readonly #place: HeadPlace;
  #known: HeldHead | undefined;
  #key: KeyObject;
  #keyCheck:
    | { readonly key: KeyObject; readonly vaultId: Uint8Array; readonly check: Uint8Array }
    | undefined;

  constructor(options: VaultOptions) {
    this.#options = options;
    this.#place = headPlace(options.name);
    this.#key = options.key;
  }

  sealer(vaultId: Uint8Array, generation: number, key: KeyObject = this.#key): Sealer {
    return new Sealer({ key, vaultId, generation, random: this.#options.random });
  }

  /** As read or put last. */
  get seen(): HeldHead | undefined {
    return this.#known;
  }

  /** @throws OramError VAULT_UNKNOWN and those of `find` */
  async read(): Promise<HeldHead> {
    const found = await this.find();
    if (found !== undefined) return found;
    const { name } = this.#options;
    throw new OramError(
      'VAULT_UNKNOWN',
      `the state table has no vault "${name}"; create it or check the name`,
    );
  }

  /** @throws OramError VAULT_UNKNOWN where another vault took the name, STATE_STALE, and those of decodeHead */
  async find(): Promise<HeldHead | undefined> {
    const { state } = this.#options;
    const [item] = await state.read([this.#place.key]);
    if (item === undefined) return undefined;
    const known = this.#known;
    const found = decodeHead(item, this.#key, (vaultId, generation) =>
      known !== undefined && known.head.generation === generation && equalBytes(vaultId, known.head.vaultId)
        ? known.sealer
        : this.sealer(vaultId, generation),
    );
    if (known !== undefined) requireLater(known.head, found.head);
    this.#known = found;
    return found;
  }

  /** Puts the first head of a vault. @returns false where the name is taken */
  first(head: Head, sealer: Sealer): Promise<boolean> {
    const check = this.#checkOf(this.#key, head.vaultId);
    return this.#options.state.replace(encodeHead(head, this.#place, sealer, check), undefined);
  }

  /**
   * Swaps the head for the next version of it.
   * @param next of another generation, with its sealer, or only the fields that change
   * @returns the new head, or undefined where another process was first
   */
  async swap(
    held: HeldHead,
    change: Partial<HeadBody>,
    intent: readonly IntendedAccess[] = [],
    generation?: { readonly number: number; readonly sealer: Sealer; readonly key: KeyObject | undefined },
  ): Promise<HeldHead | undefined> {
    const { head } = held;
    const begins = change.phase === 'intent' && head.body.phase === 'committed';
    if (head.version >= (begins ? LAST_BEGINNING : MAX_VERSION - 1)) {
      throw new OramError(
        'VAULT_KEY_EXHAUSTED',
        'the vault has no version numbers left; copy it into a new one',
      );
    }
    const next: Head = {
      ...head,
      generation: generation?.number ?? head.generation,
      version: head.version + 1,
      body: { ...head.body, ...change },
      intent,
    };
    const sealer = generation?.sealer ?? held.sealer;
    const key = generation?.key ?? this.#key;
    const item = encodeHead(next, this.#place, sealer, this.#checkOf(key, head.vaultId));
    const put = await this.#options.state.replace(item, head.version);
    if (!put) return undefined;
    this.#key = key;
    this.#known = { head: next, sealer };
    return this.#known;
  }

  #checkOf(key: KeyObject, vaultId: Uint8Array): Uint8Array {
    const known = this.#keyCheck;
    if (known !== undefined && known.key === key && known.vaultId === vaultId) return known.check;
    const check = keyCheckOf(key, vaultId);
    this.#keyCheck = { key, vaultId, check };
    return check;
  }
}

/** Within a process the head never goes back, whoever keeps its table. */
function requireLater(known: Head, found: Head): void {
  if (!equalBytes(known.vaultId, found.vaultId)) {
    throw new OramError('VAULT_UNKNOWN', 'the vault was destroyed and another one made; open it anew');
  }
  if (found.version < known.version) {
    const detail = 'the state table answered with an older head than this process has seen';
    throw new OramError('STATE_STALE', detail, { version: found.version, seen: known.version });
  }
}
