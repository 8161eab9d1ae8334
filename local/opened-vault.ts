/** An open vault as a command has it, wherever its tables are: the vault, what it used, and how it ends. */

import type { BulkOptions, Reshuffled, Vault } from '../oram/vault.ts';
import type { VaultUsage } from './vault-usage.ts';

export interface OpenedVault {
  readonly vault: Vault;

  /** Counts what `work` uses as access, and traces it where there is a trace. One at a time. */
  access<Value>(work: (vault: Vault) => Promise<Value>): Promise<Value>;

  /** Counts what `work` uses as bulk; it is no access and in no trace. One at a time. */
  bulk<Value>(work: (vault: Vault) => Promise<Value>): Promise<Value>;

  /** What `usage` counts: the vault's life, as far as this machine wrote it down, or this process alone. */
  readonly usageOf: 'life' | 'process';

  usage(): Promise<VaultUsage>;

  /** Places everything anew under a fresh key of the vault, which is in its file from then on; counted as bulk. */
  rotateKey(options: BulkOptions & { readonly acceptLoss: boolean }): Promise<Reshuffled>;

  /** Deletes the vault, and what this machine wrote down of it; a key that may be elsewhere too stays. */
  destroy(options?: BulkOptions): Promise<void>;

  /** Ends it for this process, and frees what others wait for. */
  close(): Promise<void>;
}
