/**
 * What every kind of recipe file has: one schema is the source of its type, of the messages about
 * mistakes, of `--set key=value`, and of the JSON schema from which VS Code completes and underlines.
 */
import * as z from 'zod';
import { GlassboxError } from '../base/errors';
import { parseJson } from './json';
import {
  describeIssues,
  fieldOf,
  jsonSchema,
  nearest,
  type JsonSchema,
  type Problem,
} from './problems';

export interface RecipeKind<Recipe> {
  /**
   * The recipe in `jsonText`, defaults filled in. `source` is what messages call it: the file's name.
   * Throws `recipe-invalid` with every problem in the message and in `details.problems`.
   */
  readonly parse: (jsonText: string, source?: string) => Recipe;

  /** What an empty recipe stands for. */
  readonly defaults: () => Recipe;

  /**
   * The recipe with settings such as `train.lr=3e-4` applied in order. A value is read as JSON where
   * the field can take what comes out, else as text; `null` brings the default back; a single value
   * for a list makes a list of one. Throws `recipe-invalid`, naming the nearest field for one that
   * does not exist; `recipe` itself is never changed.
   */
  readonly apply: (recipe: Recipe, settings: readonly string[]) => Recipe;

  /** The JSON schema (draft 7, which VS Code knows best) of a file as a person writes it. */
  readonly jsonSchema: () => JsonSchema;
}

/** @param example of a setting, for the message about one that is none */
export function recipeKind<Schema extends z.ZodType<object>>(
  schema: Schema,
  { title, description, example }: { title: string; description: string; example: string },
): RecipeKind<z.output<Schema>> {
  type Recipe = z.output<Schema>;
  let described: JsonSchema | undefined;
  const shape = (): JsonSchema =>
    (described ??= jsonSchema.parse({
      ...z.toJSONSchema(schema, { io: 'input', target: 'draft-7' }),
      title,
      description,
    }));

  function check(value: unknown, source: string): Recipe {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    throw invalid(source, describeIssues(result.error.issues, value, shape()));
  }

  return {
    parse(jsonText, source = 'The recipe') {
      const parsed = parseJson(jsonText);
      if (!parsed.ok) {
        const { line, column, expected } = parsed;
        const message = `not JSON: line ${line}, column ${column}: ${expected}`;
        throw invalid(source, [{ path: '', message, line, column }]);
      }
      return check(parsed.value, source);
    },

    defaults: () => schema.parse({}),

    apply(recipe, settings) {
      const changed = structuredClone<Record<string, unknown>>(
        Object.fromEntries(Object.entries(recipe)),
      );
      const problems: Problem[] = [];
      for (const setting of settings) {
        const equals = setting.indexOf('=');
        const key = setting.slice(0, equals).trim();
        if (equals <= 0 || key === '') {
          const message = `"${setting}": expected key=value, as in ${example}`;
          problems.push({ path: '', message });
          continue;
        }
        const field = fieldOf(shape(), key);
        if (field === undefined) {
          const near = nearest(shape(), key);
          const hint = near === undefined ? '' : `; did you mean ${near}?`;
          problems.push({ path: key, message: `unknown${hint}` });
          continue;
        }
        assign(changed, key.split('.'), valueFor(field, setting.slice(equals + 1)));
      }
      if (problems.length > 0) throw invalid('--set', problems);
      return check(changed, '--set');
    },

    jsonSchema: shape,
  };
}

function invalid(source: string, problems: readonly Problem[]): GlassboxError {
  const lines = problems.map(({ path, message }) =>
    path === '' ? message : `${path}: ${message}`,
  );
  const message =
    lines.length === 1
      ? `${source}: ${lines[0]!}${lines[0]!.endsWith('?') ? '' : '.'}`
      : `${source}: ${lines.length} problems.\n${lines.map((line) => `  ${line}`).join('\n')}`;
  return new GlassboxError('recipe-invalid', message, {
    remedy: 'Correct what is named here. The JSON schema of recipes describes every field.',
    details: { source, problems },
  });
}

/** `raw` as the field wants it: JSON where that fits, else the text itself. */
function valueFor(field: JsonSchema, raw: string): unknown {
  const parsed = parseJson(raw);
  const candidates: unknown[] = parsed.ok ? [parsed.value, raw] : [raw];
  if (parsed.ok && parsed.value === null) return undefined;
  for (const candidate of candidates) if (accepts(field, candidate)) return candidate;
  const alone = candidates.find((candidate) => accepts(field, [candidate]));
  return alone === undefined ? candidates[0] : [alone];
}

/** Whether the field's schema takes a value of this type; ranges are checked later. */
function accepts(field: JsonSchema, value: unknown): boolean {
  if (field.anyOf) return field.anyOf.some((option) => accepts(option, value));
  if (field.const !== undefined) return field.const === value;
  switch (field.type) {
    case 'array':
      return (
        Array.isArray(value) &&
        value.every((item) => field.items === undefined || accepts(field.items, item))
      );
    case 'integer':
    case 'number':
      return typeof value === 'number';
    case 'string':
    case 'boolean':
      return typeof value === field.type;
    default:
      return typeof value === 'object' && value !== null && !Array.isArray(value);
  }
}

/** Sets or, for `undefined`, removes what the path names; every key is known to be a field. */
function assign(target: Record<string, unknown>, keys: readonly string[], value: unknown): void {
  const [first, ...rest] = keys;
  if (first === undefined) return;
  if (rest.length > 0) {
    const inner = target[first];
    const copy = { ...(typeof inner === 'object' ? inner : {}) };
    assign(copy, rest, value);
    target[first] = copy;
  } else if (value === undefined) {
    Reflect.deleteProperty(target, first);
  } else {
    target[first] = value;
  }
}
