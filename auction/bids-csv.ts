/**
 * Bids from a CSV file (RFC 4180), for rehearsals and for auctions run in one process.
 *
 * The header is `bidder,lot,amount`, or `bidder,amount` where the tender has the one lot `1`; an empty lot is
 * lot `1` too. A later line of the same bidder in the same lot amends the earlier one; the amount `withdraw`
 * withdraws it. A byte-order mark, CRLF, spaces around fields and blank lines are accepted. Names are brought to
 * Unicode normal form C, which spreadsheets on some systems do not write.
 *
 * Amounts are secret even here: an error names line and field and never quotes the amount.
 */

import { parse } from 'csv-parse/browser/esm/sync';
import * as z from 'zod/mini';
import { parseAmount, rankOf } from './amount.ts';
import { MAX_LIST_ENTRIES } from './closing-list.ts';
import { AuctionError, type AuctionErrorCode } from './errors.ts';
import { bidderNameField, parseDocument } from './fields.ts';
import { exactTermsOf, type TenderSpec } from './tender-spec.ts';

export interface BidLine {
  /** Line of the file, from 1; of a field that spans lines the last. */
  readonly line: number;
  readonly bidder: string;
  readonly lot: string;
  /** Minor units. */
  readonly amount: bigint | 'withdraw';
}

/** Every line that a closing list could hold, at 250 characters. */
export const MAX_CSV_LENGTH = MAX_LIST_ENTRIES * 250;
/** The lot of a line that names none, or of a file without a lot column. */
const ONLY_LOT = '1';
const WITHDRAW = 'withdraw';

const HEADER_WITH_LOT = ['bidder', 'lot', 'amount'] as const;
const HEADER_WITHOUT_LOT = ['bidder', 'amount'] as const;

/** A column, or the whole line where no column can be told. */
type Field = 'bidder' | 'lot' | 'amount' | 'header' | 'record';

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * The lines of the file in their order.
 * @throws AuctionError CSV_MALFORMED, LOT_UNKNOWN, WITHDRAWAL_WITHOUT_BID, AMOUNT_*; facts {line, field}
 */
export function parseBidsCsv(text: string, spec: TenderSpec): readonly BidLine[] {
  const terms = exactTermsOf(spec);
  const [header, ...rows] = readRows(text);
  const columns = columnsOf(header);
  if (rows.length > MAX_LIST_ENTRIES) {
    throw lineError(
      'CSV_MALFORMED',
      `the file has more than ${MAX_LIST_ENTRIES} bids`,
      MAX_LIST_ENTRIES,
      'header',
    );
  }
  const standing = new Set<string>();
  return rows.map(({ line, cells }) => {
    if (cells.length !== columns.length) {
      const field = columns[Math.min(cells.length, columns.length - 1)] ?? 'header';
      throw lineError(
        'CSV_MALFORMED',
        `the line has ${cells.length} fields instead of ${columns.length}`,
        line,
        field,
      );
    }
    const cell = (field: Field): string => cells[columns.indexOf(field)] ?? '';
    const bidder = readBidder(cell('bidder'), line);
    const lot = cell('lot') || ONLY_LOT;
    if (!terms.lots.includes(lot)) throw lineError('LOT_UNKNOWN', 'the tender has no such lot', line, 'lot');
    const holder = JSON.stringify([bidder, lot]);
    if (cell('amount') === WITHDRAW) {
      if (!standing.delete(holder)) {
        throw lineError('WITHDRAWAL_WITHOUT_BID', 'no bid of this bidder stands in this lot', line, 'amount');
      }
      return { line, bidder, lot, amount: WITHDRAW };
    }
    const amount = atLine(line, 'amount', () => {
      const minorUnits = parseAmount(cell('amount'), spec.decimals);
      rankOf(minorUnits, terms);
      return minorUnits;
    });
    standing.add(holder);
    return { line, bidder, lot, amount };
  });
}

const rowsSchema = z.array(z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }) }));

const parserErrorSchema = z.object({ code: z.string(), lines: z.number() });

/** What the parser returns, or throws, is unknown until a schema has seen it. */
function readRows(text: string): readonly Row[] {
  if (text.length > MAX_CSV_LENGTH) {
    throw lineError('CSV_MALFORMED', `the file has more than ${MAX_CSV_LENGTH} characters`, 1, 'header');
  }
  const rows = parseDocument(rowsSchema, parseRecords(text), 'CSV_MALFORMED', 'bids file');
  return rows.map(({ record, info }) => ({ line: info.lines, cells: record }));
}

function parseRecords(text: string): unknown {
  try {
    return parse(text, {
      bom: true,
      info: true,
      trim: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
    });
  } catch (error) {
    // The parser's own error quotes the line, amounts included: only its code and line are kept.
    const { code, lines } = z.parse(parserErrorSchema, error);
    throw lineError('CSV_MALFORMED', `the line is not CSV (${code})`, lines, 'record');
  }
}

function columnsOf(header: Row | undefined): readonly Field[] {
  const names = header?.cells.map((cell) => cell.toLowerCase()).join(',');
  if (names === HEADER_WITH_LOT.join(',')) return HEADER_WITH_LOT;
  if (names === HEADER_WITHOUT_LOT.join(',')) return HEADER_WITHOUT_LOT;
  const detail = `the first line must be ${HEADER_WITH_LOT.join(',')} or ${HEADER_WITHOUT_LOT.join(',')}`;
  throw lineError('CSV_MALFORMED', detail, header?.line ?? 1, 'header');
}

function readBidder(cell: string, line: number): string {
  return atLine(line, 'bidder', () =>
    parseDocument(bidderNameField, cell.normalize('NFC'), 'CSV_MALFORMED', "the bidder's name"),
  );
}

/** Adds line and field to whatever is wrong with one cell. */
function atLine<Result>(line: number, field: Field, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof AuctionError) throw lineError(error.code, error.detail, line, field);
    throw error;
  }
}

function lineError(code: AuctionErrorCode, detail: string, line: number, field: Field): AuctionError {
  return new AuctionError(code, `line ${line}, field ${field}: ${detail}`, { line, field });
}
