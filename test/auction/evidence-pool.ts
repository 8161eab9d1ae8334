/**
 * Everything that three parties signed in a whole auction, collected from their outboxes, answers and receipts,
 * and every way of putting it together into evidence.
 */

import { toBase64url } from '../../auction/canonical.ts';
import type { ClosingList } from '../../auction/closing-list.ts';
import { FAULTS, type Fault } from '../../auction/evidence-document.ts';
import type { SignedMessage } from '../../auction/evidence-messages.ts';
import type { SignedDocuments } from '../../auction/evidence-search.ts';
import type { SignedOutcome } from '../../auction/outcome.ts';
import { nodeSignatures } from '../../auction/party/signatures-node.ts';
import { signDocument, signerOf } from '../../auction/signature.ts';
import type { SealedBid, Submission } from '../../auction/submission.ts';
import type { Delivery } from '../../mpc/channels/memory.ts';
import type { PartyIndex } from '../../mpc/party.ts';
import { type AuctionWorld, openWorld, random, type WorldOptions } from '../support/auction-world.ts';

export type Pool = { -readonly [Kind in keyof SignedDocuments]: SignedDocuments[Kind][number][] };

export function emptyPool(): Pool {
  return { lists: [], messages: [], outcomes: [], hellos: [], receipts: [], submissions: [] };
}

/** A world whose public items are put into the pool as they are read. */
export async function watchedWorld(
  options: WorldOptions = {},
  withholds: (delivery: Delivery) => boolean = () => false,
): Promise<{ readonly world: AuctionWorld; readonly pool: Pool }> {
  const pool = emptyPool();
  const seen = new Set<string>();
  const deliver = (delivery: Delivery): Uint8Array | undefined => {
    const { topic, step, from, bytes } = delivery;
    const address = `${topic} ${step} ${from}`;
    if (!seen.has(address)) {
      seen.add(address);
      addItem(pool, delivery);
    }
    return withholds(delivery) ? undefined : bytes;
  };
  return { world: await openWorld({ ...options, network: { deliver } }), pool };
}

function addItem(pool: Pool, { topic, step, from, bytes }: Delivery): void {
  const json = () => JSON.parse(new TextDecoder().decode(bytes));
  if (topic.endsWith('/hello')) pool.hellos.push({ party: from, hello: toBase64url(bytes) });
  else if (topic.endsWith('/outcome')) pool.outcomes.push(json() as SignedOutcome);
  else if (topic.endsWith('/closing') && step === 'list') pool.lists.push(json() as ClosingList);
  else if (topic.endsWith('/closing')) pool.messages.push(json() as SignedMessage);
}

/** An honest auction with every message there is: a bid passed on, an envelope repaired, two attempts. */
export async function honestAuction(): Promise<{ readonly world: AuctionWorld; readonly pool: Pool }> {
  const { world, pool } = await watchedWorld(
    {
      spec: { tieBreak: 'lottery', closesAt: '1970-01-01T00:01:00Z' },
      timeouts: { messageTimeoutMs: 50 },
    },
    ({ topic }) => topic.endsWith('/attempt/1'),
  );
  const submit = async (submission: Submission, to?: readonly PartyIndex[]) => {
    pool.submissions.push(submission);
    pool.receipts.push(...(await world.submit(submission, to)));
  };
  await submit(await world.bid('Ann', 5n));
  await submit(await world.bid('Bob', 7n), [0, 2]);
  await submit(await world.bid('Bob', 6n, { version: 2 }), [0, 2]);
  await submit(withBadEnvelope(world, await world.bid('Cid', 8n)), [0, 2]);
  await submit(await world.bid('Dan', 1n));
  await submit(world.withdrawal('Dan', 2));
  await submit(await world.bid('Eve', 2n), [1]);
  await world.closeAll();
  const reports = await world.clearAll();
  pool.outcomes.push(...reports.map(({ outcome }) => outcome));
  return { world, pool };
}

