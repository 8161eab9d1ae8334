import { describe, expect, test } from 'vitest';
import { parseAllowedOrigins } from '../../functions/allowed-origins.ts';

describe('the allow-list of origins', () => {
  test('is empty where nothing is said', () => {
    for (const text of [undefined, '', ' ']) expect(parseAllowedOrigins(text)).toEqual([]);
  });

  test('has each origin once', () => {
    const text = 'https://bids.example, http://localhost:5173,https://bids.example,http://127.0.0.1:8080';
    expect(parseAllowedOrigins(text)).toEqual([
      'https://bids.example',
      'http://localhost:5173',
      'http://127.0.0.1:8080',
    ]);
  });

  test.each([
    '*',
    'null',
    'https://*.example',
    'bids.example',
    'http://bids.example',
    'https://bids.example/',
    'https://bids.example/page',
    'https://user@bids.example',
    'https://BIDS.example',
    'https://bids.example:443',
    'ftp://bids.example',
    'https://a.example,,https://b.example',
    Array.from({ length: 21 }, (_, index) => `https://p${index}.example`).join(','),
  ])('refuses %s', (text) => {
    expect(() => parseAllowedOrigins(text)).toThrow('CONFIGURATION_INVALID');
  });
});
