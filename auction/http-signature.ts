/**
 * HTTP message signatures (RFC 9421) by Ed25519, as far as deliveries to webhooks need them: the signature base of
 * components without parameters (section 2.5), and digests of bodies (RFC 9530).
 *
 * Against whoever sees, alters or repeats a request on its way. The base is text that begins with a quotation mark,
 * while everything else that a party signs begins with the four bytes of a length (`frame`), so that no signature of the
 * one kind is one of the other. Values come from one side's own code or were checked against a fixed form before they get
 * here; a component's value has no line end, which would let it imitate another component (section 7.5.7).
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from '../mpc/bytes.ts';
import { toBase64url } from './canonical.ts';

/** A name such as `@method` or `content-type`, and its value. */
export type Component = readonly [name: string, value: string];

export interface SignatureParameters {
  /** Seconds since 1970. */
  readonly created: number;
  readonly keyId: string;
  readonly algorithm?: 'ed25519';
  /** What the signature is for (section 2.3). */
  readonly tag?: string;
}

/** The inner list of covered components with its parameters, as `Signature-Input` has it behind the label. */
export function signatureInput(
  names: readonly string[],
  { created, keyId, algorithm, tag }: SignatureParameters,
): string {
  const parameters = [
    `created=${created}`,
    `keyid="${keyId}"`,
    ...(algorithm === undefined ? [] : [`alg="${algorithm}"`]),
    ...(tag === undefined ? [] : [`tag="${tag}"`]),
  ];
  return [`(${names.map((name) => `"${name}"`).join(' ')})`, ...parameters].join(';');
}

/**
 * The bytes that are signed.
 * @throws RangeError for a value with a line end
 */
export function signatureBase(components: readonly Component[], parameters: SignatureParameters): Uint8Array {
  const lines = components.map(([name, value]) => {
    if (/[\r\n]/.test(value)) throw new RangeError(`the component ${name} has a line end`);
    return `"${name}": ${value}`;
  });
  const input = signatureInput(
    components.map(([name]) => name),
    parameters,
  );
  return utf8([...lines, `"@signature-params": ${input}`].join('\n'));
}

/** The value of a `Content-Digest` header (RFC 9530, section 2). */
export function contentDigest(body: Uint8Array): string {
  return `sha-256=:${toBase64(sha256(body))}:`;
}

/** RFC 4648, section 4, with padding: what structured fields carry bytes in. */
export function toBase64(bytes: Uint8Array): string {
  const text = toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/');
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}
