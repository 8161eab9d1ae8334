/** The table of permissions in docs/threat-model.md: decided, not copied, from the templates of the example consortium. */

import { DUE_PARTITION } from '../../auction/party/dynamodb.ts';
import { Permissions } from '../../local/rehearsal/permissions.ts';
import { accountOf } from '../../local/rehearsal/policy.ts';
import type { StackTemplate } from '../../local/rehearsal/template.ts';
import { ACTIONS } from '../infra/actions.ts';
import { handlerNames } from '../infra/bundles.ts';
import { synthesise } from '../infra/synthesis.ts';
import { markdownTable } from './markdown-table.ts';

/** What party 0's resources are called in the table, by what their logical ids begin with. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^StateTable/, 'state'],
  [/^OutboxTable/, 'outbox'],
  [/^KeysSecret/, 'keys'],
  [/^VaultClientStateTable/, 'vault state'],
  [/^VaultTreeTable/, 'vault tree'],
  [/^VaultKeysSecret/, 'vault keys'],
  [/^Functionscleartender/, 'clear-tender'],
  [/^Functionssweeptenders/, 'sweep-tenders'],
  [/^Functionswatchpeers/, 'watch-peers'],
  [/^DeadLetters/, 'dead letters'],
];

export function permissionTable(): string {
  const synthesis = synthesise({ vault: { access: [] } });
  try {
    const permissions = new Permissions(synthesis.stacks);
    const [own, ...peers] = synthesis.stacks;
    if (own === undefined) throw new Error('nothing was synthesised');
    const rows = permissions.roles
      .filter((role) => accountOf(role) === own.account)
      .map((role) => [whoIs(role, own), ...whatOf(permissions, role, own, peers)]);
    return markdownTable(['functions (role)', 'at home', "in a peer's account"], rows);
  } finally {
    synthesis.dispose();
  }
}

function whatOf(
  permissions: Permissions,
  role: string,
  own: StackTemplate,
  [peer]: readonly StackTemplate[],
): readonly string[] {
  return [callsOf(permissions, role, own), peer === undefined ? '' : callsOf(permissions, role, peer)].map(
    (calls) => calls || 'nothing',
  );
}

/** `outbox: GetItem, Query; state: PutItem`. */
function callsOf(permissions: Permissions, role: string, { resources }: StackTemplate): string {
  const lines: string[] = [];
  for (const [pattern, name] of NAMES) {
    for (const { arn, type, logicalId } of resources) {
      if (arn === undefined || type === 'AWS::Logs::LogGroup' || !pattern.test(logicalId)) continue;
      const allowedOf = (partition: string) =>
        (ACTIONS[type] ?? [])
          .filter((action) => permissions.call(role, action, arn, partition) === 'allowed')
          .map((action) => action.split(':')[1]);
      const allowed = allowedOf('a tender');
      const due = allowedOf(DUE_PARTITION).filter((action) => !allowed.includes(action));
      if (allowed.length > 0) lines.push(`${name}: ${allowed.join(', ')}`);
      if (due.length > 0) lines.push(`${name}, the list of what is due alone: ${due.join(', ')}`);
    }
  }
  return lines.join('; ');
}

/** The functions that run under a role, or what else does. */
function whoIs(role: string, { resources }: StackTemplate): string {
  const names = handlerNames();
  const functions = resources
    .filter(({ type, properties }) => type === 'AWS::Lambda::Function' && properties['Role'] === role)
    .map(({ logicalId }) => {
      const name = names.find((one) => logicalId.startsWith(`Functions${one.replaceAll('-', '')}Function`));
      return `\`${name ?? logicalId}\``;
    });
  const name = role.split('/')[1] ?? '';
  const given = name.startsWith('tacit-') ? ` (\`${name}\`)` : '';
  return `${functions.join(', ') || 'a schedule'}${given}`;
}
