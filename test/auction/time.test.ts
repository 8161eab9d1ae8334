import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTimestamp } from '../../auction/time.ts';

describe('timestamps', () => {
  it('are those of the machine for every moment up to the year 9999', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
        (date) => {
          expect(parseTimestamp(date.toISOString())).toBe(date.getTime());
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each([
    '2027-03-01T12:00:00Z',
    '2027-03-01T12:00:00.5Z',
    '2027-03-01T12:00:00+01:00',
    '2027-03-01T00:30:00-11:30',
    '2028-02-29T23:59:59.999+00:00',
  ])('reads %s', (text) => {
    expect(parseTimestamp(text)).toBe(Date.parse(text));
  });

  it.each([
    '2027-03-01',
    '2027-03-01T12:00Z',
    '2027-03-01T12:00:00',
    '2027-03-01 12:00:00Z',
    '2027-02-29T12:00:00Z',
    '2100-02-29T12:00:00Z',
    '2027-13-01T12:00:00Z',
    '2027-00-01T12:00:00Z',
    '2027-04-31T12:00:00Z',
    '2027-03-01T24:00:00Z',
    '2027-03-01T12:60:00Z',
    '2027-03-01T12:00:60Z',
    '2027-03-01T12:00:00+24:00',
    '2027-03-01T12:00:00+01:60',
    '2027-03-01T12:00:00.0001Z',
    '1969-12-31T23:59:59Z',
    '1970-01-01T00:00:00+00:01',
  ])('refuses %s', (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });
});
