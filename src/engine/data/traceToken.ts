/** From a token of a corpus on disk back to the document that it is of. */
import path from 'node:path';
import * as z from 'zod';
import { GlassboxError } from '../../base/errors';
import { linesOfFile } from '../../base/lines';
import { documentAt } from './batches';
import { openShards } from './shardCorpus';

export interface TokenOrigin {
  /** The document's number in its part, from 0. */
  readonly document: number;
  /** Its tokens: [start, end), its end-of-text token included. */
  readonly start: number;
  readonly end: number;
  /** The file, followed by `:` and the line or row, from 1, where each is a document. */
  readonly source: string;
}

async function lineOf(file: string, number: number): Promise<string | undefined> {
  let at = 0;
  for await (const line of linesOfFile(file)) if (at++ === number) return line;
  return undefined;
}

/**
 * @param folder of a corpus that `writeShards` wrote
 * @throws GlassboxError `corpus-range`, `no-origins` for a corpus that doesn't say where it came from,
 *   `corpus-damaged`, ...
 */
export async function traceToken(
  folder: string,
  split: 'train' | 'validation',
  token: number,
): Promise<TokenOrigin> {
  const corpus = openShards(folder);
  try {
    const part = corpus[split];
    if (!part || token >= part.length)
      throw new GlassboxError(
        'corpus-range',
        `${folder} has ${part?.length ?? 0} tokens for ${split}, and the token ${token} was asked for.`,
        { remedy: 'Tokens are counted from 0.' },
      );
    const sourcesFile = corpus.index.splits[split]?.sourcesFile;
    const starts = part.documents();
    const document = documentAt(starts, token);
    const line =
      sourcesFile === undefined
        ? undefined
        : await lineOf(path.join(folder, sourcesFile), document);
    if (line === undefined)
      throw new GlassboxError(
        'no-origins',
        `${folder} does not say where its documents came from.`,
        {
          remedy: 'It was made by an older version: train again to know.',
        },
      );
    const end = starts[document + 1] ?? part.length;
    return { document, start: starts[document]!, end, source: z.string().parse(JSON.parse(line)) };
  } finally {
    corpus.close();
  }
}
