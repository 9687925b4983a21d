/**
 * A recipe as text: where in it a field stands, what VS Code's own schema check says about it
 * already, and which field was probably meant. Pure.
 */
import { findNodeAtLocation, parseTree } from 'jsonc-parser';
import type { Node } from 'jsonc-parser';
import { nearest } from '../../recipe/problems';
import { parseJson } from '../../recipe/json';
import { corpusRecipe, corpusSchema } from '../../recipe/corpus';
import { recipeJsonSchema, recipeSchema } from '../../recipe/run';

/** Offsets in UTF-16 code units, half open. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

type Segment = string | number;

/** What a recipe describes. */
export type Kind = 'run' | 'corpus';

const KINDS = {
  run: { schema: recipeSchema, jsonSchema: recipeJsonSchema },
  corpus: { schema: corpusSchema, jsonSchema: corpusRecipe.jsonSchema },
} as const;

/** `data.paths[1]` as what leads there; a key that is no plain name is a JSON string. */
export function segmentsOf(path: string): Segment[] {
  const segments: Segment[] = [];
  for (const [, index, quoted, name] of path.matchAll(
    /\[(\d+)\]|("(?:[^"\\]|\\.)*")|([^.[\]"]+)/g,
  )) {
    if (index !== undefined) segments.push(Number(index));
    else if (quoted !== undefined) segments.push(String(JSON.parse(quoted)));
    else if (name !== undefined) segments.push(name);
  }
  return segments;
}

/** The place of a problem: its value, or, where the field isn't there, the key of what should hold it. */
export function spanOf(text: string, path: string): Span {
  const root = parseTree(text);
  const segments = segmentsOf(path);
  for (let length = segments.length; root && length > 0; length--) {
    const node = findNodeAtLocation(root, segments.slice(0, length));
    if (!node) continue;
    const isWhole = length === segments.length && node.type !== 'object';
    return isWhole ? span(node) : span(keyOf(node) ?? node);
  }
  const first = text.search(/\S/);
  return first < 0 ? { start: 0, end: 0 } : { start: first, end: first + 1 };
}

function span({ offset, length }: Node): Span {
  return { start: offset, end: offset + length };
}

function keyOf({ parent }: Node): Node | undefined {
  return parent?.type === 'property' ? parent.children?.[0] : undefined;
}

/** Of the engine's problems those that the JSON schema, and so VS Code, cannot see. */
export function unseenBySchema<Problem extends { readonly path: string }>(
  text: string,
  problems: readonly Problem[],
  kind: Kind = 'run',
): readonly Problem[] {
  const json = parseJson(text);
  if (!json.ok) return [];
  const result = KINDS[kind].schema.safeParse(json.value);
  const seen = new Set(
    (result.error?.issues ?? []).flatMap((issue) => {
      if (issue.code === 'custom') return [];
      const paths =
        issue.code === 'unrecognized_keys'
          ? issue.keys.map((key) => [...issue.path, key])
          : [issue.path];
      return paths.map((path) => JSON.stringify(path));
    }),
  );
  return problems.filter(({ path }) => !seen.has(JSON.stringify(segmentsOf(path))));
}

/** A field that does not exist, and the one beside it that was probably meant. */
export interface Misspelt {
  /** The key, quotes included. */
  readonly span: Span;
  readonly meant: string;
}

export function misspelt(text: string, kind: Kind = 'run'): readonly Misspelt[] {
  const json = parseJson(text);
  const root = parseTree(text);
  if (!json.ok || !root) return [];
  const { schema, jsonSchema } = KINDS[kind];
  const issues = schema.safeParse(json.value).error?.issues ?? [];
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.flatMap((key) => {
          const place = issue.path.filter((each) => typeof each !== 'symbol');
          const section = place.join('.');
          const near = nearest(jsonSchema(), section === '' ? key : `${section}.${key}`);
          const meant = near?.slice(near.lastIndexOf('.') + 1);
          const isBeside = near !== undefined && near === [...place, meant].join('.');
          const node = findNodeAtLocation(root, [...place, key]);
          const name = node && keyOf(node);
          return isBeside && meant !== undefined && name ? [{ span: span(name), meant }] : [];
        })
      : [],
  );
}
