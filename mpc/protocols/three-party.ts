/**
 * The protocols that three parties can run on one session, by name.
 */

import { FieldKernels } from '../kernels/field.ts';
import type { Session } from '../session/session.ts';
import type { Protocol, ProtocolManifest, ProtocolName } from './protocol.ts';
import { REPLICATED_MANIFEST } from './replicated/manifest.ts';
import { ReplicatedProtocol } from './replicated/replicated.ts';
import type { ReplicatedVector } from './replicated/shares.ts';
import { VERIFIED_MANIFEST } from './verified/manifest.ts';
import { VerifiedProtocol } from './verified/verified.ts';

export type ThreePartyName = Exclude<ProtocolName, 'clear'>;

/** Used wherever nobody asks for another. */
export const DEFAULT_PROTOCOL: ThreePartyName = 'verified';

export const THREE_PARTY_NAMES = ['replicated', 'verified'] as const satisfies readonly ThreePartyName[];

export const THREE_PARTY_MANIFESTS: Readonly<Record<ThreePartyName, ProtocolManifest>> = {
  replicated: REPLICATED_MANIFEST,
  verified: VERIFIED_MANIFEST,
};

/**
 * @param random cryptographic; the verified protocol draws the nonce of its proof from it
 * @param onProving when a protocol that checks its ANDs begins to
 */
export function createThreePartyProtocol(
  name: ThreePartyName,
  { links, prss }: Pick<Session, 'links' | 'prss'>,
  random: (bytes: number) => Uint8Array,
  onProving?: () => void,
): Protocol<ReplicatedVector> {
  switch (name) {
    case 'replicated':
      return new ReplicatedProtocol({ links, prss });
    case 'verified':
      return new VerifiedProtocol({ links, prss, kernels: new FieldKernels(), random, onProving });
  }
}
