/**
 * Reads Hugging Face's tokenizer.json: byte-level BPE as GPT-2, Llama 3 and Qwen write it, and BPE
 * over characters with byte fallback as SentencePiece's conversions (Llama 2) write it.
 */
import * as z from 'zod';
import { GlassboxError, messageOf } from '../../base/errors';
import type { AddedToken } from './addedTokens';
import { fromByteLevel } from './bytes';
import {
  type DecoderSteps,
  type Template,
  checked,
  invalid,
  readDecoder,
  readNormalizer,
  readPostProcessor,
} from './jsonComponents';
import { type PreTokenizer, readPreTokenizer } from './jsonPreTokenizer';
import { type JsonModel, isId, readModel } from './jsonModel';
import { BpeModel } from './model';
import { END_OF_TEXT } from './specials';
import { splitBeforeMarks, splitEvenly } from './splitPattern';
import { type PieceSplit, anyCut } from './sureCuts';
import { TextTokenizer } from './textTokenizer';
import type { Tokenizer } from './types';
import { type TokenIndex, Vocabulary } from './vocabulary';

const fileSchema = z.looseObject({ added_tokens: z.array(z.unknown()).nullish() });

const addedTokenSchema = z
  .looseObject({
    id: z.unknown().refine(isId, 'must be a token id'),
    content: z.string(),
    special: z.boolean().default(false),
    single_word: z.boolean().default(false),
    lstrip: z.boolean().default(false),
    rstrip: z.boolean().default(false),
    normalized: z.boolean().optional(),
  })
  .transform((token): AddedToken => ({
    id: isId(token.id) ? token.id : 0,
    content: token.content,
    special: token.special,
    singleWord: token.single_word,
    stripLeft: token.lstrip,
    stripRight: token.rstrip,
    normalized: token.normalized ?? !token.special,
  }));

const tokenNameSchema = z
  .union([z.string(), z.looseObject({ content: z.string() }).transform((token) => token.content)])
  .nullish();

const configSchema = z.looseObject({
  bos_token: tokenNameSchema,
  eos_token: tokenNameSchema,
  add_bos_token: z.boolean().nullish(),
});

/** Names by which models call their first and last token, where no configuration says it. */
const USUAL_BOS = ['<s>', '<|begin_of_text|>', '<bos>', END_OF_TEXT];
const USUAL_EOS = ['</s>', '<|end_of_text|>', '<eos>', END_OF_TEXT];

/**
 * The tokenizer that a tokenizer.json describes.
 *
 * @param text the file's text
 * @param name what to call it
 * @param configText the text of the tokenizer_config.json beside it, which names the tokens that
 *   begin and end a text
 * @throws GlassboxError `tokenizer-json` where it isn't valid, `tokenizer-unsupported` naming a
 *   component that Glassbox doesn't know, `tokenizer-pattern`
 */
export function parseTokenizerJson(
  text: string,
  name = 'tokenizer.json',
  configText?: string,
): Tokenizer {
  const file = checked(fileSchema, parse(text, 'tokenizer.json'), 'file');
  const model = readModel(file['model']);
  const normalizer = readNormalizer(file['normalizer']);
  const preTokenizer = readPreTokenizer(file['pre_tokenizer']);
  const decoder = readDecoder(file['decoder']);
  const added = (file.added_tokens ?? []).map((token, index) =>
    checked(addedTokenSchema, token, `added_tokens.${index}`),
  );
  const bytes = preTokenizer.byteLevel;
  const vocabulary = vocabularyOf(model, added, decoder, bytes);
  const ends = endTokens(added, readPostProcessor(file['post_processor']), configText);
  for (const id of [...ends.template.before, ...ends.template.after]) {
    if (!vocabulary.has(id)) invalid(`post_processor adds the token ${id}, which there is not`);
  }
  const bpe = new BpeModel({
    alphabet: bytes ? 'bytes' : 'characters',
    byteIds: byteIdsOf(model, bytes),
    characterIds: bytes ? new Map() : characterIdsOf(model),
    rules: model.rules,
    whole: model.ignoreMerges ? wholeOf(model, added, vocabulary, bytes) : undefined,
    unknownId: model.unknownId,
    fuseUnknown: model.fuseUnknown,
  });
  return new TextTokenizer({
    kind: kindOf(model, bytes),
    name,
    model: bpe,
    vocabulary,
    added,
    normalizer: [...normalizer, ...preTokenizer.steps],
    split: splitOf(model, preTokenizer, bpe),
    stripBlanks: bytes ? 0 : decoder.stripBlanks,
    template: ends.template,
    bosId: ends.bosId,
    eosId: ends.eosId,
    toJson: () => text,
  });
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GlassboxError('tokenizer-json', `The ${file} is not JSON: ${messageOf(cause)}`, {
      remedy: 'Get the file again from where the model came from; it may be cut off.',
      cause,
    });
  }
}

