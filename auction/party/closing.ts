/**
 * Agreement on which bids count: two to four messages from each party, signed, for everyone to read.
 *
 * (1) `list`: what the party received, and a commitment to its lottery coin. The three lists decide the closing
 * set (`closing-set.ts`): a submission counts if two parties list it in time. (2) `passing`: the coin, the lists
 * as this party saw them, and each live bid that a peer lacks, from the lowest party that lists it. (3) and
 * (4), only where a bid was passed on or an envelope cannot be opened: `repair-request`, and `repair` where
 * somebody asked.
 *
 * Against one corrupt party: it cannot drop or forge a bid or make a late one count, since two lists decide; it
 * cannot show its peers different lists, since the views are compared; it cannot choose its coin after it saw
 * the others', since its list commits to it; it cannot change a bid it passes on, since the bid is signed and
 * its hash is in the lists. It can stay silent or withhold a bid, and so prevent a result; the error names it.
 *
 * Everything said is recalled after a crash and never said differently. Cost: one signature a message, and this
 * party's envelope of every live bid is opened, so that clearing has its inputs.
 */

import type { Channel } from '../../mpc/channels/channel.ts';
import { type Clock, type EpochMs, toEpochMs } from '../../mpc/clock.ts';
import { PARTIES, type PartyIndex } from '../../mpc/party.ts';
import { canonicalBytes, fromBase64url, toBase64url } from '../canonical.ts';
import {
  type ClosingList,
  checkClosingList,
  createClosingList,
  listEntryOf,
  MAX_LIST_ENTRIES,
} from '../closing-list.ts';
import { type ClosingLists, type ClosingSet, closingSet } from '../closing-set.ts';
import { closingView } from '../closing-view.ts';
import type { SharePair } from '../commitment.ts';
import { AuctionError } from '../errors.ts';
import { COIN_BYTES, type Coins, checkCoins, coinCommitment } from '../lottery.ts';
import { bidsToPass } from '../passed-bids.ts';
import type { PartyRecords, TenderTerms } from '../tender.ts';
import {
  type Passing,
  parseJson,
  readPassing,
  readRepair,
  readRepairRequest,
  requireRoot,
  writeMessage,
} from './closing-messages.ts';
import { Conversation } from './conversation.ts';
import type { PartyKeys } from './keys.ts';
import { heldLiveBids, joinBids, type OpenedBids, openBids, receivePassed } from './passing.ts';
import { makeParcels, openParcels, type Requests } from './repair.ts';
import { nodeSignatures } from './signatures-node.ts';
import type { AuctionStore } from './store.ts';

export type ClosingStep = 'list' | 'passing' | 'repair-request' | 'repair';

export interface ClosingParameters {
  readonly terms: TenderTerms;
  readonly parties: PartyRecords;
  readonly keys: PartyKeys;
  readonly store: AuctionStore;
  readonly channel: Channel;
  readonly clock: Clock;
  random(bytes: number): Uint8Array;
  /** From the state: since then this party takes nothing in. */
  readonly closedAt: EpochMs;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  onStep(step: ClosingStep): void;
}

export interface Closing {
  readonly lists: ClosingLists;
  readonly set: ClosingSet;
  readonly coins: Coins;
  /** This party's shares of every live bid, by the hash of the bid. */
  readonly shares: ReadonlyMap<string, SharePair>;
  /** Message rounds it took: 2 to 4. */
  readonly rounds: number;
}

/**
 * @throws AuctionError CLOSING_*, COIN_*, LOT_UNKNOWN; MpcError CHANNEL_TIMEOUT where a peer does not take part
 */
