/**
 * Tells events to an EventBridge bus in the party's own account: source `tacit`, the event's kind as detail type, the
 * event as detail. Rules of the operator take it from there.
 */

import { createHash } from 'node:crypto';
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { EventDestination } from './events.ts';
import { REQUEST_TIMEOUTS } from './request-timeouts.ts';

export const EVENT_BUS_SOURCE = 'tacit';

/** Name or ARN. */
export const EVENT_BUS = /^(arn:[^:]+:events:[^:]+:\d{12}:event-bus\/)?[A-Za-z0-9._/-]{1,256}$/;

/** EventBridge takes the entry or says why not, with an HTTP status of 200. */
const TAKEN = 200;
const REFUSED = 400;

/** @param bus in the form of EVENT_BUS */
export function eventBus(bus: string): EventDestination {
  let client: EventBridgeClient | undefined;
  return {
    name: 'event bus',
    id: createHash('sha256').update(`event bus ${bus}`).digest('base64url'),
    tell: async (event, abortSignal) => {
      // Loaded when there is an event, because a cold start is paid by each environment.
      const { EventBridgeClient, PutEventsCommand } = await import('@aws-sdk/client-eventbridge');
      client ??= new EventBridgeClient({ requestHandler: REQUEST_TIMEOUTS });
      const entry = {
        EventBusName: bus,
        Source: EVENT_BUS_SOURCE,
        DetailType: event.kind,
        Detail: JSON.stringify(event),
        Time: new Date(event.at),
      };
      const { FailedEntryCount: failed } = await client.send(new PutEventsCommand({ Entries: [entry] }), {
        abortSignal,
      });
      return failed === 0 ? TAKEN : REFUSED;
    },
  };
}
