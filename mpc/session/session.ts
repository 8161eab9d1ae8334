import type { Channel } from '../channels/channel.ts';
import type { Clock } from '../clock.ts';
import type { ProtocolName } from '../protocols/protocol.ts';
import type { Prss } from '../random/prss.ts';
import type { PartyIdentity, PartyPublic } from './identity.ts';
import type { Links } from './links.ts';

export interface SessionBinding {
  readonly protocol: ProtocolName;
  readonly circuitHash: Uint8Array;
  readonly inputSetRoot: Uint8Array;
}

export interface SessionParameters {
  readonly sessionId: string;
  readonly identity: PartyIdentity;
  readonly parties: readonly [PartyPublic, PartyPublic, PartyPublic];
  readonly channel: Channel;
  readonly clock: Clock;
  /** That many bytes from a cryptographic generator. */
  random(bytes: number): Uint8Array;
  readonly binding: SessionBinding;
  readonly handshakeTimeoutMs: number;
  readonly messageTimeoutMs: number;
  readonly watchIntervalMs?: number;
  readonly signal?: AbortSignal;
}

export interface Session {
  readonly attempt: number;
  readonly links: Links;
  readonly prss: Prss;
  close(): void;
}

export declare function openSession(parameters: SessionParameters): Promise<Session>;

export declare function runAttempts<T>(
  parameters: SessionParameters,
  maxAttempts: number,
  job: (session: Session) => Promise<T>,
): Promise<{ attempt: number; result: T }>;