function kindOf(model: JsonModel, bytes: boolean): Tokenizer['kind'] {
  if (model.merges.length > 0) return 'bpe';
  if (bytes) return 'byte';
  return model.byteFallback || model.unknownId !== undefined ? 'bpe' : 'char';
}

/** What each token stands for in a text. */
function vocabularyOf(
  model: JsonModel,
  added: readonly AddedToken[],
  decoder: DecoderSteps,
  bytes: boolean,
): Vocabulary {
  const vocabulary = new Vocabulary();
  const replaced = (token: string): string =>
    decoder.replace.reduce(
      (result, { pattern, content }) => result.replaceAll(pattern, () => content),
      token,
    );
  for (const [token, id] of model.vocab) {
    if (bytes) {
      const spelled = fromByteLevel(token);
      if (spelled) vocabulary.setBytes(id, spelled);
      else vocabulary.setText(id, token);
      continue;
    }
    const byte = model.byteFallback || decoder.byteFallback ? fallbackByte(token) : undefined;
    if (byte !== undefined) {
      vocabulary.setBytes(id, [byte]);
      continue;
    }
    vocabulary.setText(id, replaced(token));
  }
  for (const { id, content } of added) vocabulary.setText(id, bytes ? content : replaced(content));
  return vocabulary;
}

function fallbackByte(token: string): number | undefined {
  const match = /^<0x([0-9A-F]{2})>$/.exec(token);
  return match ? parseInt(match[1]!, 16) : undefined;
}

function byteIdsOf(model: JsonModel, bytes: boolean): Int32Array {
  const ids = new Int32Array(256).fill(-1);
  if (!bytes && !model.byteFallback) return ids;
  for (const [token, id] of model.vocab) {
    const spelled = bytes && token.length === 1 ? fromByteLevel(token)?.[0] : undefined;
    const byte = bytes ? spelled : fallbackByte(token);
    if (byte !== undefined) ids[byte] = id;
  }
  return ids;
}

function characterIdsOf(model: JsonModel): Map<number, number> {
  const ids = new Map<number, number>();
  for (const [token, id] of model.vocab) {
    const point = token.codePointAt(0);
    if (point !== undefined && token.length === (point > 0xffff ? 2 : 1)) ids.set(point, id);
  }
  return ids;
}

/** What may be a token as a whole; not the special tokens, which plain text never becomes. */
function wholeOf(
  model: JsonModel,
  added: readonly AddedToken[],
  vocabulary: Vocabulary,
  bytes: boolean,
): TokenIndex {
  const special = new Set(added.filter((token) => token.special).map((token) => token.id));
  if (bytes) return vocabulary.index(special);
  // Over characters a piece is spelled as in the file, before what the decoder does to it.
  const spelled = new Vocabulary();
  for (const [token, id] of model.vocab) spelled.setText(id, token);
  return spelled.index(special);
}

/** The pre-tokenizer's split, or where there is none a cut that cannot change the result. */
function splitOf(model: JsonModel, preTokenizer: PreTokenizer, bpe: BpeModel): PieceSplit {
  const { split, local } = preTokenizer;
  if (split && !local) return split;
  const cutsPiece = split?.sureCut;
  const sureCut = (text: string, at: number): boolean =>
    cutsPiece?.(text, at) === true || bpe.neverJoins(text, at);
  if (split) return { ...split, sureCut };
  const whole = (text: string): number[] => (text === '' ? [] : [text.length]);
  if (model.ignoreMerges || (model.fuseUnknown && !model.byteFallback)) {
    return { split: whole, sureCut };
  }
  if (model.merges.length === 0) return { split: splitEvenly, sureCut: anyCut };
  // SentencePiece's tokenizers: a merge makes `▁the`, none makes `the▁`, so that a `▁` after
  // something else begins a piece of its own.
  const crosses = model.merges.some(
    ([left, right]) => right.startsWith('▁') && !left.endsWith('▁'),
  );
  const marks = !crosses && !preTokenizer.byteLevel && model.vocab.has('▁');
  return { split: marks ? splitBeforeMarks : whole, sureCut };
}

interface EndTokens {
  readonly template: Template;
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
}

function endTokens(
  added: readonly AddedToken[],
  template: Template,
  configText: string | undefined,
): EndTokens {
  const idOf = (content: string | null | undefined): number | undefined =>
    added.find((token) => token.content === content)?.id;
  if (configText === undefined) {
    const special = new Set(added.filter((token) => token.special).map((token) => token.content));
    return {
      template,
      bosId: template.before[0] ?? idOf(USUAL_BOS.find((content) => special.has(content))),
      eosId: idOf(USUAL_EOS.find((content) => special.has(content))),
    };
  }
  const config = checked(
    configSchema,
    parse(configText, 'tokenizer_config.json'),
    'tokenizer_config.json',
  );
  const bosId = idOf(config.bos_token);
  const addsBos = config.add_bos_token === true && bosId !== undefined;
  const before =
    addsBos && !template.before.includes(bosId) ? [bosId, ...template.before] : template.before;
  return { template: { ...template, before }, bosId, eosId: idOf(config.eos_token) };
}
