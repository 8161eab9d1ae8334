/** The form that asks for a tender, and for the operators' addresses where the page came without them. */

import type { Invitation } from '../auction/invitation.ts';
import type { TenderId } from '../auction/tender.ts';
import { PARTIES } from '../mpc/party.ts';
import { byId, setFieldError, setVisible } from './dom.ts';
import { describeFailure, PageError } from './errors.ts';
import { type PartyUrls, parseAddresses } from './page-config.ts';
import { linkOfPasted, type TenderLink } from './tender-link.ts';

export interface Opening {
  readonly id: TenderId;
  readonly urls: PartyUrls;
  readonly invitation: Invitation | undefined;
}

/**
 * Shows the form until it is filled in rightly.
 * @param link what the address of the page says already
 * @param urls undefined where they are asked for
 * @param damaged whether the address of the page says something, and no tender
 */
export function askForTender(
  link: TenderLink,
  urls: PartyUrls | undefined,
  damaged: boolean,
): Promise<Opening> {
  const tender = byId('tender-id', HTMLInputElement);
  const addresses = PARTIES.map((party) => byId(`address-${party}`, HTMLInputElement));
  tender.value = link.tender ?? '';
  if (damaged)
    setFieldError(tender, 'The link that you followed names no tender. Paste all of it, or the id.');
  setVisible(byId('addresses', HTMLElement), urls === undefined);
  const section = byId('open', HTMLElement);
  setVisible(section, true);
  const asked = Promise.withResolvers<Opening>();
  byId('open-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    const typed = urls === undefined ? typedAddresses(addresses) : urls;
    const named = typedLink(tender);
    if (named?.tender !== undefined && typed !== undefined) {
      const invitation = named.invitation ?? (named.tender === link.tender ? link.invitation : undefined);
      setVisible(section, false);
      asked.resolve({ id: named.tender, urls: typed, invitation });
      return;
    }
    [tender, ...addresses].find((input) => input.hasAttribute('aria-invalid'))?.focus();
  });
  return asked.promise;
}

function typedLink(input: HTMLInputElement): TenderLink | undefined {
  try {
    const link = linkOfPasted(input.value);
    setFieldError(
      input,
      link.tender === undefined ? 'This is no tender id: it has 43 characters.' : undefined,
    );
    return link;
  } catch (error) {
    const { code, detail } = describeFailure(error);
    setFieldError(input, `${detail} (${code})`);
    return undefined;
  }
}

function typedAddresses(inputs: readonly HTMLInputElement[]): PartyUrls | undefined {
  for (const input of inputs) setFieldError(input, undefined);
  try {
    return parseAddresses(inputs.map(({ value }) => value));
  } catch (error) {
    if (!(error instanceof PageError)) throw error;
    for (const index of error.addresses) {
      const input = inputs[index];
      if (input !== undefined)
        setFieldError(input, 'Enter the https address of this operator, another one for each.');
    }
    return undefined;
  }
}
