/**
 * Documents from files and folders: a text file is one document, each line of a .jsonl file and each row
 * of a .parquet file is one (its field `text`). Nothing is held whole but a line, or a group of rows.
 *
 * In a folder, hidden files and folders are passed over, and so are files that aren't text, unless
 * their name says that they should be (.txt, .md, .jsonl, .parquet): then they are an error, as they are where
 * they are named themselves. Links to folders are not followed. A curated corpus stands for the documents
 * that it kept.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { GlassboxError, throwIfAborted } from '../../base/errors';
import { fileError } from '../../base/files';
import { readCuratedCorpus } from './curatedCorpus';
import { cutStream, cutText, PIECE_LENGTH, type DocumentPiece } from './pieces';
import { readParquet } from './parquet';
import { looksLikeText, streamText, type TextOptions } from './textFile';

export interface ReadOptions extends TextOptions {
  /** The longest piece, in UTF-16 code units; 65,536 if not given. */
  readonly pieceLength?: number | undefined;
}

const TEXT_NAME = /\.(txt|md|jsonl|parquet)$/i;

const lineSchema = z.object({ text: z.string() });

/** Half of a surrogate pair, which JSON can hold and UTF-8 cannot. */
const LONE_SURROGATE = /\p{Surrogate}/gu;

interface Listed {
  readonly file: string;
  /** Named by the caller, not met in a folder. */
  readonly named: boolean;
}

async function* listFolder(folder: string): AsyncGenerator<Listed> {
  const corpus = await readCuratedCorpus(folder);
  if (corpus) {
    // What was dropped lies beside what was kept.
    for (const { name } of corpus.kept) yield { file: path.join(folder, name), named: false };
    return;
  }
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const child = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* listFolder(child);
    else if (entry.isFile() || (entry.isSymbolicLink() && (await stat(child)).isFile()))
      yield { file: child, named: false };
  }
}

async function* listFiles(paths: readonly string[]): AsyncGenerator<Listed> {
  for (const named of paths) {
    try {
      if ((await stat(named)).isDirectory()) yield* listFolder(named);
      else yield { file: named, named: true };
    } catch (thrown) {
      throw fileError(thrown, 'read', named);
    }
  }
}

function lineError(source: string, what: string, cause?: unknown): GlassboxError {
  return new GlassboxError('bad-line', `${source}: ${what}.`, {
    remedy: 'Each line must be a JSON object with the text in a field "text". Correct that line.',
    details: { source },
    cause,
  });
}

function textOfLine(line: string, source: string, options: ReadOptions): string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (thrown) {
    throw lineError(source, 'this line is not JSON', thrown);
  }
  const parsed = lineSchema.safeParse(json);
  if (!parsed.success) throw lineError(source, 'this line has no field "text" with a string');
  const { text } = parsed.data;
  if (text.search(LONE_SURROGATE) < 0) return text;
  if (options.invalidUtf8 !== 'replace')
    throw lineError(source, 'the text holds half a surrogate pair, which is no character');
  return text.replace(LONE_SURROGATE, '\ufffd');
}

/** The lines of a text file, without those that are blank; numbers count from 1. */
export async function* readTextLines(
  file: string,
  options: TextOptions = {},
): AsyncGenerator<{ readonly line: string; readonly number: number }> {
  let number = 0;
  let held: string[] = [];
  const whole = function* (line: string): Generator<{ line: string; number: number }> {
    number++;
    if (line.trim() !== '') yield { line, number };
  };
  for await (const chunk of streamText(file, options)) {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
      held.push(chunk.slice(start, end));
      const line = held.join('');
      held = [];
      start = end + 1;
      yield* whole(line);
    }
    held.push(chunk.slice(start));
  }
  yield* whole(held.join(''));
}

async function* readLines(file: string, options: ReadOptions): AsyncGenerator<DocumentPiece> {
  for await (const { line, number } of readTextLines(file, options)) {
    const source = `${file}:${number}`;
    yield* cutText(textOfLine(line, source, options), source, options.pieceLength);
  }
}

