import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { generateSealingKey } from '../../auction/envelope.ts';
import type { AuctionError } from '../../auction/errors.ts';
import { type OutcomeStatement, signOutcome } from '../../auction/outcome.ts';
import { createReceipt } from '../../auction/receipt.ts';
import { sealBid } from '../../auction/sealed-bid.ts';
import { signerOf } from '../../auction/signature.ts';
import type { SealedBid } from '../../auction/submission.ts';
import { type CheckedTender, checkTender, createTender, type PartyRecords } from '../../auction/tender.ts';
import { parseTenderSpec } from '../../auction/tender-spec.ts';
import { TacitClient } from '../../client/tacit-client.ts';
import { closeServer, listenOnLoopback } from '../../local/listen.ts';
import { toEpochMs } from '../../mpc/clock.ts';
import { PARTIES, type PartyIndex } from '../../mpc/party.ts';
import { random } from '../local/local-world.ts';

const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map(closeServer));
});

const secretKeys = PARTIES.map(() => random(32));
const signers = secretKeys.map((secretKey) => signerOf(secretKey));
const records = await Promise.all(
  PARTIES.map(async (index) => ({
    index,
    signingKey: signers[index]!.publicKey,
    sealingKey: (await generateSealingKey()).publicKey,
  })),
);
const auctioneer = random(32);
const auctioneerKey = signerOf(auctioneer).publicKey;

function newTender(): CheckedTender {
  const spec = parseTenderSpec({
    title: 'Salt',
    direction: 'lowest',
    rule: 'first-price',
    currency: 'EUR',
    decimals: 0,
    ceiling: '5000',
    tieBreak: 'earliest',
  });
  return checkTender(createTender(spec, [records[0]!, records[1]!, records[2]!], auctioneer, random(16)));
}

function bidFor({ terms, signed }: CheckedTender, version = 1): Promise<SealedBid> {
  const { parties } = signed.tender;
  return sealBid({
    terms,
    parties,
    lot: '1',
    bidder: 'Acme',
    bidderSecretKey: random(32),
    version,
    amount: 7n,
    random,
  });
}

function receiptOf(party: PartyIndex, submission: SealedBid) {
  return createReceipt({ party, signer: signers[party]!, submission, receivedAt: toEpochMs(1_000) });
}

/** What a party answers: a document, raw text, or nothing (the connection is cut). */
type Answer = { readonly json: unknown } | { readonly text: string } | 'cut';

/** A client of three parties that answer every request so, in this order, the last again and again. */
async function clientOf(...answers: readonly [Answer[], Answer[], Answer[]]): Promise<TacitClient> {
  const urls = await Promise.all(
    answers.map(async (of) => {
      const rest = [...of];
      const server = createServer((request, response) => {
        const answer = rest.length > 1 ? rest.shift()! : rest[0]!;
        if (answer === 'cut') request.socket.destroy();
        else response.end('json' in answer ? JSON.stringify(answer.json) : answer.text);
      });
      servers.push(server);
      return `http://127.0.0.1:${await listenOnLoopback(server, 0)}`;
    }),
  );
  return new TacitClient([urls[0]!, urls[1]!, urls[2]!], { tries: 2 });
}

