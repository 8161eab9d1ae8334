/**
 * The lint rules that hold the architecture: each one is shown a violation planted in a scratch tree under the
 * real configuration, and must report it. A rule that stopped working would otherwise go unnoticed.
 */

import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod/mini';

const run = promisify(execFile);

const importing = (from: string): string => `import { thing } from '${from}';\nexport const kept = thing;\n`;

/** File planted -> its text and the rule that must catch it; undefined where it is allowed. */
const PLANTED: Readonly<Record<string, { text: string; rule: string | undefined }>> = {
  'mpc/session/up.ts': { text: importing('../../auction/tender.ts'), rule: 'noRestrictedImports' },
  'mpc/root.ts': { text: importing('node:crypto'), rule: 'noRestrictedImports' },
  'mpc/root-inwards.ts': { text: importing('./session/session.ts'), rule: 'noRestrictedImports' },
  'mpc/channels/sdk.ts': { text: importing('@aws-sdk/client-dynamodb'), rule: 'noRestrictedImports' },
  'mpc/channels/outbox/dynamodb.ts': { text: importing('@aws-sdk/client-dynamodb'), rule: undefined },
  'mpc/session/time.ts': { text: 'export const now = () => Date.now();\n', rule: 'noRestrictedGlobals' },
  'auction/node.ts': { text: importing('node:crypto'), rule: 'noRestrictedImports' },
  'auction/party-code.ts': { text: importing('./party/service.ts'), rule: 'noRestrictedImports' },
  'auction/engine.ts': { text: importing('../mpc/session/session.ts'), rule: 'noRestrictedImports' },
  'auction/bytes.ts': { text: importing('../mpc/bytes.ts'), rule: undefined },
  'auction/party/up.ts': { text: importing('../../functions/runtime.ts'), rule: 'noRestrictedImports' },
  'auction/party/env.ts': { text: 'export const key = process.env.KEY;\n', rule: 'noProcessEnv' },
  'oram/up.ts': { text: importing('../functions/runtime.ts'), rule: 'noRestrictedImports' },
  'oram/sideways.ts': { text: importing('../auction/tender.ts'), rule: 'noRestrictedImports' },
  'oram/engine.ts': { text: importing('../mpc/session/session.ts'), rule: 'noRestrictedImports' },
  'oram/sdk.ts': { text: importing('@aws-sdk/client-dynamodb'), rule: 'noRestrictedImports' },
  'oram/stores/dynamodb.ts': { text: importing('@aws-sdk/client-dynamodb'), rule: undefined },
  'oram/time.ts': { text: 'export const now = () => Date.now();\n', rule: 'noRestrictedGlobals' },
  'infra/up.ts': { text: importing('../local/consortium.ts'), rule: 'noRestrictedImports' },
  'client/node.ts': { text: importing('node:fs'), rule: 'noRestrictedImports' },
  'client/party-code.ts': { text: importing('../auction/party/service.ts'), rule: 'noRestrictedImports' },
  'client/page.ts': { text: importing('../web/dom.ts'), rule: 'noRestrictedImports' },
  'web/node.ts': { text: importing('node:fs'), rule: 'noRestrictedImports' },
  'web/host.ts': { text: importing('../local/consortium.ts'), rule: 'noRestrictedImports' },
  'web/party-code.ts': { text: importing('../auction/party/service.ts'), rule: 'noRestrictedImports' },
  'web/engine.ts': { text: importing('../mpc/session/session.ts'), rule: 'noRestrictedImports' },
  'web/stack.ts': { text: importing('../infra/web-stack.ts'), rule: 'noRestrictedImports' },
  'web/page.ts': { text: importing('../client/tacit-client.ts'), rule: undefined },
  'web/root.ts': { text: importing('../mpc/party.ts'), rule: undefined },
  'web/build.ts': { text: importing('node:crypto'), rule: undefined },
  'auction/page.ts': { text: importing('../web/money.ts'), rule: 'noRestrictedImports' },
  'infra/page.ts': { text: importing('../web/build.ts'), rule: undefined },
  'functions/up.ts': { text: importing('../cli/main.ts'), rule: 'noRestrictedImports' },
  'local/up.ts': { text: importing('../cli/main.ts'), rule: 'noRestrictedImports' },
};

const reportSchema = z.object({
  diagnostics: z.array(z.object({ category: z.string(), location: z.object({ path: z.string() }) })),
});

let tree = '';
const caught = new Map<string, string[]>();

beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), 'tacit-lint-'));
  await copyFile('biome.json', join(tree, 'biome.json'));
  for (const [path, { text }] of Object.entries(PLANTED)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
  }
  const biome = join(process.cwd(), 'node_modules', '.bin', 'biome');
  const report = await run(biome, ['lint', '--vcs-enabled=false', '--reporter=json', '.'], { cwd: tree })
    .catch((failure: { stdout: string }) => failure)
    .then(({ stdout }) => reportSchema.parse(JSON.parse(stdout)));
  for (const { category, location } of report.diagnostics) {
    const path = location.path.replace(`${tree}/`, '');
    caught.set(path, [...(caught.get(path) ?? []), category]);
  }
});

afterAll(() => rm(tree, { recursive: true, force: true }));

describe('import directions and purity', () => {
  it.each(Object.entries(PLANTED))('%s', (path, { rule }) => {
    const rules = (caught.get(path) ?? []).map((category) => category.split('/').at(-1));
    if (rule === undefined) expect(rules).toEqual([]);
    else expect(rules).toContain(rule);
  });
});