async function* readRows(file: string, options: ReadOptions): AsyncGenerator<DocumentPiece> {
  for await (const { row, values } of readParquet(file, {
    columns: ['text'],
    required: ['text'],
  })) {
    throwIfAborted(options.signal);
    const { text } = values;
    if (typeof text === 'string') yield* cutText(text, `${file}:${row + 1}`, options.pieceLength);
  }
}

function piecesOf(file: string, options: ReadOptions): AsyncGenerator<DocumentPiece> {
  if (/\.jsonl$/i.test(file)) return readLines(file, options);
  if (/\.parquet$/i.test(file)) return readRows(file, options);
  return cutStream(streamText(file, options), file, options.pieceLength);
}

async function* read(
  paths: readonly string[],
  options: ReadOptions,
): AsyncGenerator<DocumentPiece> {
  const seen = new Set<string>();
  let files = 0;
  let documents = 0;
  for await (const { file, named } of listFiles(paths)) {
    // A file that is met twice would be in training and validation at once.
    if (seen.has(path.resolve(file))) continue;
    seen.add(path.resolve(file));
    if (!named && !TEXT_NAME.test(file) && !(await looksLikeText(file))) continue;
    files++;
    const pieces = piecesOf(file, options);
    let empty = true;
    for await (const piece of pieces) {
      empty = false;
      if (!piece.continues) documents++;
      yield piece;
    }
    if (empty && named) throw emptyFile(file);
  }
  if (documents === 0) throw noText(paths, files);
}

/**
 * The files that paths stand for, each once: those named, and those in folders whose names match.
 *
 * @throws GlassboxError `not-found`, ...
 */
export async function listTextFiles(paths: readonly string[], wanted: RegExp): Promise<string[]> {
  const files = new Map<string, string>();
  for await (const { file, named } of listFiles(paths))
    if (named || wanted.test(file)) files.set(path.resolve(file), file);
  return [...files.values()];
}

/** A folder of more files than this is measured by its first. */
const MOST_MEASURED = 2000;

/**
 * Bytes of the text files that a path stands for, and not many more than `enough`, by their sizes:
 * nothing but their beginnings is read.
 *
 * @throws GlassboxError `not-found`, `empty-file`, `no-text`, `binary-data`, ...
 */
export async function measureText(place: string, enough: number): Promise<number> {
  let bytes = 0;
  let files = 0;
  for await (const { file, named } of listFiles([place])) {
    const { size } = await stat(file);
    if (named && size === 0) throw emptyFile(file);
    const isText = /\.parquet$/i.test(file) || (await looksLikeText(file));
    if ((named || !TEXT_NAME.test(file)) && !isText) {
      if (!named) continue;
      throw new GlassboxError('binary-data', `${file} is not text.`, {
        remedy: 'Give files of text in UTF-8.',
        details: { path: file },
      });
    }
    bytes += size;
    if (++files >= MOST_MEASURED || bytes >= enough) break;
  }
  if (bytes === 0) throw noText([place], files);
  return bytes;
}

function emptyFile(file: string): GlassboxError {
  return new GlassboxError('empty-file', `${file} is empty.`, {
    remedy: 'Leave it out, or give a file that holds text.',
    details: { path: file },
  });
}

function noText(paths: readonly string[], files: number): GlassboxError {
  return new GlassboxError(
    'no-text',
    files === 0
      ? `There is no text file in ${paths.join(', ') || 'an empty list of paths'}.`
      : `Every text file in ${paths.join(', ')} is empty.`,
    { remedy: 'Give text files (.txt, .md, .jsonl or any other in UTF-8), or a folder of them.' },
  );
}

/**
 * The documents of files and folders, in the order given, a folder's sorted by name. Each iteration
 * reads the files anew, so that one can be counted first and then used.
 *
 * Iterating throws GlassboxError `not-found`, `empty-file`, `no-text`, `binary-data`,
 * `invalid-utf8`, `bad-line`, `cancelled`, ...
 */
export function readDocuments(
  paths: readonly string[],
  options: ReadOptions = {},
): AsyncIterable<DocumentPiece> {
  const pieceLength = Math.max(2, options.pieceLength ?? PIECE_LENGTH);
  return { [Symbol.asyncIterator]: () => read(paths, { ...options, pieceLength }) };
}
