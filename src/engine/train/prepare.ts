/**
 * From a recipe's words to tokens: the tokenizer (trained on the training part alone, made, or
 * loaded) and the corpus, encoded once into the run's folder so that a resumed run sees the same
 * tokens whatever has become of the files.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { GlassboxError } from '../../base/errors';
import { fileError } from '../../base/files';
import type { Recipe } from '../../recipe/run';
import { openShards, readDocuments, surveyDocuments, writeShards } from '../data/data';
import type { Corpus, DocumentPiece } from '../data/data';
import {
  builtinTokenizer,
  byteTokenizer,
  charTokenizer,
  parseTokenizerJson,
  trainBpe,
} from '../tokenizer/tokenizer';
import type { Tokenizer } from '../tokenizer/tokenizer';

/** The token that ends a document. */
const END_OF_TEXT = '<|endoftext|>';

export interface Prepared {
  readonly tokenizer: Tokenizer;
  readonly corpus: Corpus;
}

export interface PrepareOptions {
  readonly recipe: Recipe;
  /** The files and folders of the text. */
  readonly paths: readonly string[];
  /** Where the tokens go. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** What is being done, for people. */
  readonly onNote: (text: string) => void;
}

/** Throws what is wrong with the text, the tokenizer or the folder; `cancelled`. */
export async function prepare(options: PrepareOptions): Promise<Prepared> {
  const { recipe, paths, folder, signal, onNote } = options;
  const { validationFraction, invalidUtf8 } = recipe.data;
  const documents = readDocuments(paths, { invalidUtf8, signal });
  const survey = await surveyDocuments(documents, { validationFraction, signal });
  const tokenizer = await makeTokenizer(recipe.tokenizer, {
    text: () => textBefore(documents, survey.cut),
    // A character that only the held-out part has must still be spelt.
    everything: () => textBefore(documents, survey.bytes),
    signal,
    onNote,
  });
  onNote(`Encoding ${megabytes(survey.bytes)} of text`);
  await writeShards(documents, tokenizer, folder, {
    validationFraction,
    signal,
    tokenizerHash: fingerprint(tokenizer),
  });
  return { tokenizer, corpus: openShards(folder) };
}

/** The tokens that an earlier `prepare` wrote. Throws `corpus-tokenizer` for another tokenizer's. */
export function reopen(folder: string, tokenizer: Tokenizer): Prepared {
  const expected = { vocab: tokenizer.vocabSize, tokenizerHash: fingerprint(tokenizer) };
  return { tokenizer, corpus: openShards(folder, expected) };
}

/** The tokenizer of a checkpoint or of a model folder. */
export async function readTokenizer(folder: string): Promise<Tokenizer> {
  const file = path.join(folder, 'tokenizer.json');
  const config = await readFile(path.join(folder, 'tokenizer_config.json'), 'utf8').catch(
    () => undefined,
  );
  try {
    return parseTokenizerJson(await readFile(file, 'utf8'), path.basename(folder), config);
  } catch (thrown) {
    throw fileError(thrown, 'read', file);
  }
}

async function makeTokenizer(
  settings: Recipe['tokenizer'],
  source: {
    text: () => AsyncIterable<string>;
    everything: () => AsyncIterable<string>;
    signal: AbortSignal;
    onNote: (text: string) => void;
  },
): Promise<Tokenizer> {
  const specialTokens = [END_OF_TEXT];
  switch (settings.kind) {
    case 'bpe': {
      source.onNote(`Training a tokenizer of ${settings.vocab} tokens`);
      const { pattern } = settings;
      const known = pattern === 'gpt2' || pattern === 'cl100k' || pattern === 'o200k';
      return trainBpe(source.text(), {
        vocabSize: settings.vocab,
        pattern: known ? pattern : { regex: pattern },
        specialTokens,
        signal: source.signal,
      });
    }
    case 'char':
      return charTokenizer(source.everything());
    case 'byte':
      return byteTokenizer();
    case 'builtin':
      return builtinTokenizer(settings.name ?? 'gpt2');
    case 'file':
      return readTokenizerAt(settings.file ?? '');
  }
}

async function readTokenizerAt(file: string): Promise<Tokenizer> {
  const found = await stat(file).catch((thrown: unknown) => {
    throw fileError(thrown, 'read', file);
  });
  if (found.isDirectory()) return readTokenizer(file);
  return parseTokenizerJson(await readFile(file, 'utf8'));
}

/** The text of the first `bytes` UTF-8 bytes, to the end of the piece before. */
async function* textBefore(
  documents: AsyncIterable<DocumentPiece>,
  bytes: number,
): AsyncGenerator<string> {
  let read = 0;
  for await (const { text } of documents) {
    const length = Buffer.byteLength(text);
    if (read + length > bytes) {
      // Of the piece that the cut falls into, what surely lies before it.
      const part = text.slice(0, Math.floor(((bytes - read) / length) * text.length * 0.9));
      if (part !== '') yield part;
      return;
    }
    read += length;
    yield text;
  }
}

function fingerprint(tokenizer: Tokenizer): string {
  return createHash('sha256').update(tokenizer.toJson()).digest('hex');
}

function megabytes(bytes: number): string {
  return bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Throws `model-vocab` where the tokenizer has ids that the model has no row for. */
export function checkVocabulary(tokenizer: Tokenizer, vocab: number): void {
  if (tokenizer.vocabSize <= vocab) return;
  throw new GlassboxError(
    'model-vocab',
    `The tokenizer has ${tokenizer.vocabSize} tokens, the model's vocabulary only ${vocab}.`,
    { remedy: 'Use the tokenizer that the model was trained with.' },
  );
}
