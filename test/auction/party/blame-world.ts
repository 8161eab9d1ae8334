/**
 * An auction in which one party cheats by signing something else: what it says is changed on its way to some
 * reader and signed anew with its own key, as it could do itself.
 */

import { expect } from 'vitest';
import { canonicalBytes, toBase64url } from '../../../auction/canonical.ts';
import type { ClosingList, ListEntry } from '../../../auction/closing-list.ts';
import { checkEvidence, type Verdict } from '../../../auction/evidence.ts';
import { type Blame, blameOf } from '../../../auction/party/blame.ts';
import { checkTender } from '../../../auction/tender.ts';
import { frame } from '../../../mpc/bytes.ts';
import type { Delivery } from '../../../mpc/channels/memory.ts';
import type { PartyIndex } from '../../../mpc/party.ts';
import { type AuctionWorld, codeOf, openWorld, type WorldOptions } from '../../support/auction-world.ts';

export type Document = Record<string, unknown>;

/** What `from` says under a topic that ends so, at a step that begins so, as `to` gets to read it. */
export interface Lie {
  readonly from: PartyIndex;
  /** Everybody else where it is left out. */
  readonly to?: PartyIndex;
  readonly topic: 'closing' | 'hello' | 'outcome';
  readonly step?: string;
  tell(delivery: Delivery): Uint8Array | undefined;
}

export class CheatingWorld {
  readonly world: AuctionWorld;
  readonly lies: Lie[] = [];

  private constructor(world: AuctionWorld) {
    this.world = world;
  }

  static async open(options: WorldOptions = {}): Promise<CheatingWorld> {
    let cheating: CheatingWorld | undefined;
    const deliver = (delivery: Delivery): Uint8Array | undefined => {
      const lie = cheating?.lies.find(
        ({ from, to, topic, step }) =>
          from === delivery.from &&
          (to ?? delivery.to) === delivery.to &&
          delivery.topic.endsWith(`/${topic}`) &&
          (step ?? delivery.step) === delivery.step,
      );
      return lie === undefined ? delivery.bytes : lie.tell(delivery);
    };
    cheating = new CheatingWorld(await openWorld({ ...options, network: { deliver } }));
    return cheating;
  }

  /** Ann's bid at all parties, Bob's at 0 and 2. */
  static async closed(options: WorldOptions = {}): Promise<CheatingWorld> {
    const cheating = await CheatingWorld.open(options);
    const { world } = cheating;
    await world.submit(await world.bid('Ann', 5n));
    await world.submit(await world.bid('Bob', 7n), [0, 2]);
    await world.closeAll();
    return cheating;
  }

  /** A closing message with other content, signed by its sender. */
  restated(delivery: Delivery, change: (body: Document) => Document): Uint8Array {
    const { signature: _, ...body } = documentIn(delivery.bytes);
    const changed = change(body);
    const message = frame('tacit/1', String(changed['kind']), canonicalBytes(changed));
    const signature = toBase64url(this.world.keys[delivery.from].signing.sign(message));
    return canonicalBytes({ ...changed, signature });
  }

  /** Party 2 signs a closing list that is not in order, which proves itself. */
  listsBackwards(): void {
    this.lies.push({
      from: 2,
      topic: 'closing',
      step: 'list',
      tell: (delivery) => this.relisted(delivery, (entries) => entries.toReversed()),
    });
  }

  relisted(delivery: Delivery, change: (entries: readonly ListEntry[]) => readonly ListEntry[]): Uint8Array {
    return this.restated(delivery, (body) => ({
      ...body,
      entries: change(body['entries'] as ClosingList['entries']),
    }));
  }

  /** An outcome with another statement, signed by its sender alone. */
  reclaimed(delivery: Delivery, change: (statement: Document) => Document): Uint8Array {
    const statement = change(documentIn(delivery.bytes)['statement'] as Document);
    const message = frame('tacit/1', 'outcome', canonicalBytes(statement));
    const signature = toBase64url(this.world.keys[delivery.from].signing.sign(message));
    return canonicalBytes({ statement, signatures: [{ party: delivery.from, signature }] });
  }

  /** A hello with some of its nine fields replaced, by position, signed by its sender. */
  greeted({ from, bytes }: Delivery, changes: Readonly<Record<number, Uint8Array>>): Uint8Array {
    const [statement] = unframe(bytes);
    const fields = unframe(statement!).map((field, index) => changes[index] ?? field);
    const changed = frame(...fields);
    return frame(changed, this.world.keys[from].signing.sign(frame('tacit/1 hello', changed)));
  }

  /** What each victim ends with; the other parties are stopped then, since they would only wait. */
  async errorsOf(victims: readonly PartyIndex[]): Promise<readonly unknown[]> {
    const stop = new AbortController();
    const running = this.world.parties.map((party) => party.clear(this.world.id, { signal: stop.signal }));
    const everybody = Promise.allSettled(running);
    const settled = await Promise.allSettled(victims.map((victim) => running[victim]));
    stop.abort(new Error('stopped by the test'));
    await everybody;
    return settled.map((result) => (result.status === 'rejected' ? result.reason : undefined));
  }

  /** The blame of each victim's abort, after the codes are what they should be. */
  async blames(victims: readonly PartyIndex[], codes: readonly string[]): Promise<readonly Blame[]> {
    const errors = await this.errorsOf(victims);
    expect(errors.map(codeOf)).toEqual(codes);
    return errors.map((error) => blameOf(error)!);
  }

  /** What a third party with nothing but the published tender and the evidence as text finds. */
  verdictOn(blame: Blame): Verdict {
    if (blame.kind !== 'proven') throw new Error(`not proven: ${JSON.stringify(blame)}`);
    const verdict = checkEvidence(
      overTheWire(blame.evidence),
      checkTender(overTheWire(this.world.tender.signed)),
    );
    expect(verdict.party).toBe(blame.party);
    expect(verdict.sentence).toBe(blame.reason);
    return verdict;
  }
}

export function overTheWire(document: unknown): unknown {
  return JSON.parse(JSON.stringify(document));
}

export function documentIn(bytes: Uint8Array): Document {
  return JSON.parse(new TextDecoder().decode(bytes)) as Document;
}

/** The fields of any frame. */
export function unframe(bytes: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 4 + view.getUint32(offset);
    fields.push(bytes.slice(offset + 4, end));
    offset = end;
  }
  return fields;
}
