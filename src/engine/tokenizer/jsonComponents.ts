/**
 * The parts of Hugging Face's tokenizer.json around the model: normalizer, pre-tokenizer, decoder
 * and post-processor, each a component with a `type`, or a `Sequence` of them. What Glassbox doesn't
 * know is refused by name: a tokenizer that is nearly right gives ids that are silently wrong.
 */
import { z } from 'zod';
import { GlassboxError } from '../../base/errors';
import { type NormalizerStep, normalForm, prefixing, replacement } from './normalizer';
import { GPT2_EXPRESSION, hasScanner, splitterOf } from './splitPattern';
import { translateRegex } from './translateRegex';

/** Text to the ends of its pieces. */
export type Split = (text: string) => number[];

const componentSchema = z.looseObject({ type: z.string() });
type Component = z.infer<typeof componentSchema>;

const DEEPEST = 20;

export function invalid(message: string, details: Readonly<Record<string, unknown>> = {}): never {
  throw new GlassboxError('tokenizer-json', `The tokenizer.json is not valid: ${message}`, {
    remedy: 'Get the file again from where the model came from; it may be cut off or changed.',
    details,
  });
}

export function unsupported(what: string): never {
  throw new GlassboxError(
    'tokenizer-unsupported',
    `The tokenizer uses ${what}, which Glassbox does not support.`,
    {
      remedy:
        'Glassbox reads BPE tokenizers as GPT-2, Llama and Qwen write them. Use another model, or convert the tokenizer.',
      details: { what },
    },
  );
}

/** `value` as `schema` has it, else an error that names the place. */
export function checked<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = [where, ...(issue?.path ?? []).map(String)].join('.');
  return invalid(`${path}: ${issue?.message ?? 'unexpected'}`);
}

/** A component's parts in order, sequences taken apart; none for null. */
function flatten(value: unknown, list: string, where: string, depth = 0): Component[] {
  if (value === null || value === undefined) return [];
  if (depth > DEEPEST) return invalid(`${where} is nested too deeply`);
  const component = checked(componentSchema, value, where);
  if (component.type !== 'Sequence') return [component];
  const parts = checked(z.array(z.unknown()), component[list], `${where}.${list}`);
  return parts.flatMap((part) => flatten(part, list, where, depth + 1));
}

const patternSchema = z.union([
  z.object({ String: z.string() }).transform(({ String: text }) => ({ text })),
  z.object({ Regex: z.string() }).transform(({ Regex: regex }) => ({ regex })),
]);
type Pattern = z.infer<typeof patternSchema>;

function regexOf(pattern: Pattern): RegExp {
  if ('regex' in pattern) return translateRegex(pattern.regex);
  return new RegExp(pattern.text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), 'gu');
}

export function readNormalizer(value: unknown): NormalizerStep[] {
  return flatten(value, 'normalizers', 'normalizer').map((component) => {
    switch (component.type) {
      case 'NFC':
      case 'NFD':
      case 'NFKC':
      case 'NFKD':
        return normalForm(component.type);
      case 'Prepend': {
        const prefix = checked(z.string(), component['prepend'], 'normalizer.prepend');
        return prefixing(prefix, { unlessThere: false, onlyFirst: false });
      }
      case 'Replace': {
        const pattern = checked(patternSchema, component['pattern'], 'normalizer.pattern');
        const content = checked(z.string(), component['content'], 'normalizer.content');
        return replacement('text' in pattern ? pattern.text : regexOf(pattern), content);
      }
      default:
        return unsupported(`the normalizer "${component.type}"`);
    }
  });
}

const byteLevelSchema = z.looseObject({
  add_prefix_space: z.boolean().default(true),
  use_regex: z.boolean().default(true),
});

const metaspaceSchema = z.looseObject({
  replacement: z.string().min(1).default('▁'),
  prepend_scheme: z.enum(['always', 'first', 'never']).optional(),
  add_prefix_space: z.boolean().optional(),
  split: z.boolean().default(true),
});

