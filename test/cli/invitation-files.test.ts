/** Where links come from and what a bidder keeps of one; with parties in `commands.test.ts`. */

import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toBase64url } from '../../auction/canonical.ts';
import { invitationLink, invitationTo } from '../../auction/invitation.ts';
import type { TenderId } from '../../auction/tender.ts';
import { invitationOfKey, keepInvitedKey, readInvitation, saveLinks } from '../../cli/invitation-files.ts';
import { seedOf } from '../auction/fixture.ts';
import { tacit } from './run.ts';

const tender = toBase64url(seedOf('tender')) as TenderId;
const ann = invitationTo(tender, 'Ann & Sons', seedOf('link to ann'));
const bob = invitationTo(tender, 'Bob', seedOf('link to bob'));
const invited = { tender, bidder: 'Bob', bidderKey: toBase64url(seedOf('key of bob')) };
const signature = 'S'.repeat(85).concat('A');

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tacit-links-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function fileOf(name: string, content: unknown): Promise<string> {
  const path = join(directory, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('a link', () => {
  test('is read from the command line, from a file, and from the file of the auctioneer', async () => {
    const link = invitationLink(bob, 'https://tenders.example.org/');
    const links = await saveLinks(directory, tender, [ann, bob], undefined);
    expect((await stat(links)).mode & 0o777).toBe(0o600);
    for (const [text, bidder] of [
      [link, undefined],
      [await fileOf('mail.txt', `\uFEFF${link}\r\n`), undefined],
      [links, 'Bob'],
    ] as const) {
      const read = await readInvitation(text, bidder);
      expect([read.tender, read.bidder, read.seed]).toEqual([tender, 'Bob', bob.seed]);
    }
    const [only] = [await saveLinks(join(directory, 'one'), tender, [ann], undefined)];
    expect((await readInvitation(only, undefined)).bidder).toBe('Ann & Sons');
  });

  test('that is none, or one of several, or of somebody else, is refused without a party', async () => {
    const links = await saveLinks(directory, tender, [ann, bob], undefined);
    const link = invitationLink(bob);
    for (const [args, code, exit] of [
      [['--invitation', link.slice(0, -1)], 'INVITATION_MALFORMED', 1],
      [['--invitation', await fileOf('letter.txt', 'Dear Bob')], 'INVITATION_MALFORMED', 1],
      [['--invitation', await fileOf('other.json', { kind: 'letter' })], 'FILE_UNREADABLE', 1],
      [['--invitation', join(directory, 'nothing.txt')], 'FILE_UNREADABLE', 1],
      [['--invitation', links], 'USAGE', 2],
      [['--invitation', links, '--bidder', 'Cid'], 'USAGE', 2],
      [['--invitation', link, '--bidder', 'Ann & Sons'], 'USAGE', 2],
      [['--invitation', link, '--tender', toBase64url(seedOf('other'))], 'USAGE', 2],
      [['--bidder', 'Bob'], 'USAGE', 2],
    ] as const) {
      const { code: exitCode, stdout, stderr } = await tacit('bid', ...args, '--amount', '1');
      expect([exitCode, stdout, stderr.split(':')[0]], args.join(' ')).toEqual([exit, '', code]);
      expect(stderr).not.toContain(toBase64url(bob.seed).slice(0, -1));
    }
  });
});

describe('what let a key in', () => {
  test('is kept for this tender, name and key alone', async () => {
    expect(await invitationOfKey(directory, invited, undefined)).toBeUndefined();
    await keepInvitedKey(directory, invited, signature);
    expect(await invitationOfKey(directory, invited, undefined)).toBe(signature);
    for (const change of [
      { tender: toBase64url(seedOf('other')) },
      { bidder: 'Ann & Sons' },
      { bidderKey: toBase64url(seedOf('key of ann')) },
    ]) {
      expect(await invitationOfKey(directory, { ...invited, ...change }, undefined)).toBeUndefined();
    }
  });

  test('is found in a bid file of the page, too', async () => {
    const submission = { ...invited, kind: 'bid', version: 1, lot: '1', invitation: signature };
    const path = await fileOf('bids.json', {
      kind: 'tacit/1 bid file',
      bids: [{ submission, receipts: [] }],
    });
    const elsewhere = join(directory, 'elsewhere');
    expect(await invitationOfKey(elsewhere, invited, path)).toBe(signature);
    expect(await invitationOfKey(elsewhere, { ...invited, bidder: 'Ann & Sons' }, path)).toBeUndefined();
    const key = await fileOf('key.json', { kind: 'tacit/1 signing key' });
    expect(await invitationOfKey(elsewhere, invited, key)).toBeUndefined();
  });

  test('is not passed over where its file is damaged', async () => {
    const damaged = join(directory, 'damaged');
    await keepInvitedKey(damaged, invited, signature);
    await fileOf(join('damaged', 'keys', 'invitations', tender, `${invited.bidderKey}.json`), '{');
    await expect(invitationOfKey(damaged, invited, undefined)).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
    });
  });
});
