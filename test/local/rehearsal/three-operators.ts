/**
 * The consortium of the rehearsals: three operators who chose differently, so that one synthesis has everything in it.
 *
 * Party 0 asks its auctioneers for tokens and keeps a vault whose tree is in an account of somebody else; party 1 keeps a
 * vault in tables of its own; party 2 has nothing beyond auctions.
 */

import { type DeployedConsortium, sharedConsortium } from './consortium-assembly.ts';

export const VAULT = 'suppliers';

/** Of party 0, to break: a vault whose access was cut off is still for ten seconds before another finishes it. */
export const VAULTS_TO_BREAK = ['unread', 'unwritten', 'undecrypted', 'unnamed'] as const;

export const ISSUER = 'https://identity.example';
export const AUDIENCE = 'tacit';

export const TREE_OWNER = { account: '444444444444', region: 'eu-north-1' } as const;

/** Who operates a rehearsal, by what it calls its role. */
const operatorOf = (account: string) => `arn:aws:iam::${account}:role/operator-of-the-rehearsal`;

export function threeOperators(): Promise<DeployedConsortium> {
  const vaultFor = (requester: string, account: string, vaults: readonly string[]) => ({
    access: vaults.map((vault) => ({ vault, requester, rights: 'write' })),
    administrators: [operatorOf(account)],
  });
  return sharedConsortium([
    (requester) => ({
      auctioneer: { issuer: ISSUER, audience: [AUDIENCE] },
      vault: {
        ...vaultFor(requester, '111111111111', [VAULT, ...VAULTS_TO_BREAK]),
        treeOwner: TREE_OWNER,
      },
    }),
    (requester) => ({ vault: vaultFor(requester, '222222222222', [VAULT]) }),
    () => ({}),
  ]);
}
