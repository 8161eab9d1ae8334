/**
 * Everything the engine refuses or aborts with, as one closed union of stable codes.
 *
 * An abort is an ordinary outcome of a protocol, not a bug: it ends the attempt before anything is
 * revealed, and the caller starts another one with fresh keys. Two different checks never share a code,
 * and no message ever carries a share, a mask or a key.
 */

/** What each code means to the operator who reads it; the text tells what to do about it. */
export const MPC_ERROR_CODES = {
  BIT_VECTOR_SHAPE: 'bit vectors of different lengths were combined, or a length is out of bounds',
  VALUE_OUT_OF_RANGE: 'a value does not fit the number of bits it is given',
  CIRCUIT_INVALID: 'the circuit refers to vectors that do not exist or have the wrong width',
  CIRCUIT_OVER_BOUND: 'the circuit is larger than the engine accepts',
  CIRCUIT_INPUT_MISMATCH: 'the inputs given are not the inputs the circuit declares',
  BRISTOL_MALFORMED:
    'the file is not a circuit in the Bristol Fashion format; the line named is where it departs',
  BRISTOL_OVER_BOUND: 'the Bristol Fashion circuit is larger than the engine imports or exports',
  BRISTOL_INPUT_MISMATCH: 'the values given do not fit the inputs that the Bristol Fashion circuit declares',
  ADDRESS_REUSED: 'a message or random draw was addressed twice; masks must never repeat',
  CHANNEL_TIMEOUT: 'a peer sent nothing in time; it may be down or late',
  CHANNEL_UNAVAILABLE: 'the outbox of a party cannot be reached; it may be down, restarting or overloaded',
  CHANNEL_REFUSED: 'the outbox of a party does not exist or refuses this party; check names and permissions',
  CHANNEL_CLOSED: 'the channel was closed while a message was awaited',
  CHANNEL_CONFLICT: 'this address already holds other bytes; an address is written once',
  CHANNEL_MESSAGE_TOO_LARGE: 'the message exceeds the bound of the channel',
  CHANNEL_ADDRESS_MALFORMED: 'a topic or step has characters that no address may have',
  CHANNEL_ITEM_MALFORMED: 'an outbox item does not have the expected shape',
  CHANNEL_FRAME_MALFORMED:
    'what came over a connection is not laid out as this channel does; something else is talking to this port',
  CHANNEL_FLOODED: 'a peer pushed more than may wait unread; it is broken or cheating',
  MESSAGE_FORGED: 'a message did not authenticate under the key of this session, sender and address',
  MESSAGE_MALFORMED: 'a message has the wrong length or encoding',
  HANDSHAKE_SIGNATURE: 'a hello is not signed by the party it claims to come from',
  HANDSHAKE_MISMATCH: 'the parties disagree on a fact that the session binds',
  HANDSHAKE_KEY: 'a peer sent an ephemeral key that yields no secret; it is broken or cheating',
  ATTEMPT_SUPERSEDED: 'a peer has begun a later attempt; this one ends without a result',
  ATTEMPT_TAKEN_OVER: 'another process of this same party has begun a later attempt; this one ends for good',
  ATTEMPT_USED: 'every attempt number of this session is used up; begin a session with another identifier',
  CHECK_INCOMPLETE: 'not every AND was recorded for checking; nothing may be opened',
  CHECK_FAILED: 'a party did not prove that its AND messages were right; nothing was opened',
  CHECK_SEED_DIFFERS:
    'a prover was given another coefficient seed than its verifiers hold; nothing was opened',
  CHECK_CHALLENGES_DIFFER: 'the two verifiers of a party saw different proofs; nothing was opened',
  CHECK_UNBLINDED: 'a proof ended in a challenge that would have opened a factor without its blind',
  REVEAL_MISMATCH: 'the two neighbours hold different values of the same share',
  OUTPUTS_DIFFER: 'three parties in one process opened different outputs; that is a bug: report it',
  KERNEL_OPERAND_RANGE: 'a kernel operand or mark lies outside the memory that is allocated',
  KERNEL_OPERAND_SHAPE: 'a kernel operand has a length or count that the kernel does not take',
  KERNEL_MEMORY_FULL: 'the kernels would need more memory than they may have; work in smaller parts',
  PLAN_OVER_BOUND: 'the sizes asked for exceed what the planner and the engine accept',
} as const;

export type MpcErrorCode = keyof typeof MPC_ERROR_CODES;

/** Public facts that help to find the cause; never secrets. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean>>;

export class MpcError extends Error {
  readonly code: MpcErrorCode;
  readonly facts: ErrorFacts;

  /**
   * @param detail what was wrong here, in one sentence, without any secret
   * @param facts public values such as a step path or a lane count
   */
  constructor(code: MpcErrorCode, detail: string, facts: ErrorFacts = {}, options?: ErrorOptions) {
    super(`${code}: ${detail}`, options);
    this.name = 'MpcError';
    this.code = code;
    this.facts = facts;
  }
}
