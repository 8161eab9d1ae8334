/**
 * Ed25519 (RFC 8032) by node:crypto: the same signatures as the portable ones that bidders use in a browser,
 * about ten times as fast, which matters where one party checks thousands of bids.
 */

import { sign, verify } from 'node:crypto';
import { SIGNATURE_BYTES } from '../../mpc/session/identity.ts';
import {
  importPrivateKey,
  importPublicKey,
  RAW_KEY_BYTES,
  rawPublicKey,
} from '../../mpc/session/raw-keys.ts';
import type { Signatures } from '../signature.ts';

export const nodeSignatures: Signatures = {
  sign: (secretKey, message) => new Uint8Array(sign(null, message, importPrivateKey('ed25519', secretKey))),
  verify(publicKey, message, signature) {
    if (publicKey.length !== RAW_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
    return verify(null, message, importPublicKey('ed25519', publicKey), signature);
  },
  publicKeyOf: (secretKey) => rawPublicKey(importPrivateKey('ed25519', secretKey)),
};
