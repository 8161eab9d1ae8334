/** Handlers bundled as a deployment bundles them, for tests and benchmarks. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { BUNDLING, handlerFile, ROOT, unusedModules } from '../../infra/bundling.ts';
import type { StackTemplate } from '../../local/rehearsal/template.ts';
import { filesMatching } from '../docs/repository.ts';

export interface Bundle {
  /** Folder of functions/. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

/**
 * Bundles every handler of a party's stack.
 * @throws Error for a function that has no folder in functions/
 */
export async function bundleHandlers(
  { resources }: StackTemplate,
  directory: string,
): Promise<readonly Bundle[]> {
  const names = handlerNames();
  const functions = resources.filter(({ type }) => type === 'AWS::Lambda::Function');
  return await Promise.all(
    functions.map(async ({ logicalId, properties }) => {
      const name = names.find((one) => logicalId.startsWith(`Functions${one.replaceAll('-', '')}Function`));
      if (name === undefined) throw new Error(`${logicalId} has no folder in functions/`);
      const { Variables } = properties['Environment'] as { Variables: Record<string, string> };
      const path = join(directory, name, 'index.mjs');
      const { outputFiles } = await build({
        entryPoints: [handlerFile(name)],
        outfile: path,
        absWorkingDir: ROOT,
        bundle: true,
        minify: true,
        format: 'esm',
        platform: 'node',
        target: BUNDLING.target,
        mainFields: [...BUNDLING.mainFields],
        external: [
          ...unusedModules({
            PARTY_KEYS: Variables['PARTY_KEYS'],
            CLEAR_TENDER_FUNCTION: Variables['CLEAR_TENDER_FUNCTION'],
            EVENT_BUS: Variables['EVENT_BUS'],
            VAULT_KEYS: Variables['VAULT_KEYS'],
          }),
        ],
        write: false,
      });
      const [file] = outputFiles;
      if (file === undefined) throw new Error(`${name} made no bundle`);
      await mkdir(join(directory, name), { recursive: true });
      await writeFile(path, file.contents);
      return { name, path, bytes: file.contents.byteLength };
    }),
  );
}

/** The folders of functions/ with a handler in them. */
export function handlerNames(): readonly string[] {
  return filesMatching('functions/*/*.handler.ts').map((path) => path.split('/')[1] ?? '');
}
