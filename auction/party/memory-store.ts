/**
 * A party's store in memory: for the three parties in one process and for tests. Nothing survives the process.
 */

import { PARTIES } from '../../mpc/party.ts';
import type { SignedOutcome } from '../outcome.ts';
import { OPEN, type TenderState } from '../state.ts';
import type { SignedTender, TenderId } from '../tender.ts';
import { behindDueKeysOf, type DueList, type DueTender, dueKey } from './due-list.ts';
import type {
  AuctionStore,
  NameClaim,
  PutResult,
  StoredOutcome,
  StoredState,
  StoredSubmission,
  TenderPage,
  TenderPageRequest,
} from './store.ts';

type OutcomeSignature = SignedOutcome['signatures'][number];

interface TenderRecords {
  readonly signed: SignedTender;
  readonly names: Map<string, string>;
  /** By lot, then bidder, then version. */
  readonly submissions: Map<string, Map<string, Map<number, StoredSubmission>>>;
  readonly signatures: Map<number, OutcomeSignature>;
  state: StoredState;
  coin: string | undefined;
  outcome: StoredOutcome | undefined;
}

export class MemoryStore implements AuctionStore {
  readonly #tenders = new Map<TenderId, TenderRecords>();
  readonly #due = new Map<string, DueTender>();
  #completedFor: string | undefined;

  async putTender(id: TenderId, signed: SignedTender): Promise<PutResult> {
    if (this.#tenders.has(id)) return 'exists';
    this.#tenders.set(id, {
      signed,
      names: new Map(),
      submissions: new Map(),
      signatures: new Map(),
      state: { state: OPEN, revision: 0 },
      coin: undefined,
      outcome: undefined,
    });
    return 'stored';
  }

  async tender(id: TenderId): Promise<SignedTender | undefined> {
    return this.#tenders.get(id)?.signed;
  }

  async tenders(): Promise<readonly TenderId[]> {
    return [...this.#tenders.keys()];
  }

  async tenderPage({ limit, after = '' as TenderId }: TenderPageRequest): Promise<TenderPage> {
    const behind = [...this.#tenders.keys()].sort().filter((id) => id > after);
    const tenders = behind.slice(0, limit);
    const next = tenders.at(-1);
    return behind.length > limit && next !== undefined ? { tenders, next } : { tenders };
  }

  async nameHolder(id: TenderId, bidder: string): Promise<string | undefined> {
    return this.#recordsOf(id).names.get(bidder);
  }

  async claimName(id: TenderId, bidder: string, bidderKey: string): Promise<NameClaim> {
    const { names } = this.#recordsOf(id);
    const first = !names.has(bidder);
    return { holder: keepFirst(names, bidder, bidderKey), first };
  }

  async putSubmission(id: TenderId, stored: StoredSubmission): Promise<PutResult> {
    const { lot, bidder, version } = stored.submission;
    const ofLot = keepFirst(this.#recordsOf(id).submissions, lot, new Map());
    const versions = keepFirst(ofLot, bidder, new Map<number, StoredSubmission>());
    if (versions.has(version)) return 'exists';
    versions.set(version, stored);
    return 'stored';
  }

  async submission(
    id: TenderId,
    lot: string,
    bidder: string,
    version: number,
  ): Promise<StoredSubmission | undefined> {
    return this.#recordsOf(id).submissions.get(lot)?.get(bidder)?.get(version);
  }

  async latestSubmission(id: TenderId, lot: string, bidder: string): Promise<StoredSubmission | undefined> {
    const versions = this.#recordsOf(id).submissions.get(lot)?.get(bidder);
    return versions?.get(Math.max(...versions.keys()));
  }

  async submissions(id: TenderId): Promise<readonly StoredSubmission[]> {
    const lots = [...this.#recordsOf(id).submissions.values()];
    return lots.flatMap((bidders) => [...bidders.values()].flatMap((versions) => [...versions.values()]));
  }

  async state(id: TenderId): Promise<StoredState> {
    return this.#recordsOf(id).state;
  }

  async putState(id: TenderId, expectedRevision: number, state: TenderState): Promise<boolean> {
    const records = this.#recordsOf(id);
    if (records.state.revision !== expectedRevision) return false;
    records.state = { state, revision: expectedRevision + 1 };
    return true;
  }

  async putCoin(id: TenderId, coin: string): Promise<string> {
    const records = this.#recordsOf(id);
    records.coin ??= coin;
    return records.coin;
  }

  async putOutcome(id: TenderId, stored: StoredOutcome): Promise<PutResult> {
    const records = this.#recordsOf(id);
    if (records.outcome !== undefined) return 'exists';
    records.outcome = stored;
    return 'stored';
  }

  async putOutcomeSignature(id: TenderId, signature: OutcomeSignature): Promise<PutResult> {
    const { signatures } = this.#recordsOf(id);
    return keepFirst(signatures, signature.party, signature) === signature ? 'stored' : 'exists';
  }

  async outcome(id: TenderId): Promise<StoredOutcome | undefined> {
    const { outcome, signatures } = this.#recordsOf(id);
    return outcome === undefined ? undefined : withSignatures(outcome, [...signatures.values()]);
  }

  async putDue(due: DueTender): Promise<void> {
    this.#due.set(dueKey(due), due);
  }

  async dueTenders(untilMs: number): Promise<DueList> {
    const end = behindDueKeysOf(untilMs);
    const keys = [...this.#due.keys()].filter((key) => key < end).sort();
    const tenders = keys.flatMap((key) => this.#due.get(key) ?? []);
    return { tenders, completedFor: this.#completedFor };
  }

  async removeDue(due: DueTender): Promise<void> {
    const key = dueKey(due);
    if (this.#due.get(key)?.notedAtMs === due.notedAtMs) this.#due.delete(key);
  }

  async completeDueList(completedFor: string): Promise<void> {
    this.#completedFor = completedFor;
  }

  #recordsOf(id: TenderId): TenderRecords {
    const records = this.#tenders.get(id);
    if (records === undefined) throw new RangeError(`no tender ${id} was put into this store`);
    return records;
  }
}

/** One signature of each party, in their order; those put in with the statement come before those added. */
export function withSignatures(stored: StoredOutcome, added: readonly OutcomeSignature[]): StoredOutcome {
  const known = [...stored.outcome.signatures, ...added];
  const signatures = PARTIES.flatMap((party) => known.find((signature) => signature.party === party) ?? []);
  return { ...stored, outcome: { ...stored.outcome, signatures } };
}

function keepFirst<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): Value {
  const present = map.get(key);
  if (present !== undefined) return present;
  map.set(key, value);
  return value;
}
