/**
 * Texts that are being edited, as the engine follows them to say how a tokenizer cuts them; and what
 * a tokenizer is made of. Positions are UTF-16 code units from the text's start.
 *
 * A document is opened empty, and every change arrives as an edit that makes one version of it, the
 * first text (in parts, where it is long) too: there is one way in. An edit whose `version` is not
 * the next one fails with `document-version`, and whoever asked opens the document anew.
 */
import * as z from 'zod';
import { count, ids } from './fields';

const document = z.string().min(1);
/** A built-in name, a tokenizer.json, or a folder that holds one. */
const tokenizer = z.string().min(1);

export const openDocumentRequestSchema = z.object({ document, tokenizer });

export const editDocumentRequestSchema = z.object({
  document,
  /** The version that the edit makes: 1 for the first, and so on. */
  version: z.int().positive(),
  /** Done one after the other, each on the text that the one before left. */
  changes: z.array(z.object({ start: count, end: count, text: z.string() })),
});

export const documentTokensRequestSchema = z.object({ document, start: count, end: count });

/** Every token that has a part in the range asked for. Token `i` spans `ends[i - 1]` to `ends[i]`. */
export const documentTokensAnswerSchema = z.object({
  /** Of the text that the answer is about. */
  version: count,
  /** Where the first token starts. */
  start: count,
  ids,
  ends: z.array(count),
  /**
   * Whether the first token takes the first or the second of two alternating colours. What was shown
   * last keeps its colours, up to the place of an edit; tokens elsewhere may change theirs as long as
   * the text has not been counted.
   */
  parity: z.union([z.literal(0), z.literal(1)]),
  /**
   * Indices of tokens that begin or end within a character, which several of them share: it is in the
   * span of the first, and the others' spans begin behind it, most often empty.
   */
  partial: z.array(count),
});

export const documentCountRequestSchema = z.object({
  document,
  /** Absent: the whole text. */
  ranges: z.array(z.object({ start: count, end: count })).optional(),
});

export const documentCountAnswerSchema = z.object({
  version: count,
  tokens: count,
  /** Unicode code points. */
  characters: count,
});

export const explainTokenRequestSchema = z.object({
  document,
  position: count,
  /** Tokenizers that shall cut the same text, too. */
  others: z.array(tokenizer),
});

/** Two neighbours that became one token, `rank` merges after the first of the tokenizer. */
const mergeSchema = z.object({
  left: z.string(),
  right: z.string(),
  rank: count,
});

export const explainTokenAnswerSchema = z.object({
  version: count,
  id: count,
  /** For display: what is no whole character is written `<0xE2>`. */
  text: z.string(),
  bytes: z.array(z.int().min(0).max(255)),
  start: count,
  end: count,
  special: z.boolean(),
  /** When BPE's training made it, counted from 0; absent for bytes and added tokens. */
  rank: count.optional(),
  /** How it grew from bytes or characters, first merge first; empty where no merges made it. */
  merges: z.array(mergeSchema),
  /** How often it occurs in this text; absent while the text has not been counted yet. */
  occurrences: count.optional(),
  /**
   * The piece of text (the pre-split's word) that it is part of, cut by each of `others` that can be
   * opened and has tokens for it; of a long piece what is around the token.
   */
  piece: z.string(),
  others: z.array(
    z.object({ tokenizer, tokens: z.array(z.object({ id: count, text: z.string() })) }),
  ),
});

export const closeDocumentRequestSchema = z.object({ document });

// --- What a tokenizer is made of ------------------------------------------------------------

export const vocabularyRequestSchema = z.object({
  tokenizer,
  /** Part of a token's text, in which `<0xE2>` means that byte, or an id; empty for all. */
  query: z.string(),
  /** Of the matches in the order of ids: how many to pass over, how many to give. */
  skip: count,
  limit: z.int().positive().max(1000),
});

export const vocabularyEntrySchema = z.object({
  id: count,
  text: z.string(),
  bytes: z.array(z.int().min(0).max(255)),
  special: z.boolean(),
  /** The pair that its merge joined. */
  merge: mergeSchema.optional(),
});

export const vocabularyAnswerSchema = z.object({
  /** Of the whole vocabulary, and of those that match. */
  size: count,
  matches: count,
  entries: z.array(vocabularyEntrySchema),
});

export const learnMergesRequestSchema = z.object({
  /** Cut to its first 100,000 characters or so: this is for looking on. */
  text: z.string(),
  /** `gpt2`, `cl100k`, `o200k`, or a regular expression. */
  pattern: z.string().min(1),
  merges: z.int().positive().max(1000),
});

/** One step of BPE's training. */
export const mergeStepSchema = z.object({
  /** The commonest pairs before the merge, the one that is chosen first. */
  pairs: z.array(z.object({ left: z.string(), right: z.string(), count })),
  /** The token that the merge makes. */
  token: z.object({ id: count, text: z.string() }),
  /** Tokens that the text has after it. */
  tokens: count,
});

export const learnMergesAnswerSchema = z.object({
  /** The tokens of the text before the first merge: bytes. */
  tokens: count,
  /** The pieces that no merge crosses, for display: the first 2,000 of them. */
  pieces: z.array(z.string()),
  steps: z.array(mergeStepSchema),
});

export type OpenDocument = z.infer<typeof openDocumentRequestSchema>;
export type EditDocument = z.infer<typeof editDocumentRequestSchema>;
export type DocumentTokens = z.infer<typeof documentTokensAnswerSchema>;
export type DocumentCount = z.infer<typeof documentCountAnswerSchema>;
export type TokenExplanation = z.infer<typeof explainTokenAnswerSchema>;
export type Vocabulary = z.infer<typeof vocabularyAnswerSchema>;
export type VocabularyEntry = z.infer<typeof vocabularyEntrySchema>;
export type MergeSteps = z.infer<typeof learnMergesAnswerSchema>;
export type MergeStep = z.infer<typeof mergeStepSchema>;
