/**
 * Words of languages that put spaces between them, cut as spaCy's tokenizer for English cuts them, since
 * that is what the published thresholds were tuned with: at spaces, then marks are taken off both ends of
 * what lies between, one by one, and what is left is cut at hyphens and some other marks between
 * letters. "(well-known," is five words: ( well - known ,
 *
 * Of spaCy's 1,300 exceptions those that texts are full of are here: contractions, abbreviations, times.
 */
import { ownString } from '../../../base/ownString';

const MARKS = String.raw`…|,|:|;|!|\?|¿|؟|¡|\(|\)|\[|\]|\{|\}|<|>|_|#|\*|&|[。？！，、；：～·।،۔؛٪]`;
const QUOTES = String.raw`['"”“` + '`' + String.raw`‘´’‚„»«「」『』（）〔〕【】《》〈〉⟦⟧]`;
const DOTS = String.raw`\.\.+`;
const CURRENCY = String.raw`(?:US\$|C\$|A\$|\p{Sc})`;
const UNITS =
  'km²|km³|km/h|kmh|km|m²|m³|m/s|dm²|dm³|dm|cm²|cm³|cm|mm²|mm³|mm|mph|mbar|mb|mg|m|ha|hPa|Pa|µm|µg|nm|yd|in|ft|kg|kb|KB|K|gb|GB|g|G|MB|M|lb|oz|tb|TB|t|T|%';

/** Taken off the beginning, the first that fits. */
const PREFIX = new RegExp(
  `^(?:§|%|=|—|–|\\+(?![0-9])|${DOTS}|${MARKS}|${QUOTES}|${CURRENCY}|\\p{So})`,
  'u',
);

/** Taken off the end, the one that begins first. */
const SUFFIX = new RegExp(
  [
    `(?:${DOTS}|${MARKS}|${QUOTES}|\\p{So})`,
    `['’][sS]`,
    '—|–',
    '(?<=[0-9])\\+',
    '(?<=°[FfCcKk])\\.',
    `(?<=[0-9])${CURRENCY}`,
    `(?<=[0-9])(?:${UNITS})`,
    `(?<=[0-9\\p{Ll}%²\\-+]|${MARKS}|${QUOTES})\\.`,
    '(?<=\\p{Lu}\\p{Lu})\\.',
  ]
    .map((each) => `(?:${each})$`)
    .join('|'),
  'u',
);

/** Where what is left is cut; the mark is a word of its own. */
const INFIX = new RegExp(
  [
    `${DOTS}|…|\\p{So}`,
    '(?<=[0-9])[+\\-*^](?=[0-9-])',
    `(?<=\\p{Ll}|${QUOTES})\\.(?=\\p{Lu}|${QUOTES})`,
    '(?<=\\p{L}),(?=\\p{L})',
    '(?<=[\\p{L}0-9])(?:---|--|——|-|–|—|~)(?=\\p{L})',
    '(?<=[\\p{L}0-9])[:<>=/](?=\\p{L})',
  ].join('|'),
  'gu',
);

/**
 * An address, with its scheme or without: never cut. It ends in small letters, so that the full stop in
 * "here.There" is seen.
 */
