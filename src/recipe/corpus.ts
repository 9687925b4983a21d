/**
 * The recipe of a corpus, `*.corpus.json`: which sources, and what each stage of the curation lets
 * through. The stages and their defaults are those of FineWeb (Penedo et al., "The FineWeb Datasets",
 * 2024; datatrove's examples/fineweb.py), in its order, which is the order of the sections here.
 */
import * as z from 'zod';
import { least, leastShare, most, mostShare, rulesOf, type NamedRule } from './corpusRules';
import { recipeKind } from './recipeKind';

const count = z.int().positive();
const text = z.string().min(1);
const words = z.array(text);

const on = z.boolean().default(true).describe('Whether this stage judges at all.');

const readingSchema = z.strictObject({
  textField: text
    .default('text')
    .describe('JSON Lines and Parquet: the field, or the column, that holds the text.'),
  otherText: z
    .boolean()
    .default(false)
    .describe('In folders, also take files of other names that hold text, such as program code.'),
  gitIgnore: z
    .boolean()
    .default(true)
    .describe('In folders, pass over what a .gitignore there passes over.'),
});

const urlSchema = z.strictObject({
  enabled: on,
  lists: words
    .default([])
    .describe(
      'Files of blocked domains or addresses, one a line, or folders in the format of the UT1 lists (a folder a category, with files domains and urls); relative to the recipe.',
    ),
  domains: words
    .default([])
    .describe('Blocked domains; what lies below one is blocked with it.')
    .meta({ examples: [['example.com']] }),
  hardWords: words
    .default(['porn', 'xxx', 'sexcam', 'hentai', 'casino', 'warez'])
    .describe('One of these words in an address is enough.'),
  softWords: words
    .default([
      'sex',
      'nude',
      'escort',
      'webcam',
      'dating',
      'gambling',
      'poker',
      'viagra',
      'torrent',
    ])
    .describe('Words of which an address may hold fewer than maxSoftWords + 1.'),
  substrings: words
    .default(['pornhub', 'xvideos', 'freeporn', 'onlinecasino'])
    .describe('Not allowed anywhere in an address, even inside a word.'),
  maxSoftWords: most('softWords', 1, 'Most soft words in an address.'),
});

const extractionSchema = z.strictObject({
  maxBytes: most('bytes', 4_000_000, 'The largest page that is looked at, in bytes.'),
  maxNodes: most(
    'nodes',
    100_000,
    'Most elements in a page: a bound on work that is the same everywhere.',
  ),
  maxDepth: most('depth', 512, 'Deepest nesting of elements in a page.'),
  maxSeconds: z
    .number()
    .positive()
    .max(600)
    .default(20)
    .describe(
      'The last resort against a page that takes for ever. Which pages it ended is listed in corpus.json; with that list in slow, making the corpus again gives the same on any machine.',
    ),
  slow: words
    .default([])
    .describe(
      'Ids of pages that are dropped without a try, as corpus.json lists those that took for ever.',
    ),
  minCharacters: least('characters', 1, 'Least text that a page must give.'),
});

const languageSchema = z.strictObject({
  enabled: on,
  wanted: words
    .default(['en'])
    .describe('The languages to keep, by their codes in fastText lid.176; an empty list keeps all.')
    .meta({ examples: [['en'], ['de', 'fr']] }),
  minScore: leastShare('score', 0.65, 'How sure the classifier must be of a wanted language.'),
});

