/**
 * What the kill test kills: a process that changes records of a vault for ever and says on stdout, line by line, what it
 * is about to do and that it was acknowledged.
 *
 * Arguments: directory, name, keys, a number that makes values differ from those of other rounds.
 */

import { writeSync } from 'node:fs';
import { openLocalVault } from '../../local/local-vault.ts';

const [directory = '', name = '', keys = '', round = ''] = process.argv.slice(2);
const say = (line: string) => writeSync(1, `${line}\n`);

const { vault } = await openLocalVault({ directory, name });
for (let count = 0; ; count++) {
  const key = `k${Math.floor(Math.random() * Number(keys))}`;
  if (Math.random() < 0.25) {
    say(`delete ${key}`);
    await vault.delete(key);
  } else {
    const value = `${round}.${count}`;
    say(`put ${key} ${value}`);
    await vault.put(key, Buffer.from(value));
  }
  say('acknowledged');
}
