/**
 * Places for byte strings of few lengths in large buffers: what keeps a table of a million items in memory cheap.
 *
 * With a buffer of its own for each item the garbage collector walks millions of objects, and it begins to whenever
 * 64 MB of buffers were made since the last time, which the writes of a large vault do every thousand accesses. Here
 * a place is used again by the next string of its length, so a table whose items are only replaced makes no
 * buffers. Each further slab of a length has a quarter of the places that there are: few slabs, and little to spare.
 */

/** Holds `length` bytes from `offset` on. */
export interface Place {
  readonly slab: Uint8Array;
  readonly offset: number;
  readonly length: number;
}

/** In the first slab of a length: most tables of tests hold a handful of items. */
const FIRST_PLACES = 4;
const PLACES_PER_NEW_PLACE = 4;

/** An empty slab takes no memory before it is written to, but larger ones would not make them noticeably fewer. */
const MAX_SLAB_BYTES = 256 * 1024 * 1024;

/** All places of one length. */
interface Shelf {
  readonly released: Place[];
  slab: Uint8Array;
  /** Where the part of `slab` begins that was never used. */
  next: number;
  places: number;
}

export class Slabs {
  readonly #shelves = new Map<number, Shelf>();

  /** A place to write to; it holds whatever was there before. */
  take(length: number): Place {
    let shelf = this.#shelves.get(length);
    if (shelf === undefined) {
      shelf = { released: [], slab: new Uint8Array(0), next: 0, places: 0 };
      this.#shelves.set(length, shelf);
    }
    const released = shelf.released.pop();
    if (released !== undefined) return released;
    if (shelf.next + length > shelf.slab.length) {
      const wanted = Math.max(FIRST_PLACES, Math.ceil(shelf.places / PLACES_PER_NEW_PLACE));
      const places = Math.max(1, Math.min(wanted, Math.floor(MAX_SLAB_BYTES / length)));
      shelf.slab = new Uint8Array(places * length);
      shelf.next = 0;
      shelf.places += places;
    }
    const place = { slab: shelf.slab, offset: shelf.next, length };
    shelf.next += length;
    return place;
  }

  /** Nobody reads or writes there any more; the next string of this length may. */
  release(place: Place): void {
    this.#shelves.get(place.length)?.released.push(place);
  }
}
