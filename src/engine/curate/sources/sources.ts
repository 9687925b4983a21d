/**
 * Which files a recipe's sources are, and who reads each. In a folder, hidden files and folders are
 * passed over, and so are files of no format that is known; what is named itself must be one.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { GlassboxError } from '../../../base/errors';
import { fileError } from '../../../base/files';
import type { Read } from '../document';
import { readPage } from './page';
import type { SourceFile, SourceFormat, Stretch } from './source';
import { readWarc } from './warc';

const FORMATS: readonly (readonly [RegExp, SourceFormat])[] = [
  [/\.(warc|wet|warc\.wet)(\.gz)?$/i, 'warc'],
  [/\.(html?|xhtml)$/i, 'html'],
  [/\.(txt|text|md|markdown)$/i, 'text'],
];

function formatOf(file: string): SourceFormat | undefined {
  return FORMATS.find(([name]) => name.test(file))?.[1];
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const child = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(child);
    else if (entry.isFile() || (entry.isSymbolicLink() && (await stat(child)).isFile()))
      yield child;
  }
}

/**
 * The files behind a recipe's sources, each once, in the order given, a folder's sorted by name.
 *
 * @throws GlassboxError `no-sources`, `source-format`, `not-found`, ...
 */
export async function listSources(sources: readonly string[]): Promise<SourceFile[]> {
  const files = new Map<string, SourceFile>();
  const add = async (file: string, format: SourceFormat): Promise<void> => {
    const { size } = await stat(file);
    files.set(path.resolve(file), {
      path: path.resolve(file),
      format,
      gzip: /\.gz$/i.test(file),
      size,
    });
  };
  for (const source of sources) {
    try {
      const format = formatOf(source);
      if ((await stat(source)).isDirectory()) {
        for await (const file of filesBelow(source)) {
          const found = formatOf(file);
          if (found && !files.has(file)) await add(file, found);
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

/** The documents, and the records that are none, of a stretch of a file. */
export function readStretch(stretch: Stretch): AsyncIterable<Read> {
  switch (stretch.file.format) {
    case 'warc':
      return readWarc(stretch);
    case 'html':
    case 'text':
      return readPage(stretch);
    case 'jsonl':
    case 'parquet':
      throw new Error('not listed as a source yet');
  }
}