function prependScheme(metaspace: z.infer<typeof metaspaceSchema>): 'always' | 'first' | 'never' {
  return metaspace.prepend_scheme ?? (metaspace.add_prefix_space === false ? 'never' : 'always');
}

export interface PreTokenizer {
  /** The text's bytes are written in the byte-level alphabet. */
  readonly byteLevel: boolean;
  /** What it does to the text before splitting it. */
  readonly steps: NormalizerStep[];
  /** Undefined where the text stays whole. */
  readonly split: Split | undefined;
}

export function readPreTokenizer(value: unknown): PreTokenizer {
  const components = flatten(value, 'pretokenizers', 'pre_tokenizer');
  const steps: NormalizerStep[] = [];
  const splits: Split[] = [];
  let byteLevel = false;
  components.forEach((component, index) => {
    if (byteLevel) unsupported(`the pre-tokenizer "${component.type}" after "ByteLevel"`);
    switch (component.type) {
      case 'ByteLevel': {
        const options = checked(byteLevelSchema, component, 'pre_tokenizer');
        byteLevel = true;
        if (options.add_prefix_space) {
          if (index > 0)
            unsupported('"ByteLevel" with add_prefix_space after another pre-tokenizer');
          steps.push(prefixing(' ', { unlessThere: true, onlyFirst: false }));
        }
        if (options.use_regex) splits.push(regexSplit(GPT2_EXPRESSION));
        break;
      }
      case 'Split':
        splits.push(readSplit(component));
        break;
      case 'Digits':
        splits.push(regexSplit(component['individual_digits'] === true ? '\\p{N}' : '\\p{N}+'));
        break;
      case 'Metaspace': {
        const options = checked(metaspaceSchema, component, 'pre_tokenizer');
        const scheme = prependScheme(options);
        if (index > 0) unsupported('"Metaspace" after another pre-tokenizer');
        steps.push(replacement(' ', options.replacement));
        if (scheme !== 'never') {
          const onlyFirst = scheme === 'first';
          steps.push(prefixing(options.replacement, { unlessThere: true, onlyFirst }));
        }
        if (options.split) splits.push(matchSplit({ text: options.replacement }, 'MergedWithNext'));
        break;
      }
      default:
        unsupported(`the pre-tokenizer "${component.type}"`);
    }
  });
  return { byteLevel, steps, split: splits.length > 0 ? chain(splits) : undefined };
}

function regexSplit(expression: string): Split {
  const splitter = splitterOf({ regex: expression });
  return (text) => splitter.split(text);
}

function readSplit(component: Component): Split {
  const pattern = checked(patternSchema, component['pattern'], 'pre_tokenizer.pattern');
  const behavior = checked(z.string(), component['behavior'], 'pre_tokenizer.behavior');
  const invert = component['invert'] === true;
  // Removing all that a pattern leaves over is the same as isolating where it leaves nothing over.
  const keepsAll = invert && 'regex' in pattern && hasScanner(pattern.regex);
  if (behavior === 'Isolated' || (behavior === 'Removed' && keepsAll)) {
    return 'regex' in pattern ? regexSplit(pattern.regex) : matchSplit(pattern, 'Isolated');
  }
  if (invert) unsupported(`the pre-tokenizer "Split" with behavior "${behavior}" and invert`);
  if (
    behavior === 'MergedWithPrevious' ||
    behavior === 'MergedWithNext' ||
    behavior === 'Contiguous'
  )
    return matchSplit(pattern, behavior);
  return unsupported(`the pre-tokenizer "Split" with behavior "${behavior}"`);
}

/** Cuts before a match, after it, or both; `Contiguous` keeps matches that touch together. */
function matchSplit(
  pattern: Pattern,
  behavior: 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous',
): Split {
  const regex = regexOf(pattern);
  return (text) => {
    const ends: number[] = [];
    const cut = (at: number): void => {
      if (at > (ends.at(-1) ?? 0)) ends.push(at);
    };
    for (const match of text.matchAll(regex)) {
      const end = match.index + match[0].length;
      if (behavior === 'Contiguous' && ends.at(-1) === match.index) ends.pop();
      else if (behavior !== 'MergedWithPrevious') cut(match.index);
      if (behavior !== 'MergedWithNext') cut(end);
    }
    cut(text.length);
    return ends;
  };
}

