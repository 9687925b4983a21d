/**
 * Which files a recipe's sources are. In a folder, hidden files and folders are passed over, and what a
 * .gitignore in it passes over (git's own repository folder is hidden), and files of no format that is
 * known, unless the recipe asks for all that hold text. What is named itself must be of a known format.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { GlassboxError } from '../../../base/errors';
import { fileError, readTextIfPresent } from '../../../base/files';
import type { CorpusRecipe } from '../../../recipe/corpus';
import { looksLikeText } from '../../data/data';
import type { SourceFile, SourceFormat } from './source';

const FORMATS: readonly (readonly [RegExp, SourceFormat])[] = [
  [/\.(warc|wet|warc\.wet)(\.gz)?$/i, 'warc'],
  [/\.(html?|xhtml)$/i, 'html'],
  [/\.(txt|text|md|markdown)$/i, 'text'],
  [/\.(jsonl|ndjson)(\.gz)?$/i, 'jsonl'],
  [/\.parquet$/i, 'parquet'],
];

function formatOf(file: string): SourceFormat | undefined {
  return FORMATS.find(([name]) => name.test(file))?.[1];
}

/** Whether its name says a format that can be read. */
export const isReadable = (file: string): boolean => formatOf(file) !== undefined;

/** A .gitignore, and the folder whose content it is about. */
interface Rules {
  readonly folder: string;
  readonly rules: Ignore;
}

function isIgnored(file: string, isFolder: boolean, above: readonly Rules[]): boolean {
  // The innermost that says anything decides.
  for (const { folder, rules } of above.toReversed()) {
    const inside = path.relative(folder, file).split(path.sep).join('/');
    const { ignored, unignored } = rules.test(isFolder ? `${inside}/` : inside);
    if (ignored) return true;
    if (unignored) return false;
  }
  return false;
}

async function* filesBelow(
  folder: string,
  reading: CorpusRecipe['reading'],
  above: readonly Rules[] = [],
): AsyncGenerator<string> {
  const own = reading.gitIgnore
    ? await readTextIfPresent(path.join(folder, '.gitignore'))
    : undefined;
  const all = own === undefined ? above : [...above, { folder, rules: ignore().add(own) }];
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const child = path.join(folder, entry.name);
    if (isIgnored(child, entry.isDirectory(), all)) continue;
    if (entry.isDirectory()) yield* filesBelow(child, reading, all);
    else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(child)))) yield child;
  }
}

/** A link that dangles is none. */
const isFile = async (file: string): Promise<boolean> =>
  (await stat(file).catch(() => undefined))?.isFile() ?? false;

/**
 * The files behind a recipe's sources, each once, in the order given, a folder's sorted by name.
 *
 * @throws GlassboxError `no-sources`, `source-format`, `not-found`, ...
 */
export async function listSources({ sources, reading }: CorpusRecipe): Promise<SourceFile[]> {
  const files = new Map<string, SourceFile>();
  const add = async (named: string, format: SourceFormat): Promise<void> => {
    const file = path.resolve(named);
    if (files.has(file)) return;
    const { size } = await stat(file);
    files.set(file, { path: file, format, gzip: /\.gz$/i.test(file), size });
  };
  for (const source of sources) {
    try {
      const format = formatOf(source);
      if ((await stat(source)).isDirectory()) {
        for await (const file of filesBelow(source, reading)) {
          const found = formatOf(file);
          if (found) await add(file, found);
          else if (reading.otherText && (await looksLikeText(file))) await add(file, 'text');
        }
      } else if (format) {
        await add(source, format);
      } else {
        throw new GlassboxError('source-format', `${source} is of no format that can be read.`, {
          remedy: 'Give WARC, WET, HTML, text, Markdown, JSON Lines or Parquet files, named so.',
          details: { path: source },
        });
      }
    } catch (thrown) {
      throw fileError(thrown, 'read', source);
    }
  }
  if (files.size === 0)
    throw new GlassboxError(
      'no-sources',
      `There is nothing to read in ${sources.join(', ') || 'no source at all'}.`,
      {
        remedy: 'Name files or folders of WARC, WET, HTML, text, Markdown, JSON Lines or Parquet.',
      },
    );
  return [...files.values()];
}