describe('a client of three parties', () => {
  test('counts a receipt once, and only if it was signed for this very bid', async () => {
    const tender = newTender();
    const [bid, other] = [await bidFor(tender), await bidFor(tender)];
    const client = await clientOf(
      [{ json: receiptOf(0, bid) }],
      [{ json: receiptOf(0, bid) }],
      [{ json: receiptOf(2, other) }],
    );
    const { receipts, refusals, standing } = await client.submit(bid, tender);
    expect(receipts.map(({ party }) => party)).toEqual([0]);
    expect(refusals.map(({ party, code }) => [party, code])).toEqual([
      [1, 'RECEIPT_MISMATCH'],
      [2, 'RECEIPT_MISMATCH'],
    ]);
    expect(standing).toBe('does-not-count');
  });

  test('takes no tender of other parties than those it was given, whoever shows it', async () => {
    const tender = newTender();
    const shown = { json: { signed: tender.signed, state: { phase: 'open' } } };
    const { url } = (await clientOf([shown], [shown], [shown])).party(0);
    const { parties } = tender.signed.tender;
    const codeWith = (expected: PartyRecords) =>
      new TacitClient([url, url, url], { tries: 1, parties: expected }).tender(tender.id).then(
        ({ id }) => id,
        (error: AuctionError) => error.code,
      );
    expect(await codeWith(parties)).toBe(tender.id);
    for (const index of PARTIES) {
      const [signing, sealing] = ['signingKey', 'sealingKey'].map((key) =>
        parties.map((party) => (party.index === index ? { ...party, [key]: auctioneerKey } : party)),
      );
      for (const other of [signing, sealing]) {
        expect(await codeWith(other as unknown as PartyRecords)).toBe('TENDER_OTHER_PARTIES');
      }
    }
  });

  test('counts the receipts of parties whose addresses are mixed up, and tells', async () => {
    const tender = newTender();
    const bid = await bidFor(tender);
    const client = await clientOf(
      [{ json: receiptOf(1, bid) }],
      [{ json: receiptOf(0, bid) }],
      [{ json: receiptOf(2, bid) }],
    );
    const { receipts, refusals, standing } = await client.submit(bid, tender);
    expect(receipts.map(({ party }) => party)).toEqual([0, 1, 2]);
    expect(refusals.map(({ party, code }) => [party, code])).toEqual([
      [0, 'RECEIPT_MISMATCH'],
      [1, 'RECEIPT_MISMATCH'],
    ]);
    expect(standing).toBe('counts');
  });

  test('does not take a forged receipt, or what is no answer of a party', async () => {
    const tender = newTender();
    const bid = await bidFor(tender);
    const forged = { ...receiptOf(1, bid), receivedAt: 5 };
    const client = await clientOf([{ text: '<html>' }], [{ json: forged }], [{ json: receiptOf(2, bid) }]);
    const { refusals } = await client.submit(bid, tender);
    expect(refusals.map(({ code }) => code)).toEqual(['PARTY_ANSWER_MALFORMED', 'RECEIPT_SIGNATURE']);
  });

  test('sends a request again when the connection broke', async () => {
    const tender = newTender();
    const bid = await bidFor(tender);
    const client = await clientOf(
      ['cut', { json: receiptOf(0, bid) }],
      [{ json: receiptOf(1, bid) }],
      ['cut'],
    );
    const { receipts, refusals } = await client.submit(bid, tender);
    expect(receipts.map(({ party }) => party)).toEqual([0, 1]);
    expect(refusals).toMatchObject([{ party: 2, code: 'PARTY_UNREACHABLE' }]);
  });

  test('takes a tender from whoever has the one of that id', async () => {
    const [tender, other] = [newTender(), newTender()];
    const shown = ({ signed }: CheckedTender) => ({ json: { signed, state: { phase: 'open' } } });
    const client = await clientOf([shown(other)], ['cut'], [shown(tender)]);
    expect((await client.tender(tender.id)).signed).toEqual(tender.signed);
    const lying = await clientOf([shown(other)], [shown(other)], [shown(other)]);
    await expect(lying.tender(tender.id)).rejects.toMatchObject({ code: 'PARTY_ANSWER_MALFORMED' });
  });

  const statementOf = ({ id }: CheckedTender, price: string): OutcomeStatement => ({
    kind: 'outcome',
    tender: id,
    closingRoot: records[0]!.signingKey,
    liveBids: [{ lot: '1', count: 1 }],
    lots: [{ lot: '1', outcome: 'awarded', winner: 'Acme', winnerKey: signers[0]!.publicKey, price }],
  });
  const signedBy = (statement: OutcomeStatement, ...parties: readonly PartyIndex[]) => ({
    json: { statement, signatures: parties.map((party) => signOutcome(statement, party, signers[party]!)) },
  });

  test('gathers the signatures of an outcome, and needs two', async () => {
    const tender = newTender();
    const statement = statementOf(tender, '7');
    const client = await clientOf([signedBy(statement, 0)], [signedBy(statement, 1)], ['cut']);
    const { signatures } = await client.outcome(tender);
    expect(signatures.map(({ party }) => party)).toEqual([0, 1]);
    await expect(client.outcome(tender, 3)).rejects.toMatchObject({ code: 'OUTCOME_NOT_READY' });
    const alone = await clientOf([signedBy(statement, 0)], ['cut'], ['cut']);
    await expect(alone.outcome(tender)).rejects.toMatchObject({ code: 'OUTCOME_NOT_READY' });
  });

  test('never chooses between two signed outcomes', async () => {
    const tender = newTender();
    const [statement, other] = [statementOf(tender, '7'), statementOf(tender, '8')];
    const client = await clientOf(
      [signedBy(statement, 0, 1)],
      [signedBy(statement, 0, 1)],
      [signedBy(other, 2)],
    );
    await expect(client.outcome(tender)).rejects.toMatchObject({ code: 'OUTCOME_CONFLICT' });
  });
});
