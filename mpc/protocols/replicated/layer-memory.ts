/**
 * The memory of large AND layers outside the share memory, given back as soon as nothing reads the products any more.
 *
 * The products of a layer lie in few large buffers: what this party computed, and the message of its neighbour. Left to
 * the garbage collector, a run of large layers spends most of its time there, because a collection comes every few
 * dozen megabytes, however few objects there are. Small layers share buffers and stay with the collector.
 *
 * A buffer is freed once every product of the layer is finished, and only if it holds nothing but these products.
 * A vector that were read afterwards would be empty: so only what `ShareAlgebra.finished` tells of counts.
 */

import type { ReplicatedVector } from './shares.ts';

/** Below, collecting costs less than keeping account. */
const LARGE_LAYER_BYTES = 4096;

interface Layer {
  unfinished: number;
  readonly buffers: readonly ArrayBuffer[];
}

export class LayerMemory {
  readonly #layers = new WeakMap<ReplicatedVector, Layer>();

  /** @param products of one layer, fresh */
  hold(products: readonly ReplicatedVector[]): void {
    let bytes = 0;
    for (const { first } of products) bytes += first.words.byteLength;
    if (bytes < LARGE_LAYER_BYTES) return;
    const layer = { unfinished: products.length, buffers: buffersOf(products) };
    for (const product of products) this.#layers.set(product, layer);
  }

  finished(product: ReplicatedVector): void {
    const layer = this.#layers.get(product);
    if (layer === undefined) return;
    this.#layers.delete(product);
    layer.unfinished -= 1;
    if (layer.unfinished > 0) return;
    for (const buffer of layer.buffers) buffer.transfer(0);
  }
}

/** Those that hold nothing but these products. */
function buffersOf(products: readonly ReplicatedVector[]): readonly ArrayBuffer[] {
  const held = new Map<ArrayBuffer, number>();
  for (const { first, second } of products) {
    for (const { buffer, byteLength } of [first.words, second.words]) {
      held.set(buffer, (held.get(buffer) ?? 0) + byteLength);
    }
  }
  return [...held].flatMap(([buffer, bytes]) => (buffer.byteLength === bytes ? [buffer] : []));
}
