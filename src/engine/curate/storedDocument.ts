/**
 * A judged document as a line of JSON: what the shards hold, and what is passed from phase to phase. One
 * shape for kept and dropped documents; a dropped one says why.
 */
import * as z from 'zod';
import { GlassboxError, messageOf } from '../../base/errors';
import { linesOfFile } from '../../base/lines';

const values = z.record(z.string(), z.number());

const dropSchema = z.strictObject({
  stage: z.string(),
  /** The setting whose threshold was crossed, or a reason in one word. */
  reason: z.string(),
  measured: z.number().optional(),
  threshold: z.number().optional(),
  /** Of a copy: the id of the first of the same text, or of the one that is kept of the similar. */
  of: z.string().optional(),
});

export const storedDocumentSchema = z.strictObject({
  id: z.string(),
  url: z.string().optional(),
  date: z.string().optional(),
  title: z.string().optional(),
  language: z.string().optional(),
  languageScore: z.number().optional(),
  /** Of the text, by the tokenizer that the recipe names. */
  tokens: z.int().nonnegative(),
  /** As it stands; of a dropped document, as it stood when it was dropped. */
  text: z.string(),
  /** Where the source holds it. */
  file: z.string(),
  offset: z.number().nonnegative(),
  record: z.string().optional(),
  /** Every measured value, by stage. */
  values: z.record(z.string(), values),
  drop: dropSchema.optional(),
});

export type StoredDocument = z.output<typeof storedDocumentSchema>;

export const lineOf = (document: StoredDocument): string => `${JSON.stringify(document)}\n`;

/**
 * The documents of a file of lines.
 *
 * @throws GlassboxError `corpus-damaged` for a line that is none
 */
export async function* readStored(file: string): AsyncGenerator<StoredDocument, void, void> {
  for await (const line of linesOfFile(file)) yield parseLine(line, file);
}

/**
 * The documents in some lines of such a file, counted from 1, in ascending order: the others are passed
 * over unread.
 *
 * @throws GlassboxError `corpus-damaged` for a line that is none
 */
export async function* pickStored(
  file: string,
  wanted: readonly number[],
): AsyncGenerator<StoredDocument, void, void> {
  let number = 0;
  let next = 0;
  for await (const line of linesOfFile(file)) {
    if (++number !== wanted[next]) continue;
    yield parseLine(line, file);
    if (++next === wanted.length) return;
  }
}

function parseLine(line: string, file: string): StoredDocument {
  try {
    return storedDocumentSchema.parse(JSON.parse(line));
  } catch (thrown) {
    throw new GlassboxError(
      'corpus-damaged',
      `${file} holds a line that is no document: ${messageOf(thrown)}`,
      {
        remedy: 'Delete the corpus, and make it again.',
        details: { path: file },
        cause: thrown,
      },
    );
  }
}
