/**
 * A party's secret keys, from where PARTY_KEYS names (`key-source.ts`), or none.
 *
 * They go from here into the loaded form, which prints no secret. A function that neither signs receipts nor opens
 * envelopes gets `none`: it knows the public half of its party alone, its role may not read the secret, and signing
 * with it is refused.
 */

import { nodeEnvelopeSuite } from '../auction/party/hpke-node.ts';
import { loadPartyKeys, type PartyKeys } from '../auction/party/keys.ts';
import type { PartyRecord } from '../auction/tender.ts';
import { FunctionError } from './errors.ts';
import { readKeySource } from './key-source.ts';

/**
 * @param source in the form of KEY_SOURCE
 * @param record of this party in the consortium; whose keys they have to be
 * @throws FunctionError CONFIGURATION_INVALID where there are no keys, or those of another party
 */
export async function readPartyKeys(source: string, record: PartyRecord): Promise<PartyKeys> {
  if (source === 'none') return publicHalfOf(record);
  const keys = await loadPartyKeys(await readKeySource(source, 'PARTY_KEYS'));
  if (
    keys.index !== record.index ||
    keys.signing.publicKey !== record.signingKey ||
    keys.sealing.publicKey !== record.sealingKey
  ) {
    throw new FunctionError(
      'CONFIGURATION_INVALID',
      'PARTY_KEYS are not the keys of PARTY_INDEX in CONSORTIUM',
    );
  }
  return keys;
}

function publicHalfOf({ index, signingKey, sealingKey }: PartyRecord): PartyKeys {
  const refuse = (): never => {
    throw new FunctionError('CONFIGURATION_INVALID', 'this function has PARTY_KEYS none and needs keys');
  };
  return {
    index,
    signing: { publicKey: signingKey, sign: refuse },
    sealing: {
      publicKey: sealingKey,
      suite: nodeEnvelopeSuite,
      get keyPair() {
        return refuse();
      },
    },
  };
}
