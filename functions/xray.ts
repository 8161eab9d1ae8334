/**
 * Traces as X-Ray's subsegment documents, one UDP datagram each, to the daemon that Lambda runs beside a function with
 * active tracing (AWS X-Ray Developer Guide, "Sending trace data to X-Ray" and "Segment documents").
 *
 * Written here rather than taken from a library: the X-Ray SDK, which Powertools' tracer wraps, is in maintenance mode since
 * February 2026, adds 129 kB to each bundle and patches asynchronous calls to know its context; OpenTelemetry adds 300 kB.
 * What is needed is one small document at the end of a span, with named facts and no others, and context by reference.
 *
 * It costs nothing where an invocation is not sampled or no daemon is there. Datagrams that nobody receives are lost, and
 * nothing else happens: no answer is waited for, no error leaves this file. A span that is open when Lambda cuts an
 * invocation off is lost, too.
 */

import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { type SampledTrace, sampledTrace } from './trace-header.ts';
import {
  type Span,
  type SpanName,
  silentTraces,
  TRACE_FIELDS,
  type TraceFields,
  type Traces,
} from './traces.ts';

/** Set by Lambda: host and port. */
const DAEMON_VARIABLE = 'AWS_XRAY_DAEMON_ADDRESS';

const DAEMON_ADDRESS = /^(?<host>[A-Za-z0-9.-]{1,253}):(?<port>\d{1,5})$/;

/** The line before each document. */
const DOCUMENT_HEADER = '{"format": "json", "version": 1}\n';

const SEGMENT_ID_BYTES = 8;

type Send = (document: object) => void;

/** Silent where no daemon is named. */
export function xrayTraces(): Traces {
  const { host, port } = DAEMON_ADDRESS.exec(process.env[DAEMON_VARIABLE] ?? '')?.groups ?? {};
  if (host === undefined) return silentTraces;
  const leaving = new Set<Promise<void>>();
  let sendTo: ReturnType<typeof datagrams> | undefined;
  const send: Send = (document) => {
    sendTo ??= datagrams(host, Number(port));
    const left = sendTo(DOCUMENT_HEADER + JSON.stringify(document)).finally(() => leaving.delete(left));
    leaving.add(left);
  };
  return {
    begin: (name) => {
      const trace = sampledTrace();
      return trace === undefined ? silentTraces.begin(name) : spanOf(trace, trace.segment, name, send);
    },
    flush: async () => {
      await Promise.all(leaving);
    },
  };
}

/** @returns what settles when a text has left, or cannot */
function datagrams(host: string, port: number): (text: string) => Promise<void> {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  socket.unref();
  return (text) =>
    new Promise((resolve) => {
      try {
        socket.send(text, port, host, () => resolve());
      } catch {
        resolve();
      }
    });
}

function spanOf(trace: SampledTrace, parent: string, name: SpanName, send: Send): Span {
  const id = randomBytes(SEGMENT_ID_BYTES).toString('hex');
  const startedAtMs = Date.now();
  let ended = false;
  return {
    begin: (part) => spanOf(trace, id, part, send),
    end: (fields = {}) => {
      if (ended) return;
      ended = true;
      send({
        type: 'subsegment',
        trace_id: trace.id,
        parent_id: parent,
        id,
        name,
        start_time: startedAtMs / 1000,
        end_time: Date.now() / 1000,
        ...(fields.code === undefined ? {} : { fault: true }),
        annotations: annotationsOf(fields),
      });
    },
  };
}

function annotationsOf(fields: TraceFields): Readonly<Record<string, string | number>> {
  const annotations: Record<string, string | number> = {};
  for (const field of TRACE_FIELDS) {
    const value: unknown = fields[field];
    if (typeof value === 'string' || typeof value === 'number') annotations[field] = value;
  }
  return annotations;
}
