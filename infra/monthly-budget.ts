/**
 * A monthly budget over everything that carries the party's cost tag, with mail at 80 % of it spent and at 100 %
 * foreseen. The tag counts once it is activated for cost allocation in the account's billing settings.
 */

import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import { Construct } from 'constructs';

/** The key of the tag that every resource of a party has. */
export const COST_TAG = 'tacit';

const SPENT_PERCENT = 80;
const FORESEEN_PERCENT = 100;

export interface MonthlyBudgetProps {
  /** The tag's value. */
  readonly party: string;
  readonly dollars: number;
  readonly email: string | undefined;
}

export class MonthlyBudget extends Construct {
  constructor(scope: Construct, id: string, { party, dollars, email }: MonthlyBudgetProps) {
    super(scope, id);
    const notify = (notificationType: string, threshold: number) => ({
      notification: {
        notificationType,
        comparisonOperator: 'GREATER_THAN',
        threshold,
        thresholdType: 'PERCENTAGE',
      },
      subscribers: [{ subscriptionType: 'EMAIL', address: email ?? '' }],
    });
    new CfnBudget(this, 'Budget', {
      budget: {
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: dollars, unit: 'USD' },
        costFilters: { TagKeyValue: [`user:${COST_TAG}$${party}`] },
      },
      ...(email === undefined
        ? {}
        : {
            notificationsWithSubscribers: [
              notify('ACTUAL', SPENT_PERCENT),
              notify('FORECASTED', FORESEEN_PERCENT),
            ],
          }),
    });
  }
}
