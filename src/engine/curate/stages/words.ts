/**
 * Words as the published thresholds mean them: datatrove counts those of spaCy's tokenizer, in which
 * punctuation marks are words of their own, and "don't" is two. What is written without spaces between
 * words is cut by the dictionaries of ICU (Intl.Segmenter).
 *
 * An approximation: spaCy's lists of exceptions are here only as far as they are frequent.
 */

/** Languages, by their codes in lid.176, whose words nothing divides in writing. */
const WITHOUT_SPACES = new Set(['zh', 'yue', 'wuu', 'ja', 'th', 'lo', 'km', 'my', 'bo', 'dz']);

const ABBREVIATIONS =
  'Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|Inc|Ltd|Co|Corp|No|Vol|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Ph\\.D|a\\.m|p\\.m|e\\.g|i\\.e|Gen|Gov|Rep|Sen|Rev|Mt|Ave|Blvd';

/** In the order in which they are tried. */
const WORD = new RegExp(
  [
    // Addresses of pages and people.
    String.raw`(?:https?:\/\/|www\.)[^\s<>"']*[^\s<>"'.,;:!?)\]}]`,
    String.raw`[\w.+-]+@[\w-]+(?:\.[\w-]+)+`,
    // Contractions: the verb without its "n't", and what was left out of the next word.
    String.raw`\p{L}+(?=n['’]t(?![\p{L}\p{N}]))`,
    String.raw`n['’]t(?![\p{L}\p{N}])`,
    String.raw`['’](?:s|S|re|ve|ll|d|m)(?![\p{L}\p{N}])`,
    String.raw`(?:${ABBREVIATIONS})\.(?![\p{L}\p{N}])`,
    String.raw`(?:\p{L}\.){2,}`,
    // Numbers with their separators, then words, with apostrophes inside that begin no contraction.
    String.raw`\p{N}+(?:[.,:]\p{N}+)*(?![\p{L}\p{M}])`,
    String.raw`[\p{L}\p{M}\p{N}_]+(?:['’](?!(?:s|S|re|ve|ll|d|m|t)(?![\p{L}\p{N}]))[\p{L}\p{M}]+)*`,
    String.raw`\.{2,}|-{2,}`,
    String.raw`\S`,
  ].join('|'),
  'gu',
);

const segmenters = new Map<string, Intl.Segmenter>();

function segmenterOf(language: string): Intl.Segmenter {
  let segmenter = segmenters.get(language);
  if (!segmenter) {
    segmenter = new Intl.Segmenter(language, { granularity: 'word' });
    segmenters.set(language, segmenter);
  }
  return segmenter;
}

/** The words of the last texts: several stages ask for the same one's. */
let last: { text: string; language: string | undefined; words: readonly string[] } | undefined;

/** The words of a text, punctuation marks among them, in order. */
export function wordsOf(text: string, language: string | undefined): readonly string[] {
  if (last?.text === text && last.language === language) return last.words;
  const words: string[] = [];
  if (language !== undefined && WITHOUT_SPACES.has(language)) {
    // A line at a time: ICU slows down on long texts.
    for (const line of text.split('\n'))
      for (const { segment } of segmenterOf(language).segment(line))
        if (segment.trim() !== '') words.push(segment);
  } else {
    for (const [word] of text.matchAll(WORD)) words.push(word);
  }
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

/** Sentences in a line: one more than there are ends of sentences with something behind them. */
export function countSentences(line: string, language: string | undefined): number {
  let sentences = 0;
  let ended = true;
  for (const word of wordsOf(line, language)) {
    const ends = word.length <= 2 && !/[\p{L}\p{N}]/u.test(word) && SENTENCE_END.test(word);
    if (ended && !isPunctuation(word)) {
      sentences++;
      ended = false;
    }
    if (ends) ended = true;
  }
  return Math.max(1, sentences);
}

/** Python's `len`: characters, not UTF-16 code units. */
export function lengthOf(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) length--;
  return length;
}
