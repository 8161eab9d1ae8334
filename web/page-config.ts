/**
 * Where the three operators answer, and who they are: `config.json` beside the page, or three addresses typed in.
 *
 * A consortium document in the configuration is checked here, so its names and keys hold if its fingerprint is the one
 * that the operators publish: a tender that names other keys is then refused. Without it the page knows no keys but those
 * in the tender, and says so. Whoever serves the page serves the configuration, too; neither proves the other.
 */

import * as z from 'zod/mini';
import { type CheckedConsortium, checkConsortium } from '../auction/consortium.ts';
import { PARTIES } from '../mpc/party.ts';
import { PageError } from './errors.ts';

/** Of parties 0, 1 and 2, without a slash at the end. */
export type PartyUrls = readonly [string, string, string];

export interface PageConfig {
  readonly urls: PartyUrls;
  /** Checked; undefined where the page was given none. */
  readonly consortium: CheckedConsortium | undefined;
}

/** As in an operator's record. */
const MAX_URL_LENGTH = 2_048;

const configSchema = z.object({
  parties: z.array(z.string().check(z.maxLength(MAX_URL_LENGTH))),
  consortium: z.optional(z.unknown()),
});

/**
 * A tender outlives the validity of records, so the time is not asked for. Whether an account may be shared was settled
 * when the document was joined.
 * @throws PageError PAGE_CONFIG_MALFORMED; AuctionError CONSORTIUM_*, OPERATOR_*
 */
export function parsePageConfig(json: unknown): PageConfig {
  const parsed = z.safeParse(configSchema, json);
  if (!parsed.success)
    throw new PageError('PAGE_CONFIG_MALFORMED', 'the configuration of the page is not as documented');
  const { parties, consortium } = parsed.data;
  return {
    urls: parseAddresses(parties),
    consortium:
      consortium === undefined ? undefined : checkConsortium(consortium, { allowSharedAccount: true }),
  };
}

/** @throws PageError PAGE_CONFIG_MALFORMED */
export function parseAddresses(typed: readonly string[]): PartyUrls {
  const urls = typed.map(addressOf);
  const wrong = PARTIES.filter((index) => urls[index] === undefined);
  const [first, second, third, ...more] = urls;
  if (first === undefined || second === undefined || third === undefined || more.length > 0) {
    throw new PageError('PAGE_CONFIG_MALFORMED', 'each of the three operators needs an https address', wrong);
  }
  const repeated = PARTIES.filter((index) => urls.indexOf(urls[index]) !== index);
  if (repeated.length > 0)
    throw new PageError('PAGE_CONFIG_MALFORMED', 'the three operators have three addresses', repeated);
  return [first, second, third];
}

/** Browsers treat these as secure contexts without TLS. */
const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

function addressOf(text: string): string | undefined {
  const url = URL.parse(text.trim());
  if (url === null || url.username !== '' || url.search !== '' || url.hash !== '') return undefined;
  const secure = url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.includes(url.hostname));
  return secure ? url.href.replace(/\/+$/, '') : undefined;
}