export async function agreeOnClosing(parameters: ClosingParameters): Promise<Closing> {
  const { terms, store, onStep } = parameters;
  const conversation = new Conversation({ ...parameters, topic: topicOf(terms) });
  onStep('list');
  const lists = await exchangeLists(parameters, conversation);
  const set = closingSet(terms, lists);
  const held = await openBids(parameters, await heldLiveBids(store, terms, set));
  onStep('passing');
  const passings = await exchangePassings(parameters, conversation, lists, set, held);
  const coins: Coins = [passings[0].coin, passings[1].coin, passings[2].coin];
  checkCoins(lists, coins);
  const passed = await openBids(parameters, receivePassed(parameters, lists, set, passings));
  const opened = joinBids(held, passed);
  const { repaired, rounds } = await repair(
    parameters,
    conversation,
    set,
    passings,
    opened,
    passed.unreadable,
  );
  const shares = new Map([...opened.shares, ...repaired]);
  requireEveryShare(set, shares);
  return { lists, set, coins, shares, rounds };
}

/** Whether this party's closing list is made and names the submission. */
export async function listedAtClosing(
  parameters: Pick<ClosingParameters, 'channel' | 'terms' | 'parties'>,
  submission: string,
): Promise<boolean> {
  const list = await parameters.channel.recall(topicOf(parameters.terms), 'list');
  if (list === undefined) return false;
  const { entries } = checkClosingList(parseJson(list), parameters, nodeSignatures);
  return entries.some((entry) => entry.submission === submission);
}

function topicOf({ id }: TenderTerms): string {
  return `${id}/closing`;
}

async function exchangeLists(
  parameters: ClosingParameters,
  conversation: Conversation,
): Promise<ClosingLists> {
  const own = await conversation.say('list', async () => canonicalBytes(await makeList(parameters)));
  return await fromEach(parameters, own, async (party, said) => {
    const bytes = said ?? (await conversation.hear('list', party));
    const list = checkClosingList(parseJson(bytes), parameters, nodeSignatures);
    if (list.party === party) return list;
    throw new AuctionError('CLOSING_MESSAGE_SIGNATURE', `party ${party} posted a list of another party`, {
      party,
    });
  });
}

/**
 * Whoever holds a receipt is in it. Functions of one party run on several machines: `closedAt` is moved up to
 * the latest receipt where their clocks differ by a little. Beyond the bound the latest submissions are left
 * out, so that nobody can prevent a closing by flooding.
 */
async function makeList(parameters: ClosingParameters): Promise<ClosingList> {
  const { terms, keys, store, closedAt } = parameters;
  const entries = (await store.submissions(terms.id))
    .map(({ submission, receipt }) => listEntryOf(submission, receipt.receivedAt))
    .sort((left, right) => left.receivedAt - right.receivedAt)
    .slice(0, MAX_LIST_ENTRIES);
  return createClosingList({
    terms,
    party: keys.index,
    signer: keys.signing,
    closedAt: toEpochMs(Math.max(closedAt, entries.at(-1)?.receivedAt ?? 0)),
    entries,
    coinCommitment: coinCommitment(fromBase64url(await ownCoin(parameters)), terms.id, keys.index),
  });
}

/** Drawn once and kept before anything commits to it. */
function ownCoin({ terms, store, random }: ClosingParameters): Promise<string> {
  return store.putCoin(terms.id, toBase64url(random(COIN_BYTES)));
}

async function exchangePassings(
  parameters: ClosingParameters,
  conversation: Conversation,
  lists: ClosingLists,
  set: ClosingSet,
  held: OpenedBids,
): Promise<readonly [Passing, Passing, Passing]> {
  const { terms, keys } = parameters;
  const view = closingView(lists);
  const own = await conversation.say('passing', async () =>
    writeMessage(
      {
        kind: 'closing-passing',
        tender: terms.id,
        party: keys.index,
        root: set.root,
        view,
        coin: await ownCoin(parameters),
        bids: bidsToPass(keys.index, lists, set).flatMap((bid) => held.bids.get(bid) ?? []),
        unreadable: [...held.unreadable],
      },
      keys.signing,
    ),
  );
  return await fromEach(parameters, own, async (party, said) => {
    const bytes = said ?? (await conversation.hear('passing', party));
    const passing = readPassing(bytes, { ...parameters, from: party });
    if (passing.view !== view) {
      throw new AuctionError(
        'CLOSING_VIEWS_DIFFER',
        `party ${party} saw other closing lists than this party; somebody showed two`,
        { party },
      );
    }
    return requireRoot(passing, set.root);
  });
}

