/**
 * What every channel refuses before it stores anything: malformed addresses and messages beyond the bound.
 */

import { MpcError } from '../errors.ts';
import { MAX_MESSAGE_BYTES, type Parcels } from './channel.ts';

/** No `#`, which stores may use inside their own keys; 512 characters fit twice into a DynamoDB key. */
const ADDRESS_PATTERN = /^[A-Za-z0-9/_.-]{1,512}$/;

/** @throws MpcError CHANNEL_ADDRESS_MALFORMED */
export function requireAddress(topic: string, step: string): void {
  if (!ADDRESS_PATTERN.test(topic) || !ADDRESS_PATTERN.test(step)) {
    throw new MpcError('CHANNEL_ADDRESS_MALFORMED', 'topic and step are 1 to 512 of A-Z a-z 0-9 / _ . -', {
      topic,
      step,
    });
  }
}

/** @throws MpcError CHANNEL_MESSAGE_TOO_LARGE */
export function requireWithinBound(step: string, parcels: Parcels): void {
  const messages = 'everyone' in parcels ? [parcels.everyone] : parcels.to.values();
  for (const { length } of messages) {
    if (length > MAX_MESSAGE_BYTES) {
      throw new MpcError('CHANNEL_MESSAGE_TOO_LARGE', `a message has at most ${MAX_MESSAGE_BYTES} bytes`, {
        step,
        bytes: length,
      });
    }
  }
}

/** An item is written once, so a parcel that it lacks never comes. */
export function noParcel(topic: string, step: string, from: number): MpcError {
  return new MpcError('CHANNEL_ITEM_MALFORMED', `the item of party ${from} holds no parcel for this party`, {
    topic,
    step,
    from,
  });
}

export function conflict(topic: string, step: string): MpcError {
  return new MpcError('CHANNEL_CONFLICT', 'this address already holds other bytes', { topic, step });
}