const repetitionSchema = z.strictObject({
  enabled: on,
  maxDuplicateParagraphs: mostShare(
    'duplicateParagraphs',
    0.3,
    'Paragraphs that repeat an earlier one.',
  ),
  maxDuplicateParagraphCharacters: mostShare(
    'duplicateParagraphCharacters',
    0.2,
    'Characters in such paragraphs.',
  ),
  maxDuplicateLines: mostShare('duplicateLines', 0.3, 'Lines that repeat an earlier one.'),
  maxDuplicateLineCharacters: mostShare(
    'duplicateLineCharacters',
    0.2,
    'Characters in such lines.',
  ),
  maxTop2Gram: mostShare('top2Gram', 0.2, 'Characters in the most frequent pair of words.'),
  maxTop3Gram: mostShare('top3Gram', 0.18, 'Characters in the most frequent three words.'),
  maxTop4Gram: mostShare('top4Gram', 0.16, 'Characters in the most frequent four words.'),
  maxDuplicate5Grams: mostShare(
    'duplicate5Grams',
    0.15,
    'Characters in repeated stretches of 5 words.',
  ),
  maxDuplicate6Grams: mostShare(
    'duplicate6Grams',
    0.14,
    'Characters in repeated stretches of 6 words.',
  ),
  maxDuplicate7Grams: mostShare(
    'duplicate7Grams',
    0.13,
    'Characters in repeated stretches of 7 words.',
  ),
  maxDuplicate8Grams: mostShare(
    'duplicate8Grams',
    0.12,
    'Characters in repeated stretches of 8 words.',
  ),
  maxDuplicate9Grams: mostShare(
    'duplicate9Grams',
    0.11,
    'Characters in repeated stretches of 9 words.',
  ),
  maxDuplicate10Grams: mostShare(
    'duplicate10Grams',
    0.1,
    'Characters in repeated stretches of 10 words.',
  ),
});

const qualitySchema = z.strictObject({
  enabled: on,
  minWords: least('words', 50, 'Least words, those of punctuation alone not counted.'),
  maxWords: most('words', 100_000, 'Most words, those of punctuation alone not counted.'),
  minMeanWordLength: least('meanWordLength', 3, 'Least mean length of a word, in characters.'),
  maxMeanWordLength: most('meanWordLength', 10, 'Most mean length of a word, in characters.'),
  maxHashes: most('hashes', 0.1, 'Number signs for each word.'),
  maxEllipses: most('ellipses', 0.1, 'Ellipses for each word.'),
  maxBulletLines: mostShare('bulletLines', 0.9, 'Lines that begin with a bullet.'),
  maxEllipsisLines: mostShare('ellipsisLines', 0.3, 'Lines that end in an ellipsis.'),
  minAlphabeticWords: leastShare('alphabeticWords', 0.8, 'Words that hold a letter.'),
  minStopWords: least('stopWords', 2, 'How many different stop words must occur.'),
  stopWords: words
    .default(['the', 'be', 'to', 'of', 'and', 'that', 'have', 'with'])
    .describe('The words that a text in the wanted language can hardly do without.'),
});

const c4Schema = z.strictObject({
  enabled: on,
  maxLoremIpsum: most('loremIpsum', 0, 'Lines of placeholder text (lorem ipsum).'),
  maxCurlyBrackets: most('curlyBrackets', 0, 'Lines with a curly bracket: program code.'),
  minSentences: least('sentences', 5, 'Least sentences in the lines that stay.'),
  removeCitations: z
    .boolean()
    .default(true)
    .describe('Take out [1], [edit] and [citation needed].'),
  endPunctuation: z
    .boolean()
    .default(false)
    .describe('Cut lines that do not end as a sentence does. C4 does, FineWeb does not.'),
  minWordsPerLine: z.int().min(0).default(3).describe('Lines of fewer words are cut.'),
  maxWordLength: count.default(1000).describe('Lines with a longer word are cut; in characters.'),
  javascript: z.boolean().default(true).describe('Cut lines that mention JavaScript.'),
  policies: z
    .boolean()
    .default(true)
    .describe('Cut lines about cookies, privacy and terms of use.'),
});

const finewebSchema = z.strictObject({
  enabled: on,
  minPunctuatedLines: leastShare('punctuatedLines', 0.12, 'Lines that end in punctuation.'),
  maxShortLines: mostShare('shortLines', 0.67, 'Short lines.'),
  shortLine: count.default(30).describe('How long a short line is at most, in characters.'),
  maxDuplicateLineCharacters: mostShare(
    'duplicateLineCharacters',
    0.01,
    "Characters in lines that repeat an earlier one. 0.01 is what FineWeb's code says, its paper says 0.1.",
  ),
  maxNewlines: most('newlines', 0.3, 'Line feeds for each word.'),
});

const exactSchema = z.strictObject({ enabled: on });

