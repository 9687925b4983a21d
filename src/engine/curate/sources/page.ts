/** A file that is one document: an HTML page, a text, a Markdown file. */
import { readFile, stat } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { fileError } from '../../../base/files';
import type { Read } from '../document';
import type { Stretch } from './source';

/** A larger file is no document; gigabytes of text belong into JSON Lines, Parquet or WARC. */
const LARGEST_PAGE = 1 << 28;

/** Where a page says that it stands, as far as its first kilobytes do. */
const CANONICAL = /<link[^>]{1,256}rel=["']?canonical["']?[^>]{0,256}href=["']([^"'>]+)["']/i;

export async function* readPage({ file, number }: Stretch): AsyncGenerator<Read, void, void> {
  const origin = { file: file.path, offset: 0, record: undefined };
  try {
    const { size, mtime } = await stat(file.path);
    const date = mtime.toISOString();
    const head = { id: `${number}-0`, origin, url: pathToFileURL(file.path).href, date };
    if (size > LARGEST_PAGE) {
      yield { kind: 'unreadable', record: { ...head, reason: 'tooLarge' } };
      return;
    }
    const bytes = await readFile(file.path);
    const kind = file.format === 'html' ? 'html' : 'text';
    const canonical =
      kind === 'html' ? CANONICAL.exec(bytes.toString('latin1', 0, 1 << 15))?.[1] : undefined;
    const url = canonical ?? head.url;
    yield {
      kind: 'document',
      document: { ...head, url, body: { kind, bytes, charset: undefined } },
    };
  } catch (thrown) {
    throw fileError(thrown, 'read', file.path);
  }
}
