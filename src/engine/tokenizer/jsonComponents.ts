/**
 * The parts of Hugging Face's tokenizer.json around the model: normalizer, decoder, post-processor
 * (the pre-tokenizer is in a file of its own), each a component with a `type`, or a `Sequence` of
 * them. What Glassbox doesn't
 * know is refused by name: a tokenizer that is nearly right gives ids that are silently wrong.
 */
import * as z from 'zod';
import { GlassboxError } from '../../base/errors';
import { type NormalizerStep, normalForm, prefixing, replacement } from './normalizer';
import { translateRegex } from './translateRegex';

const componentSchema = z.looseObject({ type: z.string() });
export type Component = z.infer<typeof componentSchema>;

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
export function flatten(value: unknown, list: string, where: string, depth = 0): Component[] {
  if (value === null || value === undefined) return [];
  if (depth > DEEPEST) return invalid(`${where} is nested too deeply`);
  const component = checked(componentSchema, value, where);
  if (component.type !== 'Sequence') return [component];
  const parts = checked(z.array(z.unknown()), component[list], `${where}.${list}`);
  return parts.flatMap((part) => flatten(part, list, where, depth + 1));
}

export const patternSchema = z.union([
  z.object({ String: z.string() }).transform(({ String: text }) => ({ text })),
  z.object({ Regex: z.string() }).transform(({ Regex: regex }) => ({ regex })),
]);
export type Pattern = z.infer<typeof patternSchema>;

export function regexOf(pattern: Pattern): RegExp {
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

export const metaspaceSchema = z.looseObject({
  replacement: z.string().min(1).default('▁'),
  prepend_scheme: z.enum(['always', 'first', 'never']).optional(),
  add_prefix_space: z.boolean().optional(),
  split: z.boolean().default(true),
});

export function prependScheme(
  metaspace: z.infer<typeof metaspaceSchema>,
): 'always' | 'first' | 'never' {
  return metaspace.prepend_scheme ?? (metaspace.add_prefix_space === false ? 'never' : 'always');
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
