/** The pre-tokenizer of a tokenizer.json: where a normalized text is cut into pieces. */
import * as z from 'zod';
import {
  type Component,
  type Pattern,
  checked,
  flatten,
  metaspaceSchema,
  patternSchema,
  prependScheme,
  regexOf,
  unsupported,
} from './jsonComponents';
import { type NormalizerStep, prefixing, replacement } from './normalizer';
import { GPT2_EXPRESSION, hasScanner, splitterOf } from './splitPattern';
import { type PieceSplit, unitCut } from './sureCuts';

interface Split extends PieceSplit {
  /** Whether it cuts between two characters is decided by these two alone. */
  readonly local: boolean;
}

const byteLevelSchema = z.looseObject({
  add_prefix_space: z.boolean().default(true),
  use_regex: z.boolean().default(true),
});

export interface PreTokenizer {
  /** The text's bytes are written in the byte-level alphabet. */
  readonly byteLevel: boolean;
  /** What it does to the text before splitting it. */
  readonly steps: NormalizerStep[];
  /** Undefined where the text stays whole. */
  readonly split: PieceSplit | undefined;
  /** Whether the split, if there is one, cuts between two characters is decided by these two alone. */
  readonly local: boolean;
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
        splits.push(digitSplit(component['individual_digits'] === true));
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
  const split = splits.length > 0 ? chain(splits) : undefined;
  return { byteLevel, steps, split, local: split?.local ?? true };
}

function regexSplit(expression: string): Split {
  const splitter = splitterOf({ regex: expression });
  return { split: (text) => splitter.split(text), sureCut: splitter.sureCut, local: false };
}

function digitSplit(individual: boolean): Split {
  const { split } = regexSplit(individual ? '\\p{N}' : '\\p{N}+');
  return { split, sureCut: undefined, local: true };
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
  const unit = 'text' in pattern && pattern.text.length === 1 ? pattern.text : undefined;
  const sureCut = unit === undefined ? undefined : unitCut(unit, behavior);
  const split = (text: string): number[] => {
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
  return { split, sureCut, local: unit !== undefined };
}

/**
 * Each split cuts the pieces of the one before. What the last one surely cuts is cut, too, where those
 * before it only cut between certain characters.
 */
function chain(splits: readonly Split[]): Split {
  return splits.reduce((outer, inner) => ({
    split(text) {
      const ends: number[] = [];
      let start = 0;
      for (const end of outer.split(text)) {
        for (const within of inner.split(text.slice(start, end))) ends.push(start + within);
        start = end;
      }
      return ends;
    },
    sureCut: outer.local ? inner.sureCut : undefined,
    local: outer.local && inner.local,
  }));
}
