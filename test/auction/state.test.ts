import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuctionErrorCode } from '../../auction/errors.ts';
import {
  acceptsSubmissions,
  OPEN,
  parseTenderState,
  type TenderEvent,
  type TenderPhase,
  type TenderState,
  transition,
} from '../../auction/state.ts';
import { at, overTheWire, refused } from './fixture.ts';

const DEADLINE = 50;
const dated = { closesAt: at(DEADLINE) };
const undated = {};
const hashOf = (letter: string): string => `${letter.repeat(42)}A`;
const [ROOT, OTHER_ROOT, HASH, OTHER_HASH] = [hashOf('R'), hashOf('S'), hashOf('H'), hashOf('I')];

const STATES: Record<TenderPhase, TenderState> = {
  open: OPEN,
  closing: { phase: 'closing', closedAt: at(20) },
  clearing: { phase: 'clearing', closedAt: at(20), closingRoot: ROOT },
  cleared: { phase: 'cleared', closedAt: at(20), closingRoot: ROOT, outcomeHash: HASH },
};

/** Every event with every answer it can get beside phases: in time or not, the same value or another. */
const EVENTS = {
  'close-ordered': { event: { kind: 'close-ordered' }, now: 30 },
  'deadline-passed': { event: { kind: 'deadline-passed' }, now: 60 },
  'deadline-passed too early': { event: { kind: 'deadline-passed' }, now: 49 },
  'set-agreed': { event: { kind: 'set-agreed', closingRoot: ROOT }, now: 60 },
  'set-agreed on another root': { event: { kind: 'set-agreed', closingRoot: OTHER_ROOT }, now: 60 },
  'outcome-signed': { event: { kind: 'outcome-signed', outcomeHash: HASH }, now: 60 },
  'outcome-signed with another hash': { event: { kind: 'outcome-signed', outcomeHash: OTHER_HASH }, now: 60 },
} as const satisfies Record<string, { event: TenderEvent; now: number }>;

type EventName = keyof typeof EVENTS;
type Expected = 'same' | TenderState | AuctionErrorCode;

const clearing = (closingRoot: string): TenderState => ({ phase: 'clearing', closedAt: at(20), closingRoot });
const cleared = (outcomeHash: string): TenderState => ({
  phase: 'cleared',
  closedAt: at(20),
  closingRoot: ROOT,
  outcomeHash,
});

/** The whole table; a missing cell does not compile. */
const TABLE: Record<TenderPhase, Record<EventName, Expected>> = {
  open: {
    'close-ordered': { phase: 'closing', closedAt: at(30) },
    'deadline-passed': { phase: 'closing', closedAt: at(DEADLINE) },
    'deadline-passed too early': 'CLOSE_BEFORE_DEADLINE',
    'set-agreed': 'STATE_OUT_OF_ORDER',
    'set-agreed on another root': 'STATE_OUT_OF_ORDER',
    'outcome-signed': 'STATE_OUT_OF_ORDER',
    'outcome-signed with another hash': 'STATE_OUT_OF_ORDER',
  },
  closing: {
    'close-ordered': 'same',
    'deadline-passed': 'same',
    'deadline-passed too early': 'same',
    'set-agreed': clearing(ROOT),
    'set-agreed on another root': clearing(OTHER_ROOT),
    'outcome-signed': 'STATE_OUT_OF_ORDER',
    'outcome-signed with another hash': 'STATE_OUT_OF_ORDER',
  },
  clearing: {
    'close-ordered': 'same',
    'deadline-passed': 'same',
    'deadline-passed too early': 'same',
    'set-agreed': 'same',
    'set-agreed on another root': 'STATE_ROOT_CONFLICT',
    'outcome-signed': cleared(HASH),
    'outcome-signed with another hash': cleared(OTHER_HASH),
  },
  cleared: {
    'close-ordered': 'same',
    'deadline-passed': 'same',
    'deadline-passed too early': 'same',
    'set-agreed': 'same',
    'set-agreed on another root': 'STATE_ROOT_CONFLICT',
    'outcome-signed': 'same',
    'outcome-signed with another hash': 'OUTCOME_CONFLICT',
  },
};

const PHASES = keysOf(TABLE);
const EVENT_NAMES = keysOf(EVENTS);
const CELLS = PHASES.flatMap((phase) => EVENT_NAMES.map((name) => ({ phase, name })));

function keysOf<Key extends string>(record: Readonly<Record<Key, unknown>>): Key[] {
  return Object.keys(record) as Key[];
}

