/** A third party needs no Node: the check is bundled for browsers and run with web globals alone. */

import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { CheatingWorld } from './party/blame-world.ts';

const PAGE = `
  import { checkEvidence } from '../../auction/evidence.ts';
  import { findEvidence } from '../../auction/evidence-search.ts';
  import { checkTender } from '../../auction/tender.ts';
  globalThis.check = (evidence, tender) =>
    JSON.stringify(checkEvidence(JSON.parse(evidence), checkTender(JSON.parse(tender))));
  globalThis.search = findEvidence;
`;

async function checkInBrowser(): Promise<(evidence: unknown, tender: unknown) => unknown> {
  const { outputFiles } = await build({
    stdin: { contents: PAGE, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    logLevel: 'silent',
  });
  const globals = { crypto, TextEncoder, TextDecoder, URL, atob, btoa, console, structuredClone };
  const context = createContext(globals, { codeGeneration: { strings: false, wasm: false } });
  runInContext(outputFiles[0]!.text, context);
  const quoted = (json: unknown) => JSON.stringify(JSON.stringify(json));
  return (evidence, tender) =>
    JSON.parse(runInContext(`check(${quoted(evidence)}, ${quoted(tender)})`, context));
}

test('evidence from an abort is checked by a page without Node', async () => {
  const check = await checkInBrowser();
  const lists = await CheatingWorld.closed();
  lists.lies.push({
    from: 2,
    to: 1,
    topic: 'closing',
    step: 'list',
    tell: (delivery) => lists.relisted(delivery, (entries) => entries.slice(1)),
  });
  const hellos = await CheatingWorld.closed();
  hellos.lies.push({
    from: 2,
    topic: 'hello',
    tell: (delivery) => hellos.greeted(delivery, { 8: new Uint8Array(32) }),
  });
  for (const [cheating, code, fault] of [
    [lists, 'CLOSING_VIEWS_DIFFER', 'two-lists'],
    [hellos, 'HANDSHAKE_KEY', 'hello-breaks-rules'],
  ] as const) {
    const [blame] = await cheating.blames([0], [code]);
    if (blame?.kind !== 'proven') throw new Error('not proven');
    const tender = cheating.world.tender.signed;
    expect(check(blame.evidence, tender)).toEqual({ party: 2, fault, sentence: blame.reason });
    expect(() => check({ ...blame.evidence, party: 1 }, tender)).toThrow(/EVIDENCE_SIGNATURE/);
  }
});
