/**
 * A corpus on disk: a folder with
 *
 *   index.json                 what is there (below)
 *   train-00000.bin ...        token ids, uint16 if the vocabulary fits, else uint32, little-endian
 *   train.documents.bin        where documents start, in tokens: float64, little-endian
 *   train.sources.jsonl        where each document came from: its file, with a line's or row's number
 *   validation-00000.bin ...   the same for what is held out, if anything is
 *   validation.documents.bin
 *   train-00000.mask.bin ...   where not every token is to be learnt: a byte each, 1 for those that are
 *   token-bytes.bin            UTF-8 bytes of each token of the vocabulary: uint16, if known
 */
import * as z from 'zod';

export const INDEX_NAME = 'index.json';
export const TOKEN_BYTES_NAME = 'token-bytes.bin';

const count = z.int().nonnegative();

/** Names that stay inside the folder. */
const fileName = z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/, 'not a plain file name');

const splitSchema = z.strictObject({
  tokens: count,
  /** UTF-8 bytes of the text. */
  bytes: count,
  documents: count,
  /** What token-bytes.bin says of all tokens together; 0 without. */
  tableBytes: count,
  files: z.array(z.strictObject({ name: fileName, tokens: count })),
  documentsFile: fileName,
  /** Corpora of older versions have none. */
  sourcesFile: fileName.optional(),
});

export const indexSchema = z.strictObject({
  format: z.literal('glassbox-tokens'),
  version: z.literal(1),
  dtype: z.enum(['uint16', 'uint32']),
  vocab: z.int().positive(),
  eos: count.nullable(),
  /** The fingerprint of the tokenizer that made the ids, if whoever wrote this gave one. */
  tokenizer: z.string().nullable(),
  hasTokenBytes: z.boolean(),
  /** Whether a mask lies beside each file of tokens. */
  masked: z.boolean().default(false),
  splits: z.strictObject({ train: splitSchema, validation: splitSchema.nullable() }),
});

export type CorpusIndex = z.infer<typeof indexSchema>;
export type SplitIndex = z.infer<typeof splitSchema>;

/** The mask beside a file of tokens. */
export function maskName(name: string): string {
  return name.replace(/\.bin$/, '.mask.bin');
}

export function dtypeFor(vocab: number): CorpusIndex['dtype'] {
  return vocab <= 65536 ? 'uint16' : 'uint32';
}

export function bytesPerToken(dtype: CorpusIndex['dtype']): 2 | 4 {
  return dtype === 'uint16' ? 2 : 4;
}
