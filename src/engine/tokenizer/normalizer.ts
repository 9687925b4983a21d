/**
 * What happens to a text before it is split: Unicode normal forms, replacements, a prefix. Each step
 * is a plain function for encoding, and a list of edits where offsets into the original are wanted.
 */

/** `text[start, end)` becomes `content`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly content: string;
}

/**
 * Where a text stands: at the very beginning of the input, after an added token, or after other text
 * that was cut off from it.
 */
export type Place = 'start' | 'after-token' | 'within';

export interface NormalizerStep {
  apply(text: string, place: Place): string;
  /** The same as edits: in order, not overlapping. */
  edits(text: string, place: Place): Edit[];
  /** Whether, for certain, the parts of the text before and after `at` don't bear on each other. */
  separates(text: string, at: number): boolean;
}

/** A text that was made from another, and where each of its code units came from. */
export interface Aligned {
  readonly text: string;
  /** Code unit -> start and end, in the original, of what it was made from; none: unchanged. */
  readonly origin: { readonly starts: Int32Array; readonly ends: Int32Array } | undefined;
}

export type NormalForm = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

/** A Unicode normal form, of the Unicode version of the JavaScript engine. */
export function normalForm(form: NormalForm): NormalizerStep {
  const apply = (text: string): string => text.normalize(form);
  return {
    apply,
    edits(text) {
      const whole = apply(text);
      if (whole === text) return [];
      const edits: Edit[] = [];
      let joined = '';
      // Normal forms don't reach across grapheme clusters; checked, because Unicode versions differ.
      for (const { segment, index } of new Intl.Segmenter().segment(text)) {
        const content = apply(segment);
        joined += content;
        if (content !== segment) edits.push({ start: index, end: index + segment.length, content });
      }
      return joined === whole ? edits : [{ start: 0, end: text.length, content: whole }];
    },
    separates: (text, at) => standsAlone(text.charCodeAt(at)),
  };
}

/** ASCII and the ideographs: nothing before them ever combines with them. */
function standsAlone(unit: number): boolean {
  return unit < 0x80 || (unit >= 0x3400 && unit < 0xa000);
}

/** Every occurrence of `pattern` becomes `content`. */
export function replacement(pattern: string | RegExp, content: string): NormalizerStep {
  return {
    apply: (text) => text.replaceAll(pattern, () => content),
    edits(text) {
      const edits: Edit[] = [];
      text.replaceAll(pattern, (...found: unknown[]) => {
        const match = String(found[0]);
        const start = Number(found.find((value) => typeof value === 'number'));
        edits.push({ start, end: start + match.length, content });
        return '';
      });
      return edits;
    },
    separates(text, at) {
      if (typeof pattern !== 'string' || pattern === '') return false;
      const reach = pattern.length - 1;
      return !text.slice(Math.max(0, at - reach), at + reach).includes(pattern);
    },
  };
}

/**
 * `prefix` before a text that isn't empty.
 *
 * @param options.unlessThere not before a text that begins with it
 * @param options.onlyFirst only at the very beginning of the input
 */
export function prefixing(
  prefix: string,
  options: { readonly unlessThere: boolean; readonly onlyFirst: boolean },
): NormalizerStep {
  const applies = (text: string, place: Place): boolean =>
    text !== '' &&
    (place === 'start' || (place === 'after-token' && !options.onlyFirst)) &&
    !(options.unlessThere && text.startsWith(prefix));
  return {
    apply: (text, place) => (applies(text, place) ? prefix + text : text),
    edits: (text, place) => (applies(text, place) ? [{ start: 0, end: 0, content: prefix }] : []),
    separates: () => true,
  };
}

export function normalize(steps: readonly NormalizerStep[], text: string, place: Place): string {
  return steps.reduce((result, step) => step.apply(result, place), text);
}

/** As `normalize`, keeping track of where everything came from. */
export function normalizeAligned(
  steps: readonly NormalizerStep[],
  text: string,
  place: Place,
): Aligned {
  return steps.reduce<Aligned>((result, step) => edited(result, step.edits(result.text, place)), {
    text,
    origin: undefined,
  });
}

/** A part of an aligned text. */
export function slice(aligned: Aligned, start: number, end: number): Aligned {
  const identity = aligned.origin ?? originOf(aligned.text.length);
  return {
    text: aligned.text.slice(start, end),
    origin: {
      starts: identity.starts.subarray(start, end),
      ends: identity.ends.subarray(start, end),
    },
  };
}

function edited(aligned: Aligned, edits: readonly Edit[]): Aligned {
  if (edits.length === 0) return aligned;
  const before = aligned.origin ?? originOf(aligned.text.length);
  const length = edits.reduce(
    (sum, edit) => sum + edit.content.length - (edit.end - edit.start),
    aligned.text.length,
  );
  const starts = new Int32Array(length);
  const ends = new Int32Array(length);
  const parts: string[] = [];
  let from = 0;
  let to = 0;
  const keep = (until: number): void => {
    parts.push(aligned.text.slice(from, until));
    starts.set(before.starts.subarray(from, until), to);
    ends.set(before.ends.subarray(from, until), to);
    to += until - from;
  };
  for (const { start, end, content } of edits) {
    keep(start);
    const origin = before.starts[start] ?? before.ends.at(-1) ?? 0;
    parts.push(content);
    starts.fill(origin, to, to + content.length);
    ends.fill(end > start ? before.ends[end - 1]! : origin, to, to + content.length);
    to += content.length;
    from = end;
  }
  keep(aligned.text.length);
  return { text: parts.join(''), origin: { starts, ends } };
}

function originOf(length: number): { starts: Int32Array; ends: Int32Array } {
  return {
    starts: Int32Array.from({ length }, (_, i) => i),
    ends: Int32Array.from({ length }, (_, i) => i + 1),
  };
}
