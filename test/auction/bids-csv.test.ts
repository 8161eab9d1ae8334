import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAmount } from '../../auction/amount.ts';
import { type BidLine, MAX_CSV_LENGTH, parseBidsCsv } from '../../auction/bids-csv.ts';
import { inviteBidders } from '../../auction/invite-bidders.ts';
import { parseTenderSpec } from '../../auction/tender-spec.ts';
import { refused, seededRandom, specJson } from './fixture.ts';

const spec = parseTenderSpec(specJson);
const oneLot = parseTenderSpec(
  Object.fromEntries(Object.entries(specJson).filter(([key]) => key !== 'lots')),
);
const HEADER = 'bidder,lot,amount\n';

describe('a bids file', () => {
  it('gives amendments and withdrawals in their order, with their lines', () => {
    const text =
      '\ufeffbidder,lot,amount\r\n\r\nAnn,A,12.5\r\n   \r\n"Bob, ""B"" Ltd.", A ,14\r\n,,\r\nAnn,A,13\r\nAnn,A,withdraw\r\nAnn,A,11.00';
    expect(parseBidsCsv(text, spec)).toEqual([
      { line: 3, bidder: 'Ann', lot: 'A', amount: 1250n },
      { line: 5, bidder: 'Bob, "B" Ltd.', lot: 'A', amount: 1400n },
      { line: 7, bidder: 'Ann', lot: 'A', amount: 1300n },
      { line: 8, bidder: 'Ann', lot: 'A', amount: 'withdraw' },
      { line: 9, bidder: 'Ann', lot: 'A', amount: 1100n },
    ]);
  });

  it('without lots is about lot 1', () => {
    expect(parseBidsCsv('Bidder,Amount\nAnn,1\n', oneLot)).toEqual([
      { line: 2, bidder: 'Ann', lot: '1', amount: 100n },
    ]);
    expect(parseBidsCsv(`${HEADER}Ann,,1\n`, oneLot)).toEqual([
      { line: 2, bidder: 'Ann', lot: '1', amount: 100n },
    ]);
    refused(() => parseBidsCsv('bidder,amount\nAnn,1\n', spec), 'LOT_UNKNOWN');
    refused(() => parseBidsCsv(`${HEADER}Ann,,1\n`, spec), 'LOT_UNKNOWN');
  });

  it('brings names to one spelling', () => {
    expect(parseBidsCsv(`${HEADER}Zoe\u0308,A,1\n`, spec)[0]?.bidder).toBe('Zo\u00eb');
  });

  it('may hold no bid', () => {
    expect(parseBidsCsv(HEADER, spec)).toEqual([]);
  });

  it.each(
    readdirSync(new URL('../../examples', import.meta.url), { withFileTypes: true })
      .filter(({ name }) => existsSync(new URL(`../../examples/${name}/tender.json`, import.meta.url)))
      .map((entry) => entry.name),
  )('of the example %s is read', (name) => {
    const read = (file: string) =>
      readFileSync(new URL(`../../examples/${name}/${file}`, import.meta.url), 'utf8');
    const { spec: written } = inviteBidders(JSON.parse(read('tender.json')), seededRandom(name));
    expect(parseBidsCsv(read('bids.csv'), written).length).toBeGreaterThan(1);
  });

  it('gives back any bids that were written to it', () => {
    const bids = fc.record({
      bidder: fc
        .string({ minLength: 1, maxLength: 20, unit: fc.constantFrom(...'abÄß,"; ') })
        .filter((name) => name.trim() === name && name !== ''),
      lot: fc.constantFrom('A', 'B'),
      amount: fc.bigInt({ min: 0n, max: 100_000_000n }),
    });
    fc.assert(
      fc.property(fc.array(bids, { maxLength: 10 }), fc.constantFrom('\n', '\r\n'), (rows, newline) => {
        const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
        const lines = rows.map((row) => [quoted(row.bidder), row.lot, formatAmount(row.amount, 2)].join(','));
        const expected: BidLine[] = rows.map((row, index) => ({ line: index + 2, ...row }));
        expect(parseBidsCsv(['bidder,lot,amount', ...lines].join(newline), spec)).toEqual(expected);
      }),
    );
  });

  it.each([
    ['', 'CSV_MALFORMED', 1, 'header'],
    ['bidder;lot;amount\nAnn;A;1', 'CSV_MALFORMED', 1, 'header'],
    ['\n\nbidder,price\nAnn,1', 'CSV_MALFORMED', 3, 'header'],
    [`${HEADER}Ann,A,1\nBob,A`, 'CSV_MALFORMED', 3, 'amount'],
    [`${HEADER}Bob,A,1,2`, 'CSV_MALFORMED', 2, 'amount'],
    [`${HEADER}\n\n,A,1`, 'CSV_MALFORMED', 4, 'bidder'],
    [`${HEADER}${'x'.repeat(129)},A,1`, 'CSV_MALFORMED', 2, 'bidder'],
    [`${HEADER}A\u0007nn,A,1`, 'CSV_MALFORMED', 2, 'bidder'],
    [`${HEADER}"Ann,A,7654321`, 'CSV_MALFORMED', 2, 'record'],
    [`${HEADER}Ann,A,76"54321`, 'CSV_MALFORMED', 2, 'record'],
    [`${HEADER}Ann,C,1`, 'LOT_UNKNOWN', 2, 'lot'],
    [`${HEADER}Ann,,1`, 'LOT_UNKNOWN', 2, 'lot'],
    [`${HEADER}Ann,A,`, 'AMOUNT_MALFORMED', 2, 'amount'],
    [`${HEADER}Ann,A,1e3`, 'AMOUNT_MALFORMED', 2, 'amount'],
    [`${HEADER}Ann,A,-7654321`, 'AMOUNT_NEGATIVE', 2, 'amount'],
    [`${HEADER}Ann,A,76.54321`, 'AMOUNT_TOO_PRECISE', 2, 'amount'],
    [`${HEADER}Ann,A,7654321.00`, 'AMOUNT_OVER_CEILING', 2, 'amount'],
    [`${HEADER}Ann,A,${'7654321'.repeat(4)}`, 'AMOUNT_TOO_LARGE', 2, 'amount'],
    [`${HEADER}Ann,A,withdraw`, 'WITHDRAWAL_WITHOUT_BID', 2, 'amount'],
    [`${HEADER}Ann,A,1\nAnn,B,withdraw`, 'WITHDRAWAL_WITHOUT_BID', 3, 'amount'],
    [`${HEADER}Ann,A,1\nAnn,A,withdraw\nAnn,A,withdraw`, 'WITHDRAWAL_WITHOUT_BID', 4, 'amount'],
  ] as const)('%j is refused as %s at line %i, field %s', (text, code, line, field) => {
    const error = refused(() => parseBidsCsv(text, spec), code);
    expect(error.facts).toEqual({ line, field });
    expect(error.message).toContain(`line ${line}, field ${field}`);
    expect(String(error)).not.toMatch(/7654321|76"54321|76\.54321/);
    expect(error.cause).toBeUndefined();
  });

  it('is bounded', () => {
    refused(() => parseBidsCsv(' '.repeat(MAX_CSV_LENGTH + 1), spec), 'CSV_MALFORMED');
  });
});