const nearSchema = z.strictObject({
  enabled: on,
  bands: count
    .max(256)
    .default(14)
    .describe('Bands of a MinHash signature: two texts that agree in one are near-duplicates.'),
  hashes: count
    .max(256)
    .default(8)
    .describe(
      'Hashes in a band. With s the share of their stretches that two texts have in common, they agree with a probability of 1 - (1 - s^hashes)^bands.',
    ),
  words: count.max(64).default(5).describe('Words in a stretch.'),
});

const piiSchema = z.strictObject({
  enabled: on,
  emails: z.boolean().default(true).describe('Replace e-mail addresses.'),
  ipAddresses: z.boolean().default(true).describe('Replace public IP addresses.'),
  phones: z.boolean().default(false).describe('Replace telephone numbers.'),
  creditCards: z
    .boolean()
    .default(false)
    .describe('Replace numbers of credit cards (those whose check digit is right).'),
});

const outputSchema = z.strictObject({
  format: z
    .enum(['jsonl', 'parquet'])
    .default('jsonl')
    .describe('How documents are written: a line of JSON each, or Parquet.'),
  shardBytes: count.default(256 * 2 ** 20).describe('Text in one shard, in bytes, more or less.'),
  tokenizer: z
    .enum(['gpt2', 'cl100k_base', 'o200k_base'])
    .default('gpt2')
    .describe('Whose tokens are counted. FineWeb counts those of GPT-2.'),
});

export const corpusSchema = z.strictObject({
  $schema: z.string().optional().describe('The JSON schema of this file, for editors.'),
  name: z
    .string()
    .regex(/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u, {
      error: 'expected a name for a folder: letters, digits, dots, dashes and underscores',
    })
    .optional()
    .describe("The corpus's name, and that of its folder."),
  sources: words
    .default([])
    .describe(
      'Files and folders, relative to the recipe: WARC and WET (.warc, .wet, .gz), HTML, text, Markdown, JSON Lines, Parquet.',
    ),
  reading: readingSchema.prefault({}).describe('How sources are read.'),
  url: urlSchema.prefault({}).describe('Which addresses are not wanted.'),
  extraction: extractionSchema.prefault({}).describe('The main content of a page.'),
  language: languageSchema.prefault({}).describe('Which languages are wanted (fastText lid.176).'),
  gopherRepetition: repetitionSchema
    .prefault({})
    .describe('Repetition within a document (Rae et al., "Gopher", 2021, table A1).'),
  gopherQuality: qualitySchema.prefault({}).describe('Whether it reads as prose (the same paper).'),
  c4: c4Schema
    .prefault({})
    .describe('The rules of C4 (Raffel et al., 2020): lines cut, pages dropped.'),
  fineweb: finewebSchema.prefault({}).describe("FineWeb's own rules."),
  exactDuplicates: exactSchema
    .prefault({})
    .describe('Documents whose text is that of an earlier one.'),
  nearDuplicates: nearSchema
    .prefault({})
    .describe('Documents whose text is almost that of another one (MinHash).'),
  pii: piiSchema.prefault({}).describe('Personal data, replaced by placeholders.'),
  output: outputSchema.prefault({}).describe('What is written.'),
});

/** A corpus recipe with every default filled in. */
export type CorpusRecipe = z.output<typeof corpusSchema>;

export const corpusRecipe = recipeKind(corpusSchema, {
  title: 'Glassbox corpus recipe',
  description: 'Describes a corpus: which sources, and what of them is kept.',
  example: 'language.minScore=0.8',
});

/** The stages that judge one document at a time, in the order in which they do. */
export const FILTER_STAGES = [
  'url',
  'extraction',
  'language',
  'gopherRepetition',
  'gopherQuality',
  'c4',
  'fineweb',
] as const;

export type FilterStage = (typeof FILTER_STAGES)[number];

/** Each filter's thresholds, in the order in which they judge. */
export const FILTER_RULES: Readonly<Record<FilterStage, readonly NamedRule[]>> = {
  url: rulesOf(urlSchema.shape),
  extraction: rulesOf(extractionSchema.shape),
  language: rulesOf(languageSchema.shape),
  gopherRepetition: rulesOf(repetitionSchema.shape),
  gopherQuality: rulesOf(qualitySchema.shape),
  c4: rulesOf(c4Schema.shape),
  fineweb: rulesOf(finewebSchema.shape),
};
