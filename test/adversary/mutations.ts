/**
 * Every message of the verified protocol times every mutation, with what the two honest parties must end in.
 *
 * Columns: the corrupt party's previous neighbour (its left verifier), then its next (its right verifier). `outputs`
 * means the right ones. The tests run all of it for each corrupt party and compare exactly; docs/threat-model.md shows it.
 */

import type { MpcErrorCode } from '../../mpc/errors.ts';
import type { MutationName } from './catalogue.ts';
import type { Target } from './mutation.ts';
import { HELLO } from './transcript.ts';

export type Ending = 'outputs' | MpcErrorCode;

export interface ExpectedCase {
  readonly mutations: readonly MutationName[];
  /** More than one only where it depends on the bit that was hit. */
  readonly previous: readonly Ending[];
  readonly next: readonly Ending[];
}

export interface ExpectedMessage {
  readonly title: string;
  readonly target: Target;
  readonly cases: readonly ExpectedCase[];
}

const FLIPS = ['flip a bit', 'flip some bits'] as const;
const CONSTANTS = ['all zeros', 'all ones'] as const;
const REPLACED = [...CONSTANTS, 'random bytes', 'replay of an earlier attempt'] as const;
const OTHER_BYTES = [...FLIPS, ...REPLACED] as const;
const OTHER_LENGTH = ['truncate', 'lengthen', 'empty'] as const;
const ECHO = 'echo of the peers (rushing)';
const OTHER_STEP = 'bytes of another step';
const SWAPPED = 'recipients swapped';
const ABSENT = ['too late', 'network: withhold'] as const;
/** What changes nothing that a receiver could see. */
const HARMLESS = [
  'late, within the wait',
  'last of all (rushing)',
  'posted twice',
  'posted again with other bytes',
] as const;
const OTHER_PARCEL = 'network: parcel of the other recipient';
const NETWORK_BYTES = ['network: all zeros', 'network: random bytes'] as const;
const NETWORK_LENGTH = ['network: truncate', 'network: lengthen', 'network: empty'] as const;
const SPOOFED = ['network: parcel of the third party', "network: the reader's own message"] as const;
const NETWORK_REPLAY = 'network: replay of an earlier attempt';
/** Whatever a carrier does to a sealed message. */
const NETWORK_FORGERIES = [
  'network: flip a bit',
  ...NETWORK_BYTES,
  ...NETWORK_LENGTH,
  ...SPOOFED,
  NETWORK_REPLAY,
] as const;

function ending(
  previous: Ending | readonly Ending[],
  next: Ending | readonly Ending[],
  ...mutations: readonly MutationName[]
): ExpectedCase {
  const list = (value: Ending | readonly Ending[]) => (typeof value === 'string' ? [value] : value);
  return { mutations, previous: list(previous), next: list(next) };
}

function both(endings: Ending | readonly Ending[], ...mutations: readonly MutationName[]): ExpectedCase {
  return ending(endings, endings, ...mutations);
}

/** An AND layer: one parcel, to the previous party; the next one waits in vain when that stops. */
function andLayer(step: string, otherStepAtNext: Ending): ExpectedMessage {
  return {
    title: step,
    target: { step },
    cases: [
      both('CHECK_FAILED', ...OTHER_BYTES, ECHO),
      ending('MESSAGE_MALFORMED', 'CHANNEL_TIMEOUT', ...OTHER_LENGTH),
      ending('MESSAGE_MALFORMED', otherStepAtNext, OTHER_STEP),
      both('CHANNEL_TIMEOUT', 'drop', ...ABSENT, OTHER_PARCEL),
      ending('MESSAGE_FORGED', 'CHANNEL_TIMEOUT', ...NETWORK_FORGERIES),
      both('outputs', ...HARMLESS, SWAPPED),
    ],
  };
}