const ADDRESS =
  /^(?:(?:[\w+.-]{2,}:\/\/)?(?:[\w.-]+@)?(?:(?:[A-Za-z0-9\u00a1-\uffff][A-Za-z0-9\u00a1-\uffff_-]{0,62})?[A-Za-z0-9\u00a1-\uffff]\.)+\p{Ll}{2,63}|(?:[\w+.-]{2,}:\/\/)\d{1,3}(?:\.\d{1,3}){3})(?::\d{2,5})?(?:[/?#]\S*)?$/u;

const WHOLE = new Set(
  (
    'Adm. Ak. Ala. Apr. Ariz. Ark. Aug. Bros. C++ Calif. Co. Colo. Conn. Corp. D.C. Dec. Del. Dr. E.G. ' +
    'E.g. Feb. Fla. Ga. Gen. Gov. I.E. I.e. Ia. Id. Ill. Inc. Ind. Jan. Jr. Jul. Jun. Kan. Kans. Ky. La. ' +
    'Ltd. Mar. Mass. Md. Messrs. Mich. Minn. Miss. Mo. Mont. Mr. Mrs. Ms. Mt. N.C. N.D. N.H. N.J. N.M. ' +
    'N.Y. Neb. Nebr. Nev. Nov. Oct. Okla. Ore. Pa. Ph.D. Prof. Rep. Rev. S.C. Sen. Sep. Sept. St. Tenn. ' +
    'Va. Wash. Wis. a.m. p.m. and/or co. e.g. i.e. v.s. vs. w/o'
  ).split(' '),
);
const INITIAL = /^[a-zäöü]\.$/;

/** Contractions, cut in two or three. */
const NEGATED =
  /^(ai|are|ca|could|dare|did|do|does|had|has|have|is|may|might|must|need|ought|sha|should|was|were|wo|would)(n['’]?t)(['’]?ve)?$/i;
const SHORTENED =
  /^(i|you|he|she|it|we|they|who|what|when|where|why|how|there|that|this|these|those|could|might|must|should|would)(['’](?:m|re|ve|ll|d|s))(['’]ve)?$/i;
const JOINED = /^(can)(not)$|^(gon)(na)$|^(got)(ta)$|^(let)(['’]s)$/i;
const TIME = /^(1[0-2]|[1-9])([ap]\.?m\.?)$/;

function exception(text: string): string[] | undefined {
  if (WHOLE.has(text) || INITIAL.test(text)) return [text];
  const found =
    NEGATED.exec(text) ?? SHORTENED.exec(text) ?? JOINED.exec(text) ?? TIME.exec(text) ?? undefined;
  return found?.slice(1).filter((part) => part);
}

function cut(chunk: string): string[] {
  const words: string[] = [];
  const behind: string[] = [];
  let text = chunk;
  while (text !== '') {
    const special = exception(text);
    if (special) {
      words.push(...special);
      text = '';
      break;
    }
    const prefix = PREFIX.exec(text)?.[0];
    if (prefix !== undefined) {
      words.push(prefix);
      text = text.slice(prefix.length);
      if (text !== '' && exception(text)) continue;
    }
    const suffix = text === '' ? undefined : SUFFIX.exec(text)?.[0];
    if (suffix !== undefined) {
      behind.push(suffix);
      text = text.slice(0, text.length - suffix.length);
    }
    if (prefix === undefined && suffix === undefined) break;
  }
  if (text !== '') {
    if (ADDRESS.test(text)) words.push(text);
    else {
      let start = 0;
      for (const { 0: mark, index } of text.matchAll(INFIX)) {
        if (index > start) words.push(text.slice(start, index));
        words.push(mark);
        start = index + mark.length;
      }
      if (start < text.length) words.push(text.slice(start));
    }
  }
  return [...words, ...behind.reverse()];
}

const PLAIN = /^[A-Za-z]+$/;
/** "cannot" and its like are plain and yet two words. */
const PLAIN_TWO =
  /^(?:cannot|gonna|gotta|(?:are|ca|could|did|do|does|had|has|have|is|was|were|would|should)nt)$/i;

/** Texts repeat their words: what was cut once is known. Emptied when it is full. */
const known = new Map<string, readonly string[]>();
const MOST_KNOWN = 1 << 16;
const LONGEST_KNOWN = 64;

/** The words of a text, punctuation marks among them, in order. */
export function spacedWords(text: string): string[] {
  const words: string[] = [];
  for (const chunk of text.split(/\s+/)) {
    if (chunk === '') continue;
    if (PLAIN.test(chunk) && !PLAIN_TWO.test(chunk)) {
      words.push(chunk);
      continue;
    }
    let parts = known.get(chunk);
    if (!parts) {
      const isKept = chunk.length < LONGEST_KNOWN;
      const own = isKept ? ownString(chunk) : chunk;
      parts = chunk.length > 1000 ? [chunk] : cut(own);
      if (known.size >= MOST_KNOWN) known.clear();
      if (isKept) known.set(own, parts);
    }
    for (const part of parts) words.push(part);
  }
  return words;
}