/** Party 1 cannot open its envelope. */
function withBadEnvelope(world: AuctionWorld, bid: Submission): Submission {
  const { signature: _, ...body } = bid as SealedBid;
  const [first, second, third] = body.envelopes;
  const changed = {
    ...body,
    envelopes: [first, { ...second, encapsulated: toBase64url(random(32)) }, third] as const,
  };
  const signer = signerOf(world.bidderSecretKey(bid.bidder), nodeSignatures);
  return { ...changed, signature: signDocument('bid', changed, signer) };
}

export function joinPools(...pools: readonly Pool[]): Pool {
  const joined = emptyPool();
  for (const pool of pools) {
    joined.lists.push(...pool.lists);
    joined.messages.push(...pool.messages);
    joined.outcomes.push(...pool.outcomes);
    joined.hellos.push(...pool.hellos);
    joined.receipts.push(...pool.receipts);
    joined.submissions.push(...pool.submissions);
  }
  return joined;
}

type Documents = Readonly<Record<string, unknown>>;

const pairs = <Item>(items: readonly Item[]): (readonly [Item, Item])[] =>
  items.flatMap((left) => items.map((right) => [left, right] as const));

const combined = <Left, Right, Made>(
  left: readonly Left[],
  right: readonly Right[],
  make: (left: Left, right: Right) => Made,
): Made[] => left.flatMap((one) => right.map((other) => make(one, other)));

/** The documents of evidence of each kind, in every combination that the pool allows. */
export function arrangements(pool: Pool): Readonly<Record<Fault, readonly Documents[]>> {
  const { lists, messages, outcomes, receipts, submissions } = pool;
  const hellos = pool.hellos.map(({ hello }) => hello);
  const passings = messages.filter(({ kind }) => kind === 'closing-passing');
  const rooted = [
    ...messages.map((message) => ({ message })),
    ...hellos.map((hello) => ({ hello })),
    ...outcomes.map((outcome) => ({ outcome })),
  ];
  const by = (party: PartyIndex) => lists.filter((list) => list.party === party);
  const triples = by(0).flatMap((first) =>
    by(1).flatMap((second) => by(2).map((third) => [first, second, third] as const)),
  );
  const seen = combined(passings, triples, (passing, three) => ({ passing, lists: three }));
  const hashes = [...new Set(lists.flatMap(({ entries }) => entries.map(({ submission }) => submission)))];
  return {
    'two-lists': pairs(lists).map((pair) => ({ lists: pair })),
    'two-messages': pairs(messages).map((pair) => ({ messages: pair })),
    'two-hellos': pairs(hellos).map((pair) => ({ hellos: pair })),
    'two-outcomes': pairs(outcomes).map((pair) => ({ outcomes: pair })),
    'two-receipts': pairs(receipts).map((pair) => ({ receipts: pair })),
    'two-roots': pairs(rooted).map((statements) => ({ statements })),
    'list-breaks-rules': lists.map((list) => ({ list })),
    'receipt-breaks-rules': receipts.map((receipt) => ({ receipt })),
    'hello-breaks-rules': hellos.map((hello) => ({ hello })),
    'outcome-breaks-rules': outcomes.map((outcome) => ({ outcome })),
    'receipt-not-listed': combined(receipts, lists, (receipt, list) => ({ receipt, list })),
    'entry-contradicts-receipt': combined(receipts, lists, (receipt, list) => ({ receipt, list })),
    'entry-contradicts-submission': combined(submissions, lists, (submission, list) => ({
      submission,
      list,
    })),
    'coin-mismatch': combined(passings, lists, (passing, list) => ({ passing, list })),
    'root-mismatch': seen,
    'bid-not-passed': combined(seen, hashes, (documents, submission) => ({ ...documents, submission })),
    'outcome-contradicts-lists': combined(seen, outcomes, (documents, outcome) => ({
      ...documents,
      outcome,
    })),
  };
}

export const ALL_FAULTS = Object.keys(FAULTS) as readonly Fault[];