export const EXPECTED: readonly ExpectedMessage[] = [
  {
    title: 'hello',
    target: { step: HELLO },
    cases: [
      both(['HANDSHAKE_SIGNATURE', 'MESSAGE_MALFORMED'], ...FLIPS, 'network: flip a bit'),
      both('MESSAGE_MALFORMED', ...OTHER_LENGTH, ...CONSTANTS, 'random bytes'),
      both('MESSAGE_MALFORMED', ...NETWORK_LENGTH, ...NETWORK_BYTES),
      both('HANDSHAKE_MISMATCH', 'replay of an earlier attempt', NETWORK_REPLAY),
      both('HANDSHAKE_SIGNATURE', ECHO, ...SPOOFED),
      both('CHANNEL_TIMEOUT', 'drop', ...ABSENT, OTHER_STEP, OTHER_PARCEL),
      both('outputs', ...HARMLESS, SWAPPED),
    ],
  },
  andLayer('and/1', 'CHANNEL_TIMEOUT'),
  andLayer('and/3', 'MESSAGE_MALFORMED'),
  {
    title: 'check/seed',
    target: { step: 'check/seed' },
    cases: [
      ending('CHECK_SEED_DIFFERS', 'CHANNEL_TIMEOUT', ...OTHER_BYTES, ECHO),
      ending('CHANNEL_TIMEOUT', 'MESSAGE_MALFORMED', ...OTHER_LENGTH, OTHER_STEP),
      both('CHANNEL_TIMEOUT', 'drop', ...ABSENT, OTHER_PARCEL),
      ending('CHANNEL_TIMEOUT', 'MESSAGE_FORGED', ...NETWORK_FORGERIES),
      both('outputs', ...HARMLESS, SWAPPED),
    ],
  },
  {
    title: 'check/proof to the right verifier',
    target: { step: 'check/proof', to: 'next' },
    cases: [
      ending(
        ['CHECK_CHALLENGES_DIFFER', 'CHANNEL_TIMEOUT'],
        ['CHECK_CHALLENGES_DIFFER', 'CHECK_SEED_DIFFERS'],
        ...FLIPS,
      ),
      ending('CHANNEL_TIMEOUT', 'CHECK_SEED_DIFFERS', ...REPLACED),
      ending('CHANNEL_TIMEOUT', 'MESSAGE_MALFORMED', ...OTHER_LENGTH),
      both('MESSAGE_MALFORMED', OTHER_STEP, SWAPPED, ECHO),
      ending('CHANNEL_TIMEOUT', 'CHANNEL_ITEM_MALFORMED', 'drop'),
      both('CHANNEL_TIMEOUT', ...ABSENT),
      ending('CHANNEL_TIMEOUT', 'MESSAGE_FORGED', ...NETWORK_FORGERIES, OTHER_PARCEL),
      both('outputs', ...HARMLESS),
    ],
  },
  {
    title: 'check/proof to the left verifier',
    target: { step: 'check/proof', to: 'previous' },
    cases: [
      both('CHECK_CHALLENGES_DIFFER', ...FLIPS, 'all ones', 'random bytes', 'replay of an earlier attempt'),
      ending('CHECK_UNBLINDED', 'CHANNEL_TIMEOUT', 'all zeros'),
      ending('MESSAGE_MALFORMED', 'CHANNEL_TIMEOUT', ...OTHER_LENGTH),
      both('MESSAGE_MALFORMED', OTHER_STEP, SWAPPED, ECHO),
      ending('CHANNEL_ITEM_MALFORMED', 'CHANNEL_TIMEOUT', 'drop'),
      both('CHANNEL_TIMEOUT', ...ABSENT),
      ending('MESSAGE_FORGED', 'CHANNEL_TIMEOUT', ...NETWORK_FORGERIES, OTHER_PARCEL),
      both('outputs', ...HARMLESS),
    ],
  },
  {
    title: 'check/verdict about the previous party',
    target: { step: 'check/verdict', to: 'next' },
    cases: [
      ending('CHANNEL_TIMEOUT', ['CHECK_CHALLENGES_DIFFER', 'CHECK_FAILED'], ...FLIPS),
      ending('CHANNEL_TIMEOUT', 'CHECK_CHALLENGES_DIFFER', ...REPLACED),
      ending('CHANNEL_TIMEOUT', 'MESSAGE_MALFORMED', ...OTHER_LENGTH),
      both('CHECK_CHALLENGES_DIFFER', SWAPPED, ECHO),
      both('MESSAGE_MALFORMED', OTHER_STEP),
      ending('CHANNEL_TIMEOUT', 'CHANNEL_ITEM_MALFORMED', 'drop'),
      both('CHANNEL_TIMEOUT', 'too late'),
      ending('CHANNEL_TIMEOUT', 'CHANNEL_TIMEOUT', 'network: withhold'),
      ending('CHANNEL_TIMEOUT', 'MESSAGE_FORGED', ...NETWORK_FORGERIES, OTHER_PARCEL),
      both('outputs', ...HARMLESS),
    ],
  },
  {
    title: 'check/verdict about the next party',
    target: { step: 'check/verdict', to: 'previous' },
    cases: [
      ending(['CHECK_CHALLENGES_DIFFER', 'CHECK_FAILED'], 'CHANNEL_TIMEOUT', ...FLIPS),
      ending('CHECK_CHALLENGES_DIFFER', 'CHANNEL_TIMEOUT', ...REPLACED),
      ending('MESSAGE_MALFORMED', 'CHANNEL_TIMEOUT', ...OTHER_LENGTH),
      both('CHECK_CHALLENGES_DIFFER', SWAPPED, ECHO),
      both('MESSAGE_MALFORMED', OTHER_STEP),
      ending('CHANNEL_ITEM_MALFORMED', 'CHANNEL_TIMEOUT', 'drop'),
      both('CHANNEL_TIMEOUT', ...ABSENT),
      ending('MESSAGE_FORGED', 'CHANNEL_TIMEOUT', ...NETWORK_FORGERIES, OTHER_PARCEL),
      both('outputs', ...HARMLESS),
    ],
  },
  {
    title: 'open: the share',
    target: { step: 'open', to: 'next' },
    cases: [
      ending('outputs', 'REVEAL_MISMATCH', ...OTHER_BYTES),
      ending('outputs', 'MESSAGE_MALFORMED', ...OTHER_LENGTH),
      ending('REVEAL_MISMATCH', 'MESSAGE_MALFORMED', SWAPPED, ECHO),
      both('MESSAGE_MALFORMED', OTHER_STEP),
      ending('outputs', 'CHANNEL_ITEM_MALFORMED', 'drop'),
      both('CHANNEL_TIMEOUT', 'too late'),
      ending('outputs', 'CHANNEL_TIMEOUT', 'network: withhold'),
      ending('outputs', 'MESSAGE_FORGED', ...NETWORK_FORGERIES, OTHER_PARCEL),
      both('outputs', ...HARMLESS),
    ],
  },
  {
    title: 'open: the hash',
    target: { step: 'open', to: 'previous' },
    cases: [
      ending('REVEAL_MISMATCH', 'outputs', ...OTHER_BYTES, ...OTHER_LENGTH),
      ending('REVEAL_MISMATCH', 'MESSAGE_MALFORMED', SWAPPED, ECHO),
      both('MESSAGE_MALFORMED', OTHER_STEP),
      ending('CHANNEL_ITEM_MALFORMED', 'outputs', 'drop'),
      both('CHANNEL_TIMEOUT', 'too late'),
      ending('CHANNEL_TIMEOUT', 'outputs', 'network: withhold'),
      ending('MESSAGE_FORGED', 'outputs', ...NETWORK_FORGERIES, OTHER_PARCEL),
      both('outputs', ...HARMLESS),
    ],
  },
];

/** The table as Markdown; docs/threat-model.md holds it between its markers. */
export function renderMutations(): string {
  const rows = EXPECTED.flatMap(({ title, cases }) =>
    cases.map(
      ({ mutations, previous, next }) =>
        `| ${title} | ${mutations.join('; ')} | ${previous.join(' or ')} | ${next.join(' or ')} |`,
    ),
  );
  return [
    '| message | what is done to it | previous party | next party |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
