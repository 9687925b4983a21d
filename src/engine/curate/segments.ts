/**
 * The sources cut into segments: the units of work. A segment is a stretch of a large file or a few
 * small files, some seconds of work. Where the cuts are follows from the files' sizes alone, so that
 * the result doesn't depend on who works on it, and a run that was killed goes on with the segments that
 * are missing.
 */
import type { SourceFile, Stretch } from './sources/source';

export interface Segment {
  readonly number: number;
  readonly stretches: readonly Stretch[];
}

/** Bytes in a segment; of compressed ones more comes out. */
const SEGMENT_BYTES = 1 << 22;
const COMPRESSED_BYTES = 1 << 20;

/** Whether the reader of this format finds the first record from any place of the file. */
const canBeCut = ({ format, gzip }: SourceFile): boolean =>
  format === 'warc' || format === 'parquet' || (format === 'jsonl' && !gzip);

export function planSegments(files: readonly SourceFile[]): Segment[] {
  const segments: Segment[] = [];
  let gathered: Stretch[] = [];
  let bytes = 0;
  const close = (): void => {
    if (gathered.length > 0) segments.push({ number: segments.length, stretches: gathered });
    gathered = [];
    bytes = 0;
  };
  for (const [number, file] of files.entries()) {
    const most = file.gzip || file.format === 'parquet' ? COMPRESSED_BYTES : SEGMENT_BYTES;
    const parts = canBeCut(file) ? Math.max(1, Math.ceil(file.size / most)) : 1;
    if (bytes + file.size > most) close();
    for (let part = 0; part < parts; part++) {
      const start = part * most;
      gathered.push({ file, number, start, end: part === parts - 1 ? file.size : start + most });
      if (parts > 1) close();
    }
    bytes += parts > 1 ? 0 : file.size;
  }
  close();
  return segments;
}

/** Bytes of the sources that a segment stands for. */
export function segmentBytes({ stretches }: Segment): number {
  return stretches.reduce((sum, { start, end }) => sum + end - start, 0);
}