describe('transitions', () => {
  it.each(CELLS)('$phase, $name', ({ phase, name }) => {
    const { event, now } = EVENTS[name];
    const expected = TABLE[phase][name];
    const step = () => transition(STATES[phase], event, at(now), dated);
    if (expected === 'same') expect(step()).toBe(STATES[phase]);
    else if (typeof expected === 'string') refused(step, expected);
    else expect(step()).toEqual(expected);
  });

  it('are those that SPEC.md tells', () => {
    const spec = readFileSync(new URL('../../auction/SPEC.md', import.meta.url), 'utf8');
    const section = spec.slice(spec.indexOf('## Transitions'), spec.indexOf('## Invariants'));
    const rows = section
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) =>
        line
          .split('|')
          .map((cell) => cell.trim())
          .slice(1, -1),
      );
    expect(rows.map((row) => row[0])).toEqual(PHASES.map((phase) => `\`${phase}\``));
    const kinds = [...new Set(EVENT_NAMES.map((name) => EVENTS[name].event.kind))];
    for (const [index, phase] of PHASES.entries()) {
      for (const [column, kind] of kinds.entries()) {
        const cell = rows[index]![column + 1]!;
        const answers = EVENT_NAMES.filter((name) => EVENTS[name].event.kind === kind).map((name) => {
          const expected = TABLE[phase][name];
          return typeof expected === 'string' ? expected : expected.phase;
        });
        const told = cell.match(/same(?! root| hash)|[A-Z_]{5,}|closing|clearing|cleared/g) ?? [];
        expect(new Set(told), `${phase}, ${kind}: ${cell}`).toEqual(new Set(answers));
      }
    }
  });

  it('close a tender without deadline by order alone', () => {
    refused(() => transition(OPEN, { kind: 'deadline-passed' }, at(1e12), undated), 'CLOSE_BEFORE_DEADLINE');
    expect(transition(OPEN, { kind: 'close-ordered' }, at(7), undated)).toEqual({
      phase: 'closing',
      closedAt: at(7),
    });
  });

  it('never close later than the deadline', () => {
    const late = transition(OPEN, { kind: 'close-ordered' }, at(99), dated);
    expect(late).toEqual({ phase: 'closing', closedAt: at(DEADLINE) });
    expect(transition(OPEN, { kind: 'deadline-passed' }, at(DEADLINE), dated)).toEqual(late);
  });

  it('keep I1, I2 and I6 over random sequences of events', () => {
    const order = (state: TenderState): number => PHASES.indexOf(state.phase);
    const steps = fc.array(fc.tuple(fc.constantFrom(...EVENT_NAMES), fc.integer({ min: 0, max: 100 })), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(steps, fc.constantFrom(dated, undated), (events, terms) => {
        let state: TenderState = OPEN;
        for (const [name, now] of events) {
          const { event } = EVENTS[name];
          let next: TenderState;
          try {
            next = transition(state, event, at(now), terms);
          } catch {
            continue;
          }
          expect(order(next)).toBeGreaterThanOrEqual(order(state));
          expect(order(next) - order(state)).toBeLessThanOrEqual(1);
          if (state.phase !== 'open') expect(next).toMatchObject({ closedAt: state.closedAt });
          if (next.phase !== 'open' && terms === dated) expect(next.closedAt).toBeLessThanOrEqual(DEADLINE);
          expect(transition(next, event, at(now), terms)).toBe(next);
          state = next;
        }
      }),
    );
  });
});

describe('submissions', () => {
  it('are accepted while the tender is open and before its deadline', () => {
    const accepted = (phase: TenderPhase, now: number, terms: { closesAt?: typeof dated.closesAt }) =>
      acceptsSubmissions(STATES[phase], at(now), terms);
    expect(accepted('open', DEADLINE - 1, dated)).toBe(true);
    expect(accepted('open', DEADLINE, dated)).toBe(false);
    expect(accepted('open', 1e12, undated)).toBe(true);
    for (const phase of ['closing', 'clearing', 'cleared'] as const)
      expect(accepted(phase, 1, undated)).toBe(false);
  });
});

describe('a stored state', () => {
  it('is read back as it was written', () => {
    for (const state of Object.values(STATES)) {
      expect(parseTenderState(overTheWire(state))).toEqual(state);
    }
  });

  it.each([
    [{ phase: 'paused' }],
    [{ phase: 'closing' }],
    [{ phase: 'closing', closedAt: -1 }],
    [{ phase: 'open', closedAt: 1 }],
    [{ phase: 'clearing', closedAt: 1, closingRoot: 'x' }],
    [null],
  ])('is refused where it is %j', (json) => {
    refused(() => parseTenderState(json), 'STATE_MALFORMED');
  });
});
