/** A document's record in its source, read again: what the filters and the copies have left of it is stored alone. */
import { stat } from 'node:fs/promises';
import * as z from 'zod';
import { GlassboxError, hasCode, throwIfAborted } from '../../base/errors';
import { corpusSchema } from '../../recipe/corpus';
import type { CuratedCorpus } from '../data/data';
import type { RawDocument } from './document';
import { sourceFileSchema } from './folder';
import type { SourceFile } from './sources/source';
import { readStretch } from './sources/sources';
import type { StoredDocument } from './storedDocument';

const changed = (file: string): GlassboxError =>
  new GlassboxError('source-changed', `${file} is not what the corpus was made of any more.`, {
    remedy: 'Put the file back as it was, or make the corpus again.',
    details: { path: file },
  });

/** Whether a record can be found from its place, so that no more than it is read. */
const isSeekable = ({ format, gzip }: SourceFile): boolean =>
  format === 'warc' || (format === 'jsonl' && !gzip);

/** The same, where that takes no reading of a whole file of many; undefined elsewhere, and where it is gone. */
export async function readSourceQuickly(
  document: StoredDocument,
  index: CuratedCorpus,
  signal: AbortSignal,
): Promise<RawDocument | undefined> {
  const files = z.array(sourceFileSchema).parse(index['sources']);
  const file = files.find((each) => each.path === document.file);
  const isOne = file?.format === 'html' || file?.format === 'text';
  if (!file || !(isOne || isSeekable(file))) return undefined;
  try {
    return await readSourceOf(document, index, signal);
  } catch (thrown) {
    // Gone, changed, or not to be opened any more: then there is nothing to measure.
    if (thrown instanceof GlassboxError && !hasCode(thrown, 'cancelled')) return undefined;
    throw thrown;
  }
}

/**
 * @throws GlassboxError `source-changed` where the source is gone, or no longer has the record; `cancelled`
 */
export async function readSourceOf(
  document: StoredDocument,
  index: CuratedCorpus,
  signal: AbortSignal,
): Promise<RawDocument> {
  const recipe = corpusSchema.parse(index['recipe']);
  const files = z.array(sourceFileSchema).parse(index['sources']);
  const number = files.findIndex((each) => each.path === document.file);
  const file = files[number];
  const size = (await stat(document.file).catch(() => undefined))?.size;
  if (!file || size !== file.size) throw changed(document.file);
  const [start, end] = isSeekable(file) ? [document.offset, document.offset + 1] : [0, file.size];
  for await (const read of readStretch({ file, number, start, end }, recipe)) {
    throwIfAborted(signal);
    if (read.kind === 'document' && read.document.id === document.id) return read.document;
  }
  throw changed(document.file);
}
