import { defineConfig } from 'vitest/config';

/** Tests run from the TypeScript sources; each spec file that starts processes names its own time limit. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Many files wait for processes they start, and vitest would leave one of two cores to itself.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default'],
  },
});
