/**
 * How handlers are bundled, for CDK and for whoever measures bundles: one minified ES module with everything in it, the
 * AWS SDK too, because what runs is then what was locked and tested, and less is read at a cold start than from the
 * runtime's own copy.
 *
 * Three clients are loaded only by functions whose variables call for them; they are left out of the others. Should one be
 * asked for after all, Lambda's runtime has them.
 */

import { fileURLToPath } from 'node:url';
import type { DeployedEnvironment } from '../functions/environment.ts';

export const ROOT = fileURLToPath(new URL('../', import.meta.url));

export const BUNDLING = {
  target: 'node24',
  /** ES modules where a package has them: they are what can be shaken. */
  mainFields: ['module', 'main'],
} as const;

/** @param name a folder of functions/ */
export function handlerFile(name: string): string {
  return `${ROOT}functions/${name}/${name}.handler.ts`;
}

type Variables = Pick<
  DeployedEnvironment,
  'PARTY_KEYS' | 'CLEAR_TENDER_FUNCTION' | 'EVENT_BUS' | 'VAULT_KEYS'
>;

export function unusedModules(environment: Variables): readonly string[] {
  const readsSecrets = environment.PARTY_KEYS !== 'none' || environment.VAULT_KEYS !== undefined;
  return [
    ...(environment.CLEAR_TENDER_FUNCTION === undefined ? ['@aws-sdk/client-lambda'] : []),
    ...(environment.EVENT_BUS === undefined || environment.PARTY_KEYS === 'none'
      ? ['@aws-sdk/client-eventbridge']
      : []),
    ...(readsSecrets ? [] : ['@aws-sdk/client-secrets-manager']),
  ];
}
