/** The `--protocol` option of the commands, and what a protocol withstands in words. */

import { Option } from 'commander';
import { PROTOCOL_NAMES, type ProtocolName } from '../mpc/protocols/protocol.ts';
import { DEFAULT_PROTOCOL, THREE_PARTY_MANIFESTS, THREE_PARTY_NAMES } from '../mpc/protocols/three-party.ts';

/** For what three parties compute. */
export function threePartyProtocolOption(): Option {
  return new Option('--protocol <name>', 'how the three parties compute')
    .choices(THREE_PARTY_NAMES)
    .default(DEFAULT_PROTOCOL);
}

/** The same, and `clear`, which computes in one place. */
export function protocolOption(): Option {
  return new Option('--protocol <name>', 'how to compute').choices(PROTOCOL_NAMES).default(DEFAULT_PROTOCOL);
}

/** A sentence for people. */
export function withstands(protocol: ProtocolName): string {
  if (protocol === 'clear')
    return 'Protocol clear withstands nobody: one place computes with all bids in the open';
  return `Protocol ${protocol} withstands ${THREE_PARTY_MANIFESTS[protocol].corruption}`;
}
