/**
 * Giving back the memory of large buffers as soon as they are read, instead of at the next garbage collection.
 *
 * node:crypto returns every result in a new buffer. Left to the collector, a stream of them wanders through fresh
 * pages and takes twice the time; given back at once, the allocator hands out the same memory again, still in the
 * cache. It also keeps masks and plaintexts in memory no longer than they are needed.
 */

/** What a message may have around it in its buffer: the header of a frame. */
const MARGIN_BYTES = 2048;

/** From here on a buffer that waits for its collection costs more than one that is freed. */
export const LARGE_BYTES = 4096;

/** Detaches a buffer that nothing else refers to, and all views of it with it; one that is part of a pool stays. */
export function freeAtOnce({ buffer, byteLength }: Uint8Array<ArrayBuffer>): void {
  if (buffer.byteLength === byteLength) buffer.transfer(0);
}

/**
 * The same for a large message, which may have a frame's header before it in its buffer. Small ones stay, and so do parts
 * of the pool that `Buffer.allocUnsafe` takes from: they are less than half of it, so more than the margin is left.
 */
export function freeLargeAtOnce({ buffer, byteLength }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || byteLength < LARGE_BYTES) return;
  if (buffer.byteLength - byteLength <= MARGIN_BYTES) buffer.transfer(0);
}

/** Bytes to be overwritten: from the pool where they are few, else a buffer of their own that can be freed. */
export function allocateUnset(byteCount: number): Buffer<ArrayBuffer> {
  return byteCount < LARGE_BYTES ? Buffer.allocUnsafe(byteCount) : Buffer.allocUnsafeSlow(byteCount);
}
