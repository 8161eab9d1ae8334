/**
 * From one consortium to the next: which operators' records changed, and who stands behind each change.
 *
 * A record takes the place of another by naming its hash, so that an old record cannot come back unnoticed. Where the
 * old key still exists it signs the new record too (the endorsement): then whoever trusted the old key can trust the
 * change without a call. Where it is lost, or the old operator does not cooperate, nothing in a document can tell a
 * rightful successor from an intruder, so such a change is refused until the other two say that they made sure.
 *
 * A tender names the keys of its three parties for good: a change of keys concerns later tenders alone, and the old
 * deployment stays until its tenders are cleared. Runs in a browser.
 */

import { PARTIES, type PartyIndex } from '../mpc/party.ts';
import type { CheckedConsortium } from './consortium.ts';
import { AuctionError } from './errors.ts';
import { type OperatorRecord, operatorRecordHash } from './operator-record.ts';

export interface OperatorChange {
  readonly index: PartyIndex;
  readonly before: OperatorRecord;
  readonly after: OperatorRecord;
  /** `renewed`: the same keys. `rotated`: other keys of the same name and account. `replaced`: another operator. */
  readonly kind: 'renewed' | 'rotated' | 'replaced';
  /** Whether the key of the record before signed the record after. */
  readonly endorsed: boolean;
}

export interface ChangeOptions {
  /** The other operators made sure, by other ways, who sent the record that no old key signed. */
  readonly allowUnendorsed?: boolean;
}

/**
 * The records that differ, in the order of the parties; none where the two are the same.
 * @throws AuctionError OPERATOR_REPLACES_OTHER, CONSORTIUM_CHANGE_UNENDORSED; facts {index}
 */
export function consortiumChanges(
  previous: CheckedConsortium,
  next: CheckedConsortium,
  options: ChangeOptions = {},
): readonly OperatorChange[] {
  return PARTIES.flatMap((index) => {
    const before = previous.operators[index];
    const after = next.operators[index];
    const replaced = operatorRecordHash(before);
    if (operatorRecordHash(after) === replaced) return [];
    if (after.replaces !== replaced) {
      throw new AuctionError(
        'OPERATOR_REPLACES_OTHER',
        `the record of party ${index} (${after.operator}) differs from that of the previous consortium and does not name it: export it again with \`tacit consortium init --replaces\` and the previous record`,
        { index },
      );
    }
    const { endorsement } = next.document.operators[index];
    const endorsed = after.signingKey === before.signingKey || endorsement?.signingKey === before.signingKey;
    if (!endorsed && options.allowUnendorsed !== true) {
      throw new AuctionError(
        'CONSORTIUM_CHANGE_UNENDORSED',
        `the record of party ${index} (${after.operator}) is not signed by the key of ${before.operator}: have it exported with --old-keys, or make sure by another way who sent it and say --allow-unendorsed`,
        { index },
      );
    }
    return [{ index, before, after, kind: kindOf(before, after), endorsed }];
  });
}

function kindOf(before: OperatorRecord, after: OperatorRecord): OperatorChange['kind'] {
  if (after.signingKey === before.signingKey && after.sealingKey === before.sealingKey) return 'renewed';
  return after.operator === before.operator && after.account === before.account ? 'rotated' : 'replaced';
}
