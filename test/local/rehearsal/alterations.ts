/** Templates that lack something: each change takes away what it names, and fails where there is no such thing. */

import { expect } from 'vitest';
import type { Change, Template } from './consortium-assembly.ts';

/** The resources of a type whose id starts so, and at least one. */
export function some({ Resources }: Template, type: string, prefix: string) {
  const found = Object.entries(Resources).filter(([id, { Type }]) => Type === type && id.startsWith(prefix));
  expect(found.length, `${type} ${prefix}`).toBeGreaterThan(0);
  return found;
}

export const without =
  (type: string, prefix: string): Change =>
  (template) => {
    for (const [id] of some(template, type, prefix)) delete template.Resources[id];
  };

/** With its throttle, which a stage cannot have without it. */
export const withoutRoute =
  (key: string): Change =>
  (template) => {
    const routes = some(template, 'AWS::ApiGatewayV2::Route', '');
    const [found] = routes.filter(([, { Properties }]) => Properties['RouteKey'] === key);
    expect(found, key).toBeDefined();
    delete template.Resources[found?.[0] ?? ''];
    for (const [, { Properties }] of some(template, 'AWS::ApiGatewayV2::Stage', '')) {
      delete (Properties['RouteSettings'] as Record<string, unknown>)[key];
    }
  };

export const withoutVariable =
  (prefix: string, variable: string): Change =>
  (template) => {
    for (const [, { Properties }] of some(template, 'AWS::Lambda::Function', prefix)) {
      const { Variables } = Properties['Environment'] as { Variables: Record<string, unknown> };
      expect(Variables).toHaveProperty(variable);
      delete Variables[variable];
    }
  };

interface Statements {
  Statement: { Action: string | string[]; Sid?: string }[];
}

/**
 * Takes one action out of the policies of a role, the resource policy of a table, the policy of a key or the trust in a
 * role.
 * @param sid of the statements to take it out of, where not of all
 */
export const withoutAction =
  (type: string, prefix: string, action: string, sid?: RegExp): Change =>
  (template) => {
    let taken = 0;
    for (const [, { Properties }] of some(template, type, prefix)) {
      const holder = (Properties['ResourcePolicy'] ?? Properties) as Record<string, Statements>;
      const policy =
        holder['PolicyDocument'] ??
        holder['AssumeRolePolicyDocument'] ??
        (Properties['KeyPolicy'] as Statements);
      policy.Statement = policy.Statement.flatMap((statement) => {
        const actions = [statement.Action].flat();
        if (!actions.includes(action) || sid?.test(statement.Sid ?? '') === false) return statement;
        taken += 1;
        const rest = actions.filter((one) => one !== action);
        return rest.length === 0 ? [] : { ...statement, Action: rest };
      });
    }
    expect(taken, action).toBeGreaterThan(0);
  };

export const all =
  (...changes: readonly Change[]): Change =>
  (template) => {
    for (const change of changes) change(template);
  };
