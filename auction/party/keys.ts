/**
 * A party's long-term keys: Ed25519 for receipts, lists, hellos and outcomes; X25519 (HPKE) for envelopes.
 *
 * The file form is JSON with base64url fields and holds both secrets: it belongs into a secret manager or a
 * file that only its operator can read. The loaded form prints no secret.
 */

import * as z from 'zod/mini';
import { type PartyIndex, toPartyIndex } from '../../mpc/party.ts';
import { createPartyIdentity, publicFromSeed } from '../../mpc/session/identity.ts';
import { fromBase64url, toBase64url } from '../canonical.ts';
import { generateSealingKey, loadSealingKey, type SealingKeyPair } from '../envelope.ts';
import { AuctionError } from '../errors.ts';
import type { Signer } from '../signature.ts';
import type { PartyRecord } from '../tender.ts';
import { nodeEnvelopeSuite } from './hpke-node.ts';

/** Seeds and public keys of both curves (RFC 7748, RFC 8032). */
const KEY_BYTES = 32;

const keyText = z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/));
const keyPairSchema = z.strictObject({ publicKey: keyText, secretKey: keyText });
const partyKeyFileSchema = z.strictObject({
  kind: z.literal('tacit/1 party keys'),
  party: z.int().check(z.minimum(0), z.maximum(2)),
  signing: keyPairSchema,
  sealing: keyPairSchema,
});

/** The file form; both secret keys are in it. */
export type PartyKeyFile = z.infer<typeof partyKeyFileSchema>;

export interface PartyKeys {
  readonly index: PartyIndex;
  /** Ed25519; the seed is inside and stays there. */
  readonly signing: Signer;
  readonly sealing: SealingKeyPair;
}

/** @param random that many bytes from a cryptographic generator, for the signing key */
export async function generatePartyKeys(
  index: PartyIndex,
  random: (bytes: number) => Uint8Array,
): Promise<PartyKeyFile> {
  const seed = random(KEY_BYTES);
  return {
    kind: 'tacit/1 party keys',
    party: index,
    signing: {
      publicKey: toBase64url(publicFromSeed(seed).signingKey),
      secretKey: toBase64url(seed),
    },
    sealing: await generateSealingKey(),
  };
}

/** @throws AuctionError KEY_MALFORMED when a field is missing, or a public key is not that of its secret key */
export async function loadPartyKeys(json: unknown): Promise<PartyKeys> {
  const parsed = partyKeyFileSchema.safeParse(json);
  const index = parsed.success ? toPartyIndex(parsed.data.party) : undefined;
  if (!parsed.success || index === undefined) {
    throw new AuctionError(
      'KEY_MALFORMED',
      'this is no file of party keys: give the one that was made with the party',
    );
  }
  const seed = fromBase64url(parsed.data.signing.secretKey);
  if (toBase64url(publicFromSeed(seed).signingKey) !== parsed.data.signing.publicKey) {
    throw new AuctionError('KEY_MALFORMED', 'the public signing key is not that of the secret one');
  }
  return {
    index,
    signing: {
      publicKey: parsed.data.signing.publicKey,
      sign: createPartyIdentity(index, seed).sign,
    },
    sealing: await loadSealingKey(parsed.data.sealing, nodeEnvelopeSuite),
  };
}

/** The public half: what a tender names and peers are configured with. */
export function partyRecordOf(keys: PartyKeys): PartyRecord {
  return { index: keys.index, signingKey: keys.signing.publicKey, sealingKey: keys.sealing.publicKey };
}
