/**
 * Path ORAM as the paper writes it (Stefanov et al., CCS 2013, figure 1): every bucket from the root down in the table, all
 * blocks read go to the stash, and buckets are filled from it, deepest first. It shares no code with the vault.
 *
 * Which of several blocks that may go into a bucket are taken is left open by the paper; here whoever runs it may say what
 * it prefers. How many are taken is not.
 */

const Z = 4;

export interface TextbookAccess {
  readonly leafRead: number;
  /** Undefined for a dummy. */
  readonly block: number | undefined;
  readonly newLeaf: number;
  readonly kept: boolean;
}

export class TextbookPathOram {
  readonly #levels: number;
  /** By level and position, "level.position". */
  readonly #buckets = new Map<string, number[]>();
  readonly #leaves = new Map<number, number>();
  readonly stash = new Set<number>();

  constructor(levels: number) {
    this.#levels = levels;
  }

  bucket(level: number, position: number): readonly number[] {
    return this.#buckets.get(`${level}.${position}`) ?? [];
  }

  /** Blocks in the buckets of the first levels. */
  top(levels: number): number[] {
    const found: number[] = [];
    for (const [place, blocks] of this.#buckets) {
      if (Number.parseInt(place, 10) < levels) found.push(...blocks);
    }
    return found;
  }

  /**
   * One epoch: the union of the paths is read and written once.
   * @param prefers whether a block is to be taken before others that may go into the same bucket
   */
  access(
    accesses: readonly TextbookAccess[],
    prefers: (level: number, position: number, block: number) => boolean,
  ): void {
    for (let level = 0; level < this.#levels; level++) {
      for (const position of this.#positions(accesses, level)) {
        for (const block of this.bucket(level, position)) this.stash.add(block);
        this.#buckets.set(`${level}.${position}`, []);
      }
    }
    for (const { block, newLeaf, kept } of accesses) {
      if (block === undefined) continue;
      this.stash.delete(block);
      if (!kept) continue;
      this.#leaves.set(block, newLeaf);
      this.stash.add(block);
    }
    for (let level = this.#levels - 1; level >= 0; level--) {
      for (const position of this.#positions(accesses, level)) {
        const eligible = [...this.stash].filter(
          (block) => this.#position(this.#leaves.get(block)!, level) === position,
        );
        const preferred = eligible.filter((block) => prefers(level, position, block));
        const others = eligible.filter((block) => !prefers(level, position, block));
        const taken = [...preferred, ...others].slice(0, Z);
        for (const block of taken) this.stash.delete(block);
        this.#buckets.set(`${level}.${position}`, taken);
      }
    }
  }

  #position(leaf: number, level: number): number {
    return Math.floor(leaf / 2 ** (this.#levels - 1 - level));
  }

  #positions(accesses: readonly TextbookAccess[], level: number): Set<number> {
    return new Set(accesses.map(({ leafRead }) => this.#position(leafRead, level)));
  }
}
