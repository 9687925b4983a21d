/**
 * What is wrong with a recipe, in words: each problem with its path, what was expected there, and
 * for a field that does not exist the nearest one that does.
 */
import * as z from 'zod';

export interface Problem {
  /** Dotted, with list positions in brackets: `data.paths[1]`; empty for the whole. */
  readonly path: string;
  readonly message: string;
  /** Only for text that is not JSON. */
  readonly line?: number;
  readonly column?: number;
}

/** The part of JSON Schema that `z.toJSONSchema` uses for a recipe. */
export const jsonSchema = z.looseObject({
  type: z.string().optional(),
  const: z.unknown().optional(),
  get anyOf() {
    return z.array(jsonSchema).optional();
  },
  get items() {
    return jsonSchema.optional();
  },
  get properties() {
    return z.record(z.string(), jsonSchema).optional();
  },
});
export type JsonSchema = z.infer<typeof jsonSchema>;

/** The schema of the field that a dotted path names. */
export function fieldOf(schema: JsonSchema, path: string): JsonSchema | undefined {
  let field: JsonSchema | undefined = schema;
  for (const key of path.split('.')) {
    const properties: JsonSchema['properties'] = field?.properties;
    field = properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
  }
  return field;
}

/** Every field's dotted path, sections included. */
function fieldPaths(schema: JsonSchema, prefix = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => [
    prefix + key,
    ...fieldPaths(field, `${prefix}${key}.`),
  ]);
}

const lastName = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/**
 * The field that was probably meant: a similar path, or the same or a similar name in another
 * section. Undefined if nothing is near enough.
 */
export function nearest(schema: JsonSchema, path: string): string | undefined {
  const name = lastName(path);
  const allowed = (text: string): number => Math.max(1, Math.floor(text.length / 3));
  let best: { path: string; distance: number } | undefined;
  for (const candidate of fieldPaths(schema)) {
    const whole = distance(path, candidate);
    // The half step lets a field in the same section win against an equal one elsewhere.
    const byName = distance(name, lastName(candidate)) + 0.5;
    const fits = [
      ...(whole <= allowed(name) ? [whole] : []),
      ...(byName <= allowed(name) + 0.5 ? [byName] : []),
    ];
    const least = Math.min(...fits);
    if (fits.length > 0 && (best === undefined || least < best.distance))
      best = { path: candidate, distance: least };
  }
  return best?.path;
}

/**
 * Edits between two words, case aside: insert, delete, replace, swap neighbours (optimal string
 * alignment). Long texts are no near miss of anything: Infinity, without the work.
 */
function distance(left: string, right: string): number {
  if (left.length > 64 || Math.abs(left.length - right.length) > 16) return Infinity;
  const a = left.toLowerCase();
  const b = right.toLowerCase();
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(replaced, last[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, beforeLast[j - 2]! + 1);
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/** zod's issues about `root` as problems; an object's unknown keys become one problem each. */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  root: unknown,
  schema: JsonSchema,
): Problem[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys')
      return [{ path: pathText(issue.path), message: describeIssue(issue, root) }];
    return issue.keys.map((key) => {
      const path = pathText([...issue.path, key]);
      const near = nearest(schema, path);
      return { path, message: near === undefined ? 'unknown' : `unknown; did you mean ${near}?` };
    });
  });
}

function describeIssue(issue: z.core.$ZodIssue, root: unknown): string {
  const value = valueAt(root, issue.path);
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${TYPES[issue.expected] ?? issue.expected}, not ${show(value)}`;
    case 'invalid_value':
      return `expected ${issue.values.map(show).join(' or ')}, not ${show(value)}`;
    case 'too_small':
      if (typeof value !== 'number') return 'must not be empty';
      return `must be ${issue.inclusive ? 'at least' : 'more than'} ${String(issue.minimum)}, not ${show(value)}`;
    case 'too_big':
      return `must be ${issue.inclusive ? 'at most' : 'less than'} ${String(issue.maximum)}, not ${show(value)}`;
    default:
      return issue.message;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

/** A value in a message: its content if that is short, else its kind. Never walks into it. */
function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value !== 'string') return String(value);
  return value.length <= 40 ? JSON.stringify(value) : `${JSON.stringify(value.slice(0, 39))}...`;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    const name = String(key);
    const shown = /^[\w$-]{1,64}$/.test(name) ? name : JSON.stringify(name.slice(0, 64));
    return text === '' ? shown : `${text}.${shown}`;
  }, '');
}
