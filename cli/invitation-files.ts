/**
 * The links that an auctioneer makes, and what a bidder keeps of one.
 *
 * ```
 * tenders/<tender>.invitations.json               secret (0600): a link for each invited bidder
 * keys/invitations/<tender>/<bidder's key>.json   0600: what the link signed for that key
 * ```
 *
 * A bidder's link is not kept: its signature for the one key does for every later bid and withdrawal, and lets no other
 * key in. Links are written before the tender is published, so that no published tender lacks them.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { bidderNameField, hashField, publicKeyField, signatureField } from '../auction/fields.ts';
import { type Invitation, type InvitedKey, invitationLink, parseInvitation } from '../auction/invitation.ts';
import type { TenderId } from '../auction/tender.ts';
import { CliError } from './errors.ts';
import { readJsonFile, readTextFile } from './workspace.ts';

const SECRET_FILE_MODE = 0o600;
const SECRET_DIRECTORY_MODE = 0o700;

const linksSchema = z.strictObject({
  kind: z.literal('tacit/1 invitations'),
  tender: hashField,
  invitations: z.array(z.strictObject({ bidder: bidderNameField, link: z.string() })),
});

const keptSchema = z.strictObject({
  kind: z.literal('tacit/1 invited key'),
  tender: hashField,
  bidder: bidderNameField,
  bidderKey: publicKeyField,
  invitation: signatureField,
});

/** A bid file of the page, as far as its submissions tell who was let in. */
const bidFileSchema = z.object({
  bids: z.array(z.object({ submission: z.object({ ...keptSchema.shape, kind: z.string() }) })),
});

/**
 * @param page address that the links begin with
 * @returns the file
 */
export async function saveLinks(
  directory: string,
  tender: TenderId,
  invitations: readonly Invitation[],
  page: string | undefined,
): Promise<string> {
  const path = join(directory, 'tenders', `${tender}.invitations.json`);
  await writeSecret(path, {
    kind: 'tacit/1 invitations',
    tender,
    invitations: invitations.map((invitation) => ({
      bidder: invitation.bidder,
      link: invitationLink(invitation, page),
    })),
  });
  return path;
}

/**
 * @param text a link, or the path of a file with a link in it, or of the auctioneer's file of links
 * @param bidder whose link, where the file has several
 * @throws CliError FILE_UNREADABLE, USAGE; AuctionError INVITATION_MALFORMED
 */
export async function readInvitation(text: string, bidder: string | undefined): Promise<Invitation> {
  if (/#.*invitation=/s.test(text)) return parseInvitation(text);
  const content = await readTextFile(text);
  if (!content.trimStart().startsWith('{')) return parseInvitation(content);
  const links = z.safeParse(linksSchema, await readJsonFile(text));
  if (!links.success) {
    throw new CliError('FILE_UNREADABLE', `the file ${text} holds no link of an invitation`, { path: text });
  }
  const { invitations } = links.data;
  const [own, ...others] =
    bidder === undefined ? invitations : invitations.filter((entry) => entry.bidder === bidder);
  if (own === undefined)
    throw new CliError('USAGE', `the file ${text} has no link for ${bidder ?? 'anybody'}`);
  if (others.length > 0) {
    throw new CliError('USAGE', `the file ${text} has links of several bidders: name one with --bidder`);
  }
  return parseInvitation(own.link);
}

/** Keeps what a link signed for a key. */
export async function keepInvitedKey(
  directory: string,
  { tender, bidder, bidderKey }: InvitedKey,
  invitation: string,
): Promise<void> {
  const kept = { kind: 'tacit/1 invited key', tender, bidder, bidderKey, invitation };
  await writeSecret(keptPath(directory, tender, bidderKey), kept);
}

/**
 * What let this key in before: as kept here, or in a bid file of the page.
 * @param keyFile where the user named one
 * @throws CliError FILE_UNREADABLE
 */
export async function invitationOfKey(
  directory: string,
  { tender, bidder, bidderKey }: InvitedKey,
  keyFile: string | undefined,
): Promise<string | undefined> {
  const kept = z.safeParse(keptSchema, await readIfThere(keptPath(directory, tender, bidderKey)));
  const page =
    keyFile === undefined ? undefined : z.safeParse(bidFileSchema, await readJsonFile(keyFile)).data;
  const known = [
    ...(kept.success ? [kept.data] : []),
    ...(page?.bids.map(({ submission }) => submission) ?? []),
  ];
  return known.find(
    (entry) => entry.tender === tender && entry.bidder === bidder && entry.bidderKey === bidderKey,
  )?.invitation;
}

function keptPath(directory: string, tender: string, bidderKey: string): string {
  return join(directory, 'keys', 'invitations', tender, `${bidderKey}.json`);
}

async function readIfThere(path: string): Promise<unknown> {
  try {
    return await readJsonFile(path);
  } catch (error) {
    if (!(error instanceof CliError) || !isAbsence(error.cause)) throw error;
    return undefined;
  }
}

function isAbsence(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}

async function writeSecret(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: SECRET_DIRECTORY_MODE });
  await writeFile(path, `${JSON.stringify(value, undefined, 2)}\n`, { mode: SECRET_FILE_MODE });
}
