/**
 * A small JSON Schema 2020-12 validator, independent of the library that makes the schemas: it knows the keywords that
 * OpenAPI documents here use and throws on any other, so that nothing is skipped silently.
 */

type Schema = Readonly<Record<string, unknown>>;

/** Keywords that say something to readers and nothing about values. */
const ANNOTATIONS: ReadonlySet<string> = new Set(['description', 'default', 'title', 'format']);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const asSchema = (value: unknown): Schema => {
  if (!isObject(value)) throw new Error('a schema is an object here');
  return value;
};
const asSchemas = (value: unknown): readonly Schema[] => (value as unknown[]).map(asSchema);

/** Paths and keywords of everything that is wrong; empty where the value is valid. */
export function violations(schema: Schema, value: unknown, root: Schema, path = '$'): readonly string[] {
  return Object.entries(schema).flatMap(([keyword, argument]) => {
    const check = KEYWORDS[keyword];
    if (check !== undefined) return check({ argument, schema, value, root, path });
    if (ANNOTATIONS.has(keyword)) return [];
    throw new Error(`the keyword ${keyword} is not known here`);
  });
}

/** What a JSON pointer of the document names. */
export function resolve(reference: string, root: Schema): Schema {
  if (!reference.startsWith('#/')) throw new Error(`the reference ${reference} leaves the document`);
  let found: unknown = root;
  for (const step of reference.slice(2).split('/')) found = isObject(found) ? found[step] : undefined;
  if (!isObject(found)) throw new Error(`the reference ${reference} names nothing`);
  return found;
}

interface Facts {
  readonly argument: unknown;
  readonly schema: Schema;
  readonly value: unknown;
  readonly root: Schema;
  readonly path: string;
}

type Check = (facts: Facts) => readonly string[];

const wrongIf = (wrong: boolean, { path }: Facts, keyword: string) => (wrong ? [`${path}: ${keyword}`] : []);

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

const bound =
  (keyword: string, measure: (value: unknown) => number | undefined, upper: boolean): Check =>
  (facts) => {
    const size = measure(facts.value);
    if (size === undefined) return [];
    return wrongIf(upper ? size > Number(facts.argument) : size < Number(facts.argument), facts, keyword);
  };

const numberOf = (value: unknown) => (typeof value === 'number' ? value : undefined);
const textLengthOf = (value: unknown) => (typeof value === 'string' ? [...value].length : undefined);
const itemsOf = (value: unknown) => (Array.isArray(value) ? value.length : undefined);

const KEYWORDS: Readonly<Record<string, Check>> = {
  $ref: ({ argument, value, root, path }) => violations(resolve(String(argument), root), value, root, path),
  type: (facts) => {
    const found = typeOf(facts.value);
    return wrongIf(
      found !== facts.argument && !(facts.argument === 'number' && found === 'integer'),
      facts,
      'type',
    );
  },
  const: (facts) => wrongIf(facts.value !== facts.argument, facts, 'const'),
  enum: (facts) => wrongIf(!(facts.argument as unknown[]).includes(facts.value), facts, 'enum'),
  pattern: (facts) =>
    wrongIf(
      typeof facts.value === 'string' && !new RegExp(String(facts.argument), 'u').test(facts.value),
      facts,
      'pattern',
    ),
  minimum: bound('minimum', numberOf, false),
  maximum: bound('maximum', numberOf, true),
  minLength: bound('minLength', textLengthOf, false),
  maxLength: bound('maxLength', textLengthOf, true),
  minItems: bound('minItems', itemsOf, false),
  maxItems: bound('maxItems', itemsOf, true),
  required: (facts) =>
    isObject(facts.value)
      ? (facts.argument as string[]).flatMap((key) =>
          Object.hasOwn(facts.value as object, key) ? [] : [`${facts.path}.${key}: required`],
        )
      : [],
  properties: ({ argument, value, root, path }) =>
    isObject(value)
      ? Object.entries(asSchema(argument)).flatMap(([key, schema]) =>
          Object.hasOwn(value, key) ? violations(asSchema(schema), value[key], root, `${path}.${key}`) : [],
        )
      : [],
  additionalProperties: ({ argument, schema, value, root, path }) => {
    if (!isObject(value)) return [];
    const known = new Set(Object.keys(isObject(schema['properties']) ? schema['properties'] : {}));
    return Object.entries(value)
      .filter(([key]) => !known.has(key))
      .flatMap(([key, item]) =>
        argument === false
          ? [`${path}.${key}: additionalProperties`]
          : violations(asSchema(argument), item, root, `${path}.${key}`),
      );
  },
  propertyNames: ({ argument, value, root, path }) =>
    isObject(value)
      ? Object.keys(value).flatMap((key) => violations(asSchema(argument), key, root, `${path}{${key}}`))
      : [],
  items: ({ argument, schema, value, root, path }) => {
    if (!Array.isArray(value)) return [];
    const listed = Array.isArray(schema['prefixItems']) ? schema['prefixItems'].length : 0;
    return value
      .slice(listed)
      .flatMap((item, at) => violations(asSchema(argument), item, root, `${path}[${at + listed}]`));
  },
  prefixItems: ({ argument, value, root, path }) =>
    Array.isArray(value)
      ? asSchemas(argument).flatMap((schema, at) =>
          at < value.length ? violations(schema, value[at], root, `${path}[${at}]`) : [],
        )
      : [],
  allOf: ({ argument, value, root, path }) =>
    asSchemas(argument).flatMap((schema) => violations(schema, value, root, path)),
  anyOf: (facts) => wrongIf(matching(facts) === 0, facts, 'anyOf'),
  oneOf: (facts) => wrongIf(matching(facts) !== 1, facts, 'oneOf'),
};

function matching({ argument, value, root, path }: Facts): number {
  return asSchemas(argument).filter((schema) => violations(schema, value, root, path).length === 0).length;
}
