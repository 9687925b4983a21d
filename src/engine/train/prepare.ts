/**
 * From a recipe's words to tokens: the tokenizer (trained on the training part alone, made, or
 * loaded) and the corpus, encoded once into the run's folder so that a resumed run sees the same
 * tokens whatever has become of the files.
 */
import { createHash } from 'node:crypto';
import type { Recipe } from '../../recipe/run';
import {
  openShards,
  readDocuments,
  splitDocuments,
  surveyDocuments,
  writeShards,
} from '../data/data';
import type { Corpus, DocumentPiece, Survey } from '../data/data';
import {
  END_OF_TEXT,
  builtinTokenizer,
  byteTokenizer,
  charTokenizer,
  patternNamed,
  readTokenizer,
  trainBpe,
} from '../tokenizer/tokenizer';
import type { Tokenizer } from '../tokenizer/tokenizer';

export interface Prepared {
  /** Of a run on conversations, with the special tokens of its template; its last ends an answer. */
  readonly tokenizer: Tokenizer;
  readonly corpus: Corpus;
  /** Of a run on conversations. */
  readonly template?: string | undefined;
  /** Of a run on conversations: some first questions of what is held out. */
  readonly questions?: readonly string[];
}

/** A dataset of conversations that is to become a corpus. */
export interface ConversationRequest {
  readonly paths: readonly string[];
  /** A built-in form, a file, or `auto`. */
  readonly template: string;
  /** The template that the model has. */
  readonly ownTemplate: string | undefined;
  readonly tokenizer: Tokenizer;
  /** Where the corpus goes. */
  readonly folder: string;
  readonly validationFraction: number;
  readonly seed: number;
  /** Tokens of a row. */
  readonly context: number;
  /** The fingerprint that the corpus is to have. */
  readonly hash: (tokenizer: Tokenizer) => string;
  readonly signal: AbortSignal;
  readonly onNote: (text: string) => void;
}

/** How conversations become tokens: whoever starts runs on them brings it along. */
export interface Conversations {
  prepare(request: ConversationRequest): Promise<{
    readonly tokenizer: Tokenizer;
    readonly template: string;
    readonly questions: readonly string[];
  }>;
  /** A question, up to where the answer begins. */
  ask(question: string, template: string, tokenizer: Tokenizer): readonly number[];
}

export interface PrepareOptions {
  readonly recipe: Recipe;
  /** The files and folders of the text. */
  readonly paths: readonly string[];
  /** Where the tokens go. */
  readonly folder: string;
  /** Tokens of a row, and the template of the model that is gone on from. */
  readonly origin: { readonly context: number; readonly template: string | undefined };
  readonly conversations: Conversations | undefined;
  readonly signal: AbortSignal;
  /** What is being done, for people. */
  readonly onNote: (text: string) => void;
}

/** Throws what is wrong with the text, the tokenizer or the folder; `cancelled`. */
export async function prepare(options: PrepareOptions): Promise<Prepared> {
  const { recipe, paths, folder, signal, onNote } = options;
  if (recipe.data.format === 'conversations') return prepareConversations(options);
  const { validationFraction, invalidUtf8 } = recipe.data;
  const documents = readDocuments(paths, { invalidUtf8, signal });
  const survey = await surveyDocuments(documents, { validationFraction, signal });
  const tokenizer = await chooseTokenizer(recipe, {
    text: () => textOf(documents, survey),
    // A character that only the held-out part has must still be spelt.
    everything: () => textOf(documents, { ...survey, cut: survey.bytes }),
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

async function prepareConversations(options: PrepareOptions): Promise<Prepared> {
  const { recipe, paths, folder, origin, conversations, signal, onNote } = options;
  if (!conversations) throw new Error('This run was started without a reader of conversations');
  const none = (): AsyncIterable<string> => {
    throw new Error('The schema lets no tokenizer be made from conversations');
  };
  const tokenizer = await chooseTokenizer(recipe, { text: none, everything: none, signal, onNote });
  const prepared = await conversations.prepare({
    paths,
    template: recipe.chat.template,
    ownTemplate: origin.template,
    tokenizer,
    folder,
    validationFraction: recipe.data.validationFraction,
    seed: recipe.seed,
    context: origin.context,
    hash: fingerprint,
    signal,
    onNote,
  });
  return { ...prepared, corpus: openShards(folder) };
}

/** The tokens that an earlier `prepare` wrote. Throws `corpus-tokenizer` for another tokenizer's. */
export function reopen(
  folder: string,
  tokenizer: Tokenizer,
  template: string | undefined,
): Prepared {
  const expected = { vocab: tokenizer.vocabSize, tokenizerHash: fingerprint(tokenizer) };
  return { tokenizer, template, corpus: openShards(folder, expected) };
}

interface TokenizerSource {
  readonly text: () => AsyncIterable<string>;
  readonly everything: () => AsyncIterable<string>;
  readonly signal: AbortSignal;
  readonly onNote: (text: string) => void;
}

/**
 * The weights of a checkpoint mean nothing with other tokens than its own: a run that starts from one
 * takes its tokenizer, unless the recipe names one that exists already.
 */
async function chooseTokenizer(recipe: Recipe, source: TokenizerSource): Promise<Tokenizer> {
  const { from } = recipe.model;
  const { kind } = recipe.tokenizer;
  if (from === undefined || kind === 'file' || kind === 'builtin')
    return makeTokenizer(recipe.tokenizer, source);
  source.onNote('Using the tokenizer of the checkpoint');
  return readTokenizer(from);
}

async function makeTokenizer(
  settings: Recipe['tokenizer'],
  source: TokenizerSource,
): Promise<Tokenizer> {
  switch (settings.kind) {
    case 'bpe':
      source.onNote(`Training a tokenizer of ${settings.vocab} tokens`);
      return trainBpe(source.text(), {
        vocabSize: settings.vocab,
        pattern: patternNamed(settings.pattern),
        specialTokens: [END_OF_TEXT],
        signal: source.signal,
      });
    case 'char':
      return charTokenizer(source.everything(), { signal: source.signal });
    case 'byte':
      return byteTokenizer();
    case 'builtin':
      return builtinTokenizer(settings.name ?? 'gpt2');
    case 'file':
      return readTokenizer(settings.file ?? '');
  }
}

/** The text of the training part, up to the survey's cut. */
async function* textOf(
  documents: AsyncIterable<DocumentPiece>,
  survey: Survey,
): AsyncGenerator<string> {
  for await (const piece of splitDocuments(documents, survey)) {
    if (piece.heldOut) return;
    yield piece.text;
  }
}

function fingerprint(tokenizer: Tokenizer): string {
  return createHash('sha256').update(tokenizer.toJson()).digest('hex');
}

function megabytes(bytes: number): string {
  return bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
