/**
 * The form of evidence: one closed union by kind of fault, each with exactly the documents that prove it.
 *
 * The documents inside have the form they were signed in, so evidence is copied together and never rewritten.
 */

import * as z from 'zod/mini';
import { closingListSchema } from './closing-list.ts';
import { type Frozen, messageSchema, passingSchema } from './evidence-messages.ts';
import { hashField, partyField } from './fields.ts';
import { signedOutcomeSchema } from './outcome.ts';
import { receiptSchema } from './receipt.ts';
import { submissionSchema } from './submission.ts';

const accused = { kind: z.literal('evidence'), tender: hashField, party: partyField };

/** Two short fields of at most 1 KB; longer text is no hello. */
const MAX_HELLO_LENGTH = 1400;
/** As posted. */
export const helloField = z
  .string()
  .check(
    z.maxLength(MAX_HELLO_LENGTH, 'must be shorter'),
    z.regex(/^[A-Za-z0-9_-]+$/, 'must be base64url without padding'),
  );
/** Of parties 0, 1 and 2. */
const threeLists = z.tuple([closingListSchema, closingListSchema, closingListSchema]);
/** A signed document that names the closing root which its party agreed to. */
const rooted = z.union([
  z.strictObject({ message: messageSchema }),
  z.strictObject({ hello: helloField }),
  z.strictObject({ outcome: signedOutcomeSchema }),
]);

export const evidenceSchema = z.discriminatedUnion('fault', [
  z.strictObject({
    ...accused,
    fault: z.literal('two-lists'),
    lists: z.tuple([closingListSchema, closingListSchema]),
  }),
  z.strictObject({
    ...accused,
    fault: z.literal('two-messages'),
    messages: z.tuple([messageSchema, messageSchema]),
  }),
  z.strictObject({ ...accused, fault: z.literal('two-hellos'), hellos: z.tuple([helloField, helloField]) }),
  z.strictObject({
    ...accused,
    fault: z.literal('two-outcomes'),
    outcomes: z.tuple([signedOutcomeSchema, signedOutcomeSchema]),
  }),
  z.strictObject({
    ...accused,
    fault: z.literal('two-receipts'),
    receipts: z.tuple([receiptSchema, receiptSchema]),
  }),
  z.strictObject({ ...accused, fault: z.literal('two-roots'), statements: z.tuple([rooted, rooted]) }),
  z.strictObject({ ...accused, fault: z.literal('list-breaks-rules'), list: closingListSchema }),
  z.strictObject({ ...accused, fault: z.literal('receipt-breaks-rules'), receipt: receiptSchema }),
  z.strictObject({ ...accused, fault: z.literal('hello-breaks-rules'), hello: helloField }),
  z.strictObject({ ...accused, fault: z.literal('outcome-breaks-rules'), outcome: signedOutcomeSchema }),
  z.strictObject({
    ...accused,
    fault: z.literal('receipt-not-listed'),
    receipt: receiptSchema,
    list: closingListSchema,
  }),
  z.strictObject({
    ...accused,
    fault: z.literal('entry-contradicts-receipt'),
    receipt: receiptSchema,
    list: closingListSchema,
  }),
  z.strictObject({
    ...accused,
    fault: z.literal('entry-contradicts-submission'),
    submission: submissionSchema,
    list: closingListSchema,
  }),
  z.strictObject({
    ...accused,
    fault: z.literal('coin-mismatch'),
    list: closingListSchema,
    passing: passingSchema,
  }),
  z.strictObject({
    ...accused,
    fault: z.literal('root-mismatch'),
    passing: passingSchema,
    lists: threeLists,
  }),
  z.strictObject({
    ...accused,
    fault: z.literal('bid-not-passed'),
    passing: passingSchema,
    lists: threeLists,
    submission: hashField,
  }),
  z.strictObject({
    ...accused,
    fault: z.literal('outcome-contradicts-lists'),
    outcome: signedOutcomeSchema,
    passing: passingSchema,
    lists: threeLists,
  }),
]);

export type Evidence = Frozen<z.output<typeof evidenceSchema>>;

export type Fault = Evidence['fault'];

/** What each kind proves. `party` signed everything that it rests on. */
export const FAULTS: Readonly<Record<Fault, string>> = {
  'two-lists': 'signed two different closing lists',
  'two-messages': 'signed two different messages of one step of the closing',
  'two-hellos': 'signed two different hellos for one attempt',
  'two-outcomes': 'signed two different outcomes',
  'two-receipts': 'gave two receipts that contradict each other',
  'two-roots': 'signed statements about two different closing sets',
  'list-breaks-rules': 'signed a closing list that no honest party signs',
  'receipt-breaks-rules': 'gave a receipt that the tender does not allow',
  'hello-breaks-rules': 'signed a hello that no honest party signs',
  'outcome-breaks-rules': 'signed an outcome that the rules of the tender exclude',
  'receipt-not-listed': 'left a submission that it gave a receipt for out of its closing list',
  'entry-contradicts-receipt': 'listed a submission otherwise than its own receipt says',
  'entry-contradicts-submission': 'listed a submission with facts that are not in it',
  'coin-mismatch': 'showed another lottery coin than its closing list commits to',
  'root-mismatch': 'named another closing root than follows from the lists it says it saw',
  'bid-not-passed': 'did not pass on a bid that it lists and a peer lacks',
  'outcome-contradicts-lists': 'signed an outcome that contradicts the lists it says it saw',
};
