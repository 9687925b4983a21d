/**
 * Parquet: a row is a document. Columns are called as in FineWeb's shards: `text` (or what the recipe
 * says), `id`, `url`, `date`. A file that can't be read, or has no column of texts, is one record that
 * can't; the rest goes on.
 */
import { GlassboxError } from '../../../base/errors';
import { readParquet } from '../../data/data';
import type { Read, RecordHead, UnreadableReason } from '../document';
import type { Stretch } from './source';

const REASONS: Readonly<Record<string, UnreadableReason>> = {
  'parquet-damaged': 'damagedFile',
  'parquet-column': 'missingColumn',
};

const textOr = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== ''
    ? value
    : value instanceof Date
      ? value.toISOString()
      : undefined;

export async function* readParquetSource(
  { file, number, start, end }: Stretch,
  textField: string,
): AsyncGenerator<Read, void, void> {
  const headAt = (row: number, values: Readonly<Record<string, unknown>>): RecordHead => ({
    id: `${number}-${row}`,
    origin: { file: file.path, offset: row, record: textOr(values['id']) },
    url: textOr(values['url']),
    date: textOr(values['date']) ?? textOr(values['timestamp']),
  });
  let next = 0;
  try {
    const columns = [textField, 'id', 'url', 'date', 'timestamp'];
    for await (const { row, values } of readParquet(file.path, {
      columns,
      required: [textField],
      start,
      end,
    })) {
      next = row + 1;
      const head = headAt(row, values);
      const text = values[textField];
      if (typeof text === 'string')
        yield { kind: 'document', document: { ...head, body: { kind: 'decoded', text } } };
      else yield { kind: 'unreadable', record: { ...head, reason: 'noText' } };
    }
  } catch (thrown) {
    const reason = thrown instanceof GlassboxError ? REASONS[thrown.code] : undefined;
    if (reason === undefined) throw thrown;
    // A damaged footer is the whole file's; it is counted once, by the stretch that begins it.
    if (start > 0 && next === 0) return;
    yield { kind: 'unreadable', record: { ...headAt(next, {}), reason } };
  }
}
