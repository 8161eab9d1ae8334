/**
 * The verified protocol: the conformance suite, its shapes, and what may never be opened.
 */

import { describe, expect, test } from 'vitest';
import { BitVector } from '../../../mpc/bits/bit-vector.ts';
import { CircuitBuilder } from '../../../mpc/circuit/builder.ts';
import { VERIFIED_MANIFEST } from '../../../mpc/protocols/verified/manifest.ts';
import { describeProtocol } from '../../conformance/protocol.suite.ts';
import { runParties } from '../../support/world.ts';

describeProtocol(
  'verified',
  {
    manifest: VERIFIED_MANIFEST,
    run: (circuit, inputs) => runParties(circuit, inputs, { protocol: 'verified' }),
  },
  25,
);

describe('batches', () => {
  test.each([1, 31, 2048, 2049, 100_001, 2 ** 20, 2 ** 20 + 1])(
    '%i ANDs are checked and right',
    async (lanes) => {
      const builder = new CircuitBuilder();
      builder.output('product', builder.and(builder.input('x', lanes), builder.input('y', lanes)));
      const ones = BitVector.ones(lanes);
      const { outputs } = await runParties(
        builder.build(),
        new Map([
          ['x', ones],
          ['y', ones],
        ]),
        { protocol: 'verified' },
      );
      expect(outputs.get('product')?.equals(ones)).toBe(true);
    },
  );
});
