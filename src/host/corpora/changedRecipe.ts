/** The recipe of a corpus with other thresholds and switches, as a person would write it. Pure. */
import path from 'node:path';
import { corpusSchema, type CorpusRecipe } from '../../recipe/corpus';
import type { Settings } from '../../recipe/judging';

const isSection = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What differs from the defaults. */
function beyond(value: Record<string, unknown>, defaults: unknown): Record<string, unknown> {
  const known: Record<string, unknown> = isSection(defaults) ? defaults : {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]): [string, unknown][] => {
      if (!isSection(each))
        return JSON.stringify(each) === JSON.stringify(known[key]) ? [] : [[key, each]];
      const inner = beyond(each, known[key]);
      return Object.keys(inner).length === 0 ? [] : [[key, inner]];
    }),
  );
}

/** Relative where it lies in the folder, with slashes that every system reads. */
function seenFrom(folder: string, file: string): string {
  const relative = path.relative(folder, file);
  const outside = relative.startsWith('..') || path.isAbsolute(relative);
  return outside ? file : relative === '' ? '.' : relative.split(path.sep).join('/');
}

/**
 * The text of a `*.corpus.json` in `folder`: the recipe, with absolute paths, and these settings by
 * `<stage>.<setting>`. Throws where one may not be so.
 */
export function changedRecipe(
  recipe: CorpusRecipe,
  settings: Settings,
  { name, folder }: { readonly name: string; readonly folder: string },
): string {
  const changed: Record<string, unknown> = structuredClone({ ...recipe });
  for (const [key, value] of Object.entries(settings)) {
    const [stage = '', setting = ''] = key.split('.');
    const section = Object.hasOwn(changed, stage) ? changed[stage] : undefined;
    if (isSection(section)) section[setting] = value;
  }
  const { $schema, ...parsed } = corpusSchema.parse(changed);
  const { sources, url, ...rest } = parsed;
  const shown = {
    ...rest,
    url: { ...url, lists: url.lists.map((file) => seenFrom(folder, file)) },
  };
  const written = {
    ...($schema === undefined ? {} : { $schema }),
    name,
    sources: sources.map((file) => seenFrom(folder, file)),
    ...beyond({ ...shown, name: undefined }, corpusSchema.parse({})),
  };
  return `${JSON.stringify({ ...written, name }, null, 2)}\n`;
}
