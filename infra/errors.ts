/** Why nothing is synthesised: the configuration of a deployment is refused before any template is made from it. */

export const DEPLOYMENT_ERRORS = {
  DEPLOYMENT_MALFORMED: 'the deployment file is missing, is no JSON, or a field of it is',
  DEPLOYMENT_FINGERPRINT: 'the consortium is another one than the operators compared',
  DEPLOYMENT_KEYS: 'the secret with the keys is not of the one party that is deployed',
  DEPLOYMENT_NAMES: 'names of tables and roles are too long, or the same for two parties of one account',
  DEPLOYMENT_ADMINISTRATORS: 'a vault has an administrator of another account',
} as const;

export type DeploymentErrorCode = keyof typeof DEPLOYMENT_ERRORS;

export class DeploymentError extends Error {
  readonly code: DeploymentErrorCode;

  /** @param detail what was wrong and what to do about it, in one plain sentence */
  constructor(code: DeploymentErrorCode, detail: string, options?: ErrorOptions) {
    super(`${code}: ${detail}`, options);
    this.name = 'DeploymentError';
    this.code = code;
  }
}