/** Each split cuts the pieces of the one before. */
function chain(splits: readonly Split[]): Split {
  return splits.reduce((outer, inner) => (text) => {
    const ends: number[] = [];
    let start = 0;
    for (const end of outer(text)) {
      for (const within of inner(text.slice(start, end))) ends.push(start + within);
      start = end;
    }
    return ends;
  });
}

export interface DecoderSteps {
  readonly byteLevel: boolean;
  /** Tokens such as `<0xE2>` are bytes. */
  readonly byteFallback: boolean;
  readonly replace: readonly { readonly pattern: string; readonly content: string }[];
  readonly stripBlanks: number;
}

export function readDecoder(value: unknown): DecoderSteps {
  let byteLevel = false;
  let byteFallback = false;
  let stripBlanks = 0;
  const replace: { pattern: string; content: string }[] = [];
  for (const component of flatten(value, 'decoders', 'decoder')) {
    switch (component.type) {
      case 'ByteLevel':
        byteLevel = true;
        break;
      case 'ByteFallback':
        byteFallback = true;
        break;
      case 'Fuse':
        break;
      case 'Replace': {
        const pattern = checked(patternSchema, component['pattern'], 'decoder.pattern');
        const content = checked(z.string(), component['content'], 'decoder.content');
        if (!('text' in pattern))
          return unsupported('the decoder "Replace" with a regular expression');
        replace.push({ pattern: pattern.text, content });
        break;
      }
      case 'Strip': {
        const schema = z.looseObject({
          content: z.string(),
          start: z.int().nonnegative(),
          stop: z.int().nonnegative(),
        });
        const strip = checked(schema, component, 'decoder');
        if (strip.content !== ' ' || strip.stop > 0) unsupported('a decoder "Strip" of this kind');
        stripBlanks += strip.start;
        break;
      }
      case 'Metaspace': {
        const options = checked(metaspaceSchema, component, 'decoder');
        replace.push({ pattern: options.replacement, content: ' ' });
        if (prependScheme(options) !== 'never') stripBlanks++;
        break;
      }
      default:
        unsupported(`the decoder "${component.type}"`);
    }
  }
  return { byteLevel, byteFallback, replace, stripBlanks };
}

const templateSchema = z.looseObject({
  single: z.array(
    z.union([
      z.object({ SpecialToken: z.looseObject({ id: z.string() }) }),
      z.object({ Sequence: z.looseObject({}) }),
    ]),
  ),
  special_tokens: z.record(z.string(), z.looseObject({ ids: z.array(z.int().nonnegative()) })),
});

const wrapSchema = z.looseObject({
  cls: z.tuple([z.string(), z.int().nonnegative()]),
  sep: z.tuple([z.string(), z.int().nonnegative()]),
});

/** The ids that a tokenizer puts around a text. */
export interface Template {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

export function readPostProcessor(value: unknown): Template {
  const before: number[] = [];
  const after: number[] = [];
  for (const component of flatten(value, 'processors', 'post_processor')) {
    switch (component.type) {
      case 'ByteLevel':
        break;
      case 'TemplateProcessing': {
        const template = checked(templateSchema, component, 'post_processor');
        let side = before;
        for (const item of template.single) {
          if (!('SpecialToken' in item)) {
            side = after;
            continue;
          }
          const name = item.SpecialToken.id;
          if (!Object.hasOwn(template.special_tokens, name))
            invalid(`post_processor names ${JSON.stringify(name)} without its ids`);
          side.push(...template.special_tokens[name]!.ids);
        }
        break;
      }
      case 'RobertaProcessing':
      case 'BertProcessing': {
        const wrap = checked(wrapSchema, component, 'post_processor');
        before.push(wrap.cls[1]);
        after.push(wrap.sep[1]);
        break;
      }
      default:
        unsupported(`the post-processor "${component.type}"`);
    }
  }
  return { before, after };
}
