/** Taking hellos apart and signing altered ones, for adversary tests of the handshake. */

import { frame } from '../../mpc/bytes.ts';
import type { PartyIdentity } from '../../mpc/session/identity.ts';

export function fieldsOf(framed: Uint8Array): Uint8Array[] {
  const view = new DataView(framed.buffer, framed.byteOffset, framed.length);
  const fields: Uint8Array[] = [];
  for (let offset = 0; offset < framed.length; ) {
    const length = view.getUint32(offset);
    fields.push(framed.slice(offset + 4, offset + 4 + length));
    offset += 4 + length;
  }
  return fields;
}

/** The hello with one field of its statement replaced, properly signed by `signer`. */
export function resignedHello(
  hello: Uint8Array,
  fieldIndex: number,
  value: Uint8Array | string,
  signer: PartyIdentity,
): Uint8Array {
  const fields: (Uint8Array | string)[] = fieldsOf(fieldsOf(hello)[0]!);
  fields[fieldIndex] = value;
  const statement = frame(...fields);
  return frame(statement, signer.sign(frame('tacit/1 hello', statement)));
}
