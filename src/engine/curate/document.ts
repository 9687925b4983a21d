/** What flows through the curation: a record as it was read, and a document as it was judged. */
import type { FilterStage } from '../../recipe/corpus';

/** Where a document came from. */
export interface Origin {
  readonly file: string;
  /** Bytes from the file's start: of the record; of its gzip member where there is one. Rows in Parquet. */
  readonly offset: number;
  /** The record's own id, if it has one. */
  readonly record: string | undefined;
}

/** What a record holds: a page or a plain text, in bytes of some charset, or already as text. */
export type Body =
  | {
      readonly kind: 'html' | 'text';
      readonly bytes: Uint8Array;
      /** As declared, which may be a lie. */
      readonly charset: string | undefined;
    }
  | { readonly kind: 'decoded'; readonly text: string };

/** What every record has, whether it could be read or not. */
export interface RecordHead {
  /** Unique in a corpus: the file's number and the place in it, as in `0-18273`. */
  readonly id: string;
  readonly origin: Origin;
  readonly url: string | undefined;
  /** As the source says it; ISO 8601 in WARC. */
  readonly date: string | undefined;
}

export interface RawDocument extends RecordHead {
  readonly body: Body;
}

/** A record that is no document: it is counted under its reason, and the run goes on. */
export interface Unreadable extends RecordHead {
  readonly reason: UnreadableReason;
}

/** Why a record is no document. */
export type UnreadableReason =
  | 'truncatedGzip'
  | 'damagedGzip'
  | 'decompressionBomb'
  | 'wrongLength'
  | 'damagedHeader'
  | 'tooLarge'
  | 'notAPage'
  | 'httpStatus'
  | 'binary'
  | 'badLine'
  | 'damagedFile'
  | 'missingColumn'
  | 'noText'
  | 'tooSlow';

export type Read =
  | { readonly kind: 'document'; readonly document: RawDocument }
  | { readonly kind: 'unreadable'; readonly record: Unreadable };

/** The measured values of one stage, by name. */
export type Values = Readonly<Record<string, number>>;

/** Why a document was dropped. */
export interface Drop {
  /** A filter, `source` for what could not be read, or what compares documents. */
  readonly stage: FilterStage | 'source' | 'exactDuplicates' | 'nearDuplicates';
  /** The setting whose threshold was crossed, or a reason in one word. */
  readonly reason: string;
  readonly measured?: number | undefined;
  readonly threshold?: number | undefined;
  /** Of a copy: the first document of the same text, or the one that is kept of the similar ones. */
  readonly of?: string | undefined;
}

/** A document as it stands after the filters, whatever they decided. */
export interface JudgedDocument extends RecordHead {
  readonly title: string | undefined;
  readonly language: string | undefined;
  readonly text: string;
  /** By stage; of the stages that looked at it. */
  readonly values: Readonly<Partial<Record<FilterStage | 'pii', Values>>>;
  readonly drop: Drop | undefined;
}
