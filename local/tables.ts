/** The names of the local tables and access keys; on AWS the infrastructure chooses them. */

import type { PartyIndex } from '../mpc/party.ts';

export const STATE_TABLE = 'tacit-state';

/** Of the vaults of a party, where it has any. */
export const VAULT_TREE_TABLE = 'tacit-vault-tree';
export const VAULT_STATE_TABLE = 'tacit-vault-state';

export function outboxTableOf(party: PartyIndex): string {
  return `tacit-outbox-${party}`;
}

/** Each party has a key of its own, which its peers' tables know as a reader and its own as the owner. */
export function accessKeyOf(party: PartyIndex): string {
  return `party${party}`;
}
