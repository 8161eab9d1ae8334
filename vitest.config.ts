import { defineConfig } from 'vitest/config';

/**
 * Tests run from the TypeScript sources, in three projects.
 *
 * Those of `domain` compute and leave nothing behind, so its files share processes and what these have loaded, which
 * saves a third of their time. Those of `infra` share the CDK, which takes longer to load than most of them to run. Every
 * file of `host` has a process of its own: they change the environment, start processes or replace modules, which would
 * show in the files after them.
 */

const SHARING = ['adversary', 'auction', 'conformance', 'mpc', 'oram'];

/** They replace modules; `test/architecture/shared-processes.test.ts` sees that no other file of the domain does. */
const REPLACING = ['test/adversary/binding.test.ts', 'test/oram/privacy/planted-leaks.test.ts'];

/** A step may take ten times as long on a busy machine; this bound is for what would never end. */
const TIMEOUT_MS = 120_000;

export default defineConfig({
  test: {
    // Many files wait for processes they start, and vitest would leave one of two cores to itself.
    maxWorkers: 2,
    testTimeout: TIMEOUT_MS,
    hookTimeout: TIMEOUT_MS,
    // In place of one second.
    expect: { poll: { timeout: 60_000 } },
    restoreMocks: true,
    unstubEnvs: true,
    reporters: ['default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'domain',
          include: [`test/{${SHARING.join(',')}}/**/*.test.ts`],
          exclude: REPLACING,
          isolate: false,
        },
      },
      { extends: true, test: { name: 'infra', include: ['test/infra/**/*.test.ts'], isolate: false } },
      {
        extends: true,
        test: { name: 'host', include: [`test/!(${SHARING.join('|')}|infra)/**/*.test.ts`, ...REPLACING] },
      },
    ],
  },
});
