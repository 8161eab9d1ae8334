import { defineConfig } from 'vitest/config';

/** Tests run from the TypeScript sources; each spec file that starts processes names its own time limit. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default'],
  },
});
