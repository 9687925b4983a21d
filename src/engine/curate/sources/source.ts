/**
 * A source file, and stretches of it. The records of a stretch are those that begin in it, so that
 * stretches can be read in any order, by anyone, and give together what the whole gives.
 */
import type { Read } from '../document';

export type SourceFormat = 'warc' | 'html' | 'text' | 'jsonl' | 'parquet';

export interface SourceFile {
  readonly path: string;
  readonly format: SourceFormat;
  readonly gzip: boolean;
  /** In bytes. */
  readonly size: number;
}

export interface Stretch {
  readonly file: SourceFile;
  /** The file's place in the list of sources: the first part of its documents' ids. */
  readonly number: number;
  /** Bytes: [start, end). */
  readonly start: number;
  readonly end: number;
}

export type ReadStretch = (stretch: Stretch) => AsyncIterable<Read>;
