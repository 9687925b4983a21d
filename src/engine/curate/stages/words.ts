/**
 * Words and sentences as the published thresholds mean them: datatrove counts those of spaCy's
 * tokenizer, in which punctuation marks are words of their own, and "don't" is two. What is written
 * without spaces between words is cut by the dictionaries of ICU (Intl.Segmenter).
 */
import { spacedWords } from './spacedWords';

/** Languages, by their codes in lid.176, whose words nothing divides in writing. */
const WITHOUT_SPACES = new Set(['zh', 'yue', 'wuu', 'ja', 'th', 'lo', 'km', 'my', 'bo', 'dz']);

/** Whether the words of a language are cut otherwise than those of an unknown one. */
export const hasNoSpaces = (language: string | undefined): language is string =>
  language !== undefined && WITHOUT_SPACES.has(language);

const segmenters = new Map<string, Intl.Segmenter>();

function segmenterOf(language: string): Intl.Segmenter {
  let segmenter = segmenters.get(language);
  if (!segmenter) {
    segmenter = new Intl.Segmenter(language, { granularity: 'word' });
    segmenters.set(language, segmenter);
  }
  return segmenter;
}

function wordsWithoutSpaces(text: string, language: string): string[] {
  const words: string[] = [];
  // A line at a time: ICU slows down on long texts.
  for (const line of text.split('\n'))
    for (const { segment } of segmenterOf(language).segment(line))
      if (segment.trim() !== '') words.push(segment);
  return words;
}

/** The words of the last texts: several stages ask for the same one's. */
let last: { text: string; language: string | undefined; words: readonly string[] } | undefined;

/** The words of a text, punctuation marks among them, in order. */
export function wordsOf(text: string, language: string | undefined): readonly string[] {
  if (last?.text === text && last.language === language) return last.words;
  const words = hasNoSpaces(language) ? wordsWithoutSpaces(text, language) : spacedWords(text);
  last = { text, language, words };
  return words;
}

/**
 * What counts as punctuation where datatrove asks for words that are more than that: its own list, with
 * all that ends a sentence in any script, and control characters.
 */
const ALL_PUNCTUATION =
  /^(?:[!/—”:％１〈&(、━\\【#%「」，】；+^\]~“《„';’{|∶´[=\-`*．（–？！：$～«〉,><》?)。…@_."}►»\p{Cc}]|\p{Sentence_Terminal})+$/u;

export function isPunctuation(word: string): boolean {
  return ALL_PUNCTUATION.test(word);
}

/** What ends a sentence, or a line that reads like one, in any script. */
const SENTENCE_END = /\p{Sentence_Terminal}$/u;

export function endsSentence(line: string): boolean {
  return SENTENCE_END.test(line);
}

/** What begins no sentence to spaCy. Signs such as < and + are none of it. */
const PUNCTUATION = /^\p{P}+$/u;

/** Sentences in a line: one more than there are ends of sentences with something behind them. */
export function countSentences(line: string, language: string | undefined): number {
  let sentences = 1;
  let ended = false;
  for (const word of wordsOf(line, language)) {
    const ends = word.length <= 2 && !/[\p{L}\p{N}]/u.test(word) && SENTENCE_END.test(word);
    if (ended && !PUNCTUATION.test(word)) {
      sentences++;
      ended = false;
    }
    if (ends) ended = true;
  }
  return sentences;
}

/** Python's `len`: characters, not UTF-16 code units. */
export function lengthOf(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) length--;
  return length;
}