/** Steps (3) and (4), as far as the public messages say that they are needed. */
async function repair(
  parameters: ClosingParameters,
  conversation: Conversation,
  set: ClosingSet,
  passings: readonly [Passing, Passing, Passing],
  opened: OpenedBids,
  unreadable: readonly string[],
): Promise<{ readonly repaired: ReadonlyMap<string, SharePair>; readonly rounds: number }> {
  const { terms, keys, onStep } = parameters;
  const context = { tender: terms.id, party: keys.index, root: set.root };
  let asked: readonly { readonly party: PartyIndex; readonly unreadable: readonly string[] }[] = passings;
  let rounds = 2;
  if (passings.some(({ bids }) => bids.length > 0)) {
    onStep('repair-request');
    const own = await conversation.say('repair-request', async () =>
      writeMessage({ kind: 'closing-repair-request', ...context, unreadable: [...unreadable] }, keys.signing),
    );
    const requests = await fromEach(parameters, own, async (party, said) => {
      const bytes = said ?? (await conversation.hear('repair-request', party));
      return requireRoot(readRepairRequest(bytes, { ...parameters, from: party }), set.root);
    });
    asked = [...asked, ...requests];
    rounds += 1;
  }
  const requests: Requests = new Map(
    PARTIES.map((party) => [
      party,
      asked.filter((message) => message.party === party).flatMap((message) => message.unreadable),
    ]),
  );
  if (asked.every((message) => message.unreadable.length === 0)) return { repaired: new Map(), rounds };
  onStep('repair');
  const repairContext = { ...parameters, root: set.root };
  const own = await conversation.say('repair', async () => {
    const parcels = await makeParcels(repairContext, requests, opened.shares);
    return writeMessage({ kind: 'closing-repair', ...context, parcels }, keys.signing);
  });
  const wanted = (requests.get(keys.index) ?? []).flatMap((bid) => {
    const sealed = opened.bids.get(bid);
    return sealed === undefined ? [] : [{ submission: bid, sealed }];
  });
  if (wanted.length === 0) return { repaired: new Map(), rounds: rounds + 1 };
  const repairs = await fromEach(parameters, own, async (party, said) => {
    const bytes = said ?? (await conversation.hear('repair', party));
    return requireRoot(readRepair(bytes, { ...parameters, from: party }), set.root);
  });
  return { repaired: await openParcels(repairContext, repairs, wanted), rounds: rounds + 1 };
}

function requireEveryShare(set: ClosingSet, shares: ReadonlyMap<string, SharePair>): void {
  for (const { submission, lot, bidder } of [...set.live.values()].flat()) {
    if (shares.has(submission)) continue;
    throw new AuctionError('CLOSING_SHARES_LOST', 'this party has no shares of a bid that counts', {
      lot,
      bidder,
    });
  }
}

/** What each party said, in their order; `own` is what this party said itself. */
async function fromEach<Message>(
  { keys }: ClosingParameters,
  own: Uint8Array,
  read: (party: PartyIndex, said: Uint8Array | undefined) => Promise<Message>,
): Promise<readonly [Message, Message, Message]> {
  const messageOf = (party: PartyIndex) =>
    naming(party, () => read(party, party === keys.index ? own : undefined));
  return await Promise.all([messageOf(PARTIES[0]), messageOf(PARTIES[1]), messageOf(PARTIES[2])]);
}

/**
 * A refusal names the party in whose outbox the message was, whatever the message says of itself: that party, or
 * whoever carries its outbox, put it there.
 */
async function naming<Message>(party: PartyIndex, read: () => Promise<Message>): Promise<Message> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof AuctionError)) throw error;
    throw new AuctionError(error.code, error.detail, { ...error.facts, party }, { cause: error });
  }
}
