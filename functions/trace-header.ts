/**
 * The header in which Lambda tells a function of the trace that its invocation belongs to, in a variable of its own:
 * `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
 *
 * Whoever calls an API may send such a header, so nothing of it goes on that has not the form of an id.
 */

/** Set anew by Lambda before each invocation. */
const TRACE_VARIABLE = '_X_AMZN_TRACE_ID';

const TRACE_ID = /^1-[0-9a-f]{8}-[0-9a-f]{24}$/;
const SEGMENT_ID = /^[0-9a-f]{16}$/;

export interface SampledTrace {
  readonly id: string;
  /** Of the segment that Lambda makes of this invocation. */
  readonly segment: string;
}

/** Of the invocation that is running; undefined where it is not sampled, or not on Lambda. */
export function sampledTrace(): SampledTrace | undefined {
  const header = process.env[TRACE_VARIABLE];
  return header === undefined ? undefined : parseTraceHeader(header);
}

/** @returns undefined for a trace that is not sampled, and for what is no such header */
export function parseTraceHeader(header: string): SampledTrace | undefined {
  const fields = new Map(
    header.split(';').map((field) => {
      const [name = '', value = ''] = field.split('=', 2);
      return [name, value];
    }),
  );
  const id = fields.get('Root') ?? '';
  const segment = fields.get('Parent') ?? '';
  if (fields.get('Sampled') !== '1' || !TRACE_ID.test(id) || !SEGMENT_ID.test(segment)) return undefined;
  return { id, segment };
}
