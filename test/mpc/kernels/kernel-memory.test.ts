import { describe, expect, test } from 'vitest';
import { MpcError } from '../../../mpc/errors.ts';
import { FieldKernels } from '../../../mpc/kernels/field.ts';
import { HEAP_START } from '../../../mpc/kernels/kernel-memory.ts';

function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (error instanceof MpcError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

describe('the memory of the kernels', () => {
  test('allocations are aligned and do not overlap, and content survives growth', () => {
    const { memory } = new FieldKernels();
    const first = memory.allocate(5);
    memory.bytes(first, 5).set([1, 2, 3, 4, 5]);
    const early = memory.bytes(first, 5);
    const second = memory.allocate(50_000_000);
    expect(first % 64).toBe(0);
    expect(second).toBeGreaterThanOrEqual(first + 5);
    expect(early.length).toBe(0);
    expect([...memory.bytes(first, 5)]).toEqual([1, 2, 3, 4, 5]);
  });

  test('release frees what was allocated since the mark, once', () => {
    const { memory } = new FieldKernels();
    const mark = memory.mark();
    const offset = memory.allocate(64);
    const later = memory.mark();
    memory.release(mark);
    expect(memory.allocate(64)).toBe(offset);
    memory.release(mark);
    expect(codeOf(() => memory.release(later))).toBe('KERNEL_OPERAND_RANGE');
    expect(codeOf(() => memory.release(0))).toBe('KERNEL_OPERAND_RANGE');
  });

  test('operands outside the allocated range are refused before the kernel runs', () => {
    const kernels = new FieldKernels();
    const { memory } = kernels;
    const vector = memory.allocate(64);
    const refused = [
      () => memory.bytes(vector, 65),
      () => memory.bytes(HEAP_START - 16, 16),
      () => memory.words(vector + 1, 1),
      () => kernels.multiplyVector(vector, vector, vector, 5),
      () => kernels.multiplyVector64(vector, vector, vector, 5),
      () => kernels.innerProduct(0, vector, 1),
      () => kernels.innerProduct64(vector, vector + 0.5, 1),
      () => kernels.foldByConstant(vector, vector + 64, new Uint8Array(16), 1, vector),
      () => kernels.subsetTables(vector, vector),
      () => kernels.lookup(vector, vector, 1, vector),
      () => kernels.transposeRows(vector, 16, 32, 128, vector),
      () => kernels.crossProducts(vector, vector, vector, 1, vector),
      () => kernels.andShares(vector, vector, vector, vector, vector, vector, 20),
    ];
    expect(refused.map(codeOf)).toEqual(refused.map(() => 'KERNEL_OPERAND_RANGE'));
  });

  test('the AND kernel refuses each operand that lies outside, and counts beyond any memory', () => {
    const kernels = new FieldKernels();
    const inside = kernels.memory.allocate(64);
    type Operands = [x0: number, x1: number, y0: number, y1: number, mask: number, out: number];
    for (const outside of [HEAP_START - 16, inside + 16, -16, Number.NaN, 2 ** 32]) {
      for (let position = 0; position < 6; position++) {
        const operands: Operands = [inside, inside, inside, inside, inside, inside];
        operands[position] = outside;
        expect(codeOf(() => kernels.andShares(...operands, 16))).toBe('KERNEL_OPERAND_RANGE');
      }
    }
    for (const words of [-4, 2 ** 30, 2 ** 32]) {
      expect(codeOf(() => kernels.andShares(inside, inside, inside, inside, inside, inside, words))).toBe(
        'KERNEL_OPERAND_RANGE',
      );
    }
  });

  test('shapes that a kernel does not take are refused', () => {
    const kernels = new FieldKernels();
    const vector = kernels.memory.allocate(4096);
    const refused = [
      () => kernels.multiplyVector64(vector, vector, vector, -1),
      () => kernels.lookup(vector, vector, 0.5, vector),
      () => kernels.multiply(new Uint8Array(15), new Uint8Array(16)),
      () => kernels.foldByConstant(vector, vector, new Uint8Array(17), 1, vector),
      () => kernels.transposeRows(vector, 16, 12, 128, vector),
      () => kernels.transposeRows(vector, 16, 8, 127, vector),
      () => kernels.transposeRows(vector, -16, 8, 128, vector),
      () => kernels.andShares(vector, vector, vector, vector, vector, vector, 3),
    ];
    expect(refused.map(codeOf)).toEqual(refused.map(() => 'KERNEL_OPERAND_SHAPE'));
  });

  test('more than kernels may have is refused', () => {
    const { memory } = new FieldKernels();
    expect(codeOf(() => memory.allocate(2 ** 31))).toBe('KERNEL_MEMORY_FULL');
    expect(codeOf(() => memory.allocate(-1))).toBe('KERNEL_MEMORY_FULL');
  });

  test('wiping clears what was written, released or not', () => {
    const { memory } = new FieldKernels();
    const offset = memory.allocate(64);
    memory.bytes(offset, 64).fill(0xff);
    memory.wipe();
    expect(memory.allocate(64)).toBe(offset);
    expect(memory.bytes(offset, 64).every((byte) => byte === 0)).toBe(true);
  });
});
