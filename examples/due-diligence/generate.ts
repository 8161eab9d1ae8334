/**
 * Writes `records.jsonl`: what a procurement office knows of its suppliers, under their register numbers.
 *
 * `node examples/due-diligence/generate.ts` writes the file beside this script. Everything follows from the seed, so
 * that anybody can make the same file; a test compares. Companies, people and findings are invented; register
 * prefixes are those of the countries. The generator is for plausible data, not for secrets.
 */

import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const SEED = 20_260_401;
const RECORDS = 5_400;

/** Every value fits one block of 240 bytes, and none gives itself away as a stub. */
export const VALUE_BYTES = { min: 120, max: 240 } as const;

export interface SupplierRecord {
  readonly key: string;
  /** JSON text, as another system would have exported it. */
  readonly value: string;
}

interface Country {
  readonly code: string;
  /** How many of a hundred suppliers are from there. */
  readonly weight: number;
  readonly register: string;
  /** Digits of a register number. */
  readonly digits: number;
  readonly forms: readonly string[];
  readonly cities: readonly string[];
}

const COUNTRIES: readonly Country[] = [
  {
    code: 'DE',
    weight: 34,
    register: 'HRB',
    digits: 6,
    forms: ['GmbH', 'AG', 'GmbH & Co. KG', 'SE'],
    cities: ['Kassel', 'Lübeck', 'Göttingen', 'Chemnitz', 'Regensburg', 'Münster'],
  },
  {
    code: 'FR',
    weight: 16,
    register: 'SIREN',
    digits: 9,
    forms: ['SAS', 'SARL', 'SA'],
    cities: ['Nantes', 'Dijon', 'Orléans', 'Béziers', 'Rouen'],
  },
  {
    code: 'NL',
    weight: 11,
    register: 'KVK',
    digits: 8,
    forms: ['B.V.', 'N.V.'],
    cities: ['Zwolle', 'Breda', 'Leeuwarden', 'Venlo'],
  },
  {
    code: 'GB',
    weight: 11,
    register: 'CRN',
    digits: 8,
    forms: ['Ltd', 'plc', 'LLP'],
    cities: ['Leeds', 'Exeter', 'Dundee', 'Swansea'],
  },
  {
    code: 'PL',
    weight: 10,
    register: 'KRS',
    digits: 10,
    forms: ['sp. z o.o.', 'S.A.'],
    cities: ['Łódź', 'Poznań', 'Gdynia', 'Rzeszów'],
  },
  {
    code: 'IT',
    weight: 8,
    register: 'REA',
    digits: 7,
    forms: ['S.r.l.', 'S.p.A.'],
    cities: ['Modena', 'Bari', 'Trieste', 'Padova'],
  },
  {
    code: 'AT',
    weight: 6,
    register: 'FN',
    digits: 6,
    forms: ['GmbH', 'AG'],
    cities: ['Linz', 'Graz', 'Villach'],
  },
  {
    code: 'CZ',
    weight: 4,
    register: 'ICO',
    digits: 8,
    forms: ['s.r.o.', 'a.s.'],
    cities: ['Brno', 'Plzeň', 'Olomouc'],
  },
];

const FIRST_PARTS = [
  ...['Aldermoor', 'Bergwald', 'Castellan', 'Dornfeld', 'Eisvogel', 'Falkenried', 'Grauwerk', 'Halden'],
  ...['Isenbrück', 'Juniper', 'Kestrel', 'Lindhof', 'Mirabeau', 'Nordlicht', 'Ostrava', 'Pellworm'],
  ...['Quercus', 'Ravensholt', 'Steinbeck', 'Tannengrund', 'Ulmenau', 'Valdor', 'Weissach', 'Zephyrin'],
] as const;
const SECOND_PARTS = [
  ...['Anlagenbau', 'Brückenbau', 'Logistics', 'Medical', 'Energie', 'Papier', 'Robotics', 'Textiles'],
  ...['Optik', 'Chemie', 'Catering', 'Marine', 'Software', 'Forst', 'Messtechnik', 'Hydraulics'],
] as const;
const OFFICERS = ['A. Voss', 'B. Okafor', 'C. Lindqvist', 'D. Marchetti', 'E. Nowak', 'F. Haddad'] as const;
const LISTS = ['EU', 'UN', 'OFAC', 'UK'] as const;

/** The text of the file. */
export function recordsFile(): string {
  return [...supplierRecords()].map((record) => `${JSON.stringify(record)}\n`).join('');
}

export function* supplierRecords(): Generator<SupplierRecord> {
  const draw = new Draw(SEED);
  const used = new Set<string>();
  while (used.size < RECORDS) {
    const country = draw.weighted(COUNTRIES);
    const number = draw.digits(country.digits);
    const key = `${country.code}-${country.register}-${number}`;
    if (used.has(key)) continue;
    used.add(key);
    yield { key, value: JSON.stringify(supplier(draw, country, number)) };
  }
}

function supplier(draw: Draw, country: Country, number: string) {
  const sanctioned = draw.oneIn(70);
  const exposed = draw.oneIn(25);
  const adverse = draw.oneIn(9) ? 1 + draw.below(4) : 0;
  const checked = draw.date(2024, 2026);
  return {
    name: `${draw.of(FIRST_PARTS)} ${draw.of(SECOND_PARTS)} ${draw.of(country.forms)}`,
    register: `${country.register} ${number}`,
    country: country.code,
    city: draw.of(country.cities),
    checked,
    by: draw.of(OFFICERS),
    sanctions: sanctioned ? `${draw.of(LISTS)}-${2018 + draw.below(8)}-${draw.digits(4)}` : 'none',
    pep: exposed,
    adverse,
    credit: 100 + draw.below(500),
    risk: sanctioned ? 'blocked' : exposed || adverse > 1 ? 'high' : adverse === 1 ? 'medium' : 'low',
  };
}

/** A small generator with a full period (Weyl sequence, finalised as in MurmurHash3). */
class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(bound: number): number {
    return Math.floor((this.#next() / 2 ** 32) * bound);
  }

  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  of<Choice>(choices: readonly Choice[]): Choice {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new RangeError('nothing to choose from');
    return choice;
  }

  weighted<Choice extends { readonly weight: number }>(choices: readonly Choice[]): Choice {
    let left = this.below(choices.reduce((sum, { weight }) => sum + weight, 0));
    for (const choice of choices) {
      if (left < choice.weight) return choice;
      left -= choice.weight;
    }
    throw new RangeError('nothing to choose from');
  }

  /** Does not begin with 0. */
  digits(count: number): string {
    return String(1 + this.below(9)) + Array.from({ length: count - 1 }, () => this.below(10)).join('');
  }

  date(firstYear: number, lastYear: number): string {
    const year = firstYear + this.below(lastYear - firstYear + 1);
    const twoDigits = (value: number) => String(value).padStart(2, '0');
    return `${year}-${twoDigits(1 + this.below(12))}-${twoDigits(1 + this.below(28))}`;
  }

  #next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }
}

if (import.meta.main) {
  await writeFile(fileURLToPath(new URL('records.jsonl', import.meta.url)), recordsFile());
}
