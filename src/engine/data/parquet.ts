/**
 * Rows of a Parquet file (hyparquet), a bounded number at a time. A stretch of bytes stands for the row
 * groups that begin in it, so that a large file can be shared out.
 */
import { open, type FileHandle } from 'node:fs/promises';
import {
  parquetMetadataAsync,
  parquetReadObjects,
  type AsyncBuffer,
  type FileMetaData,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { GlassboxError, messageOf } from '../../base/errors';
import { fileError } from '../../base/files';

export interface ParquetRow {
  /** From 0, in the file. */
  readonly row: number;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface ParquetStretch {
  /** Those that are not in the file are left out. */
  readonly columns: readonly string[];
  /** Without them the file is no use. */
  readonly required: readonly string[];
  /** Row groups that begin in these bytes; the whole file if not given. */
  readonly start?: number | undefined;
  readonly end?: number | undefined;
}

/** Rows of a group that is larger than this many bytes are taken in slices. */
const LARGE_GROUP = 1 << 26;
const SLICE_ROWS = 2048;

function bufferOf(file: FileHandle, size: number): AsyncBuffer {
  return {
    byteLength: size,
    slice: async (start, end = size) => {
      const bytes = new Uint8Array(Math.max(0, end - start));
      for (let filled = 0; filled < bytes.length;) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
        if (bytesRead === 0) throw new Error(`it ends at byte ${start + filled}`);
        filled += bytesRead;
      }
      return bytes.buffer;
    },
  };
}

function damaged(file: string, why: string, cause?: unknown): GlassboxError {
  return new GlassboxError('parquet-damaged', `${file} can't be read as Parquet: ${why}.`, {
    remedy: 'Leave it out, or get it again.',
    details: { path: file },
    cause,
  });
}

/** Columns of the first level; nothing else is asked for. */
function columnsOf(metadata: FileMetaData): Set<string> {
  return new Set(
    metadata.row_groups
      .flatMap(({ columns }) => columns.map(({ meta_data: meta }) => meta?.path_in_schema[0]))
      .filter((name) => name !== undefined),
  );
}

const begin = (group: FileMetaData['row_groups'][number]): number =>
  Math.min(
    ...group.columns.map(({ meta_data: meta }) =>
      Number(meta?.dictionary_page_offset ?? meta?.data_page_offset ?? Infinity),
    ),
  );

/**
 * @throws GlassboxError `parquet-damaged`, `parquet-column` if a required column is missing, or the file
 *   system's reason
 */
export async function* readParquet(
  path: string,
  { columns, required, start = 0, end = Infinity }: ParquetStretch,
): AsyncGenerator<ParquetRow, void, void> {
  const handle = await open(path, 'r').catch((thrown: unknown) => {
    throw fileError(thrown, 'read', path);
  });
  try {
    const file = bufferOf(handle, (await handle.stat()).size);
    const metadata = await parquetMetadataAsync(file);
    const there = columnsOf(metadata);
    const missing = required.find((name) => metadata.row_groups.length > 0 && !there.has(name));
    if (missing !== undefined)
      throw new GlassboxError('parquet-column', `${path} has no column "${missing}".`, {
        remedy: `It has ${[...there].join(', ')}. Say which one holds the text, or leave the file out.`,
        details: { path, columns: [...there] },
      });
    const wanted = columns.filter((name) => there.has(name));
    let first = 0;
    for (const group of metadata.row_groups) {
      const rows = Number(group.num_rows);
      const place = begin(group);
      const slice = Number(group.total_byte_size) > LARGE_GROUP ? SLICE_ROWS : rows;
      for (let at = 0; place >= start && place < end && at < rows; at += slice) {
        const rowStart = first + at;
        const rowEnd = first + Math.min(rows, at + slice);
        const found: readonly Record<string, unknown>[] = await parquetReadObjects({
          file,
          metadata,
          columns: wanted,
          rowStart,
          rowEnd,
          compressors,
          useOffsetIndex: true,
        });
        for (const [i, values] of found.entries()) yield { row: rowStart + i, values };
      }
      first += rows;
    }
  } catch (thrown) {
    const known = fileError(thrown, 'read', path);
    throw known instanceof GlassboxError ? known : damaged(path, messageOf(thrown), thrown);
  } finally {
    await handle.close();
  }
}
