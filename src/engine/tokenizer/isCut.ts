/**
 * The sure cuts of a whole tokenizer: what its split promises of normalized text (sureCuts.ts), where
 * normalizing doesn't reach across and no added token stands at the cut or over it.
 *
 * Where a normalizer step replaces by a regular expression, or an added token swallows the white space
 * beside it, nothing is promised.
 */
import type { AddedToken, FoundTokens } from './addedTokens';
import type { NormalizerStep } from './normalizer';
import type { SureCut } from './sureCuts';

export interface CutParts {
  readonly steps: readonly NormalizerStep[];
  readonly sureCut: SureCut | undefined;
  readonly added: FoundTokens;
}

/** Code units on each side that the rules of splits look at, and room for what normal forms compose. */
const REACH = 16;

/** How far on each side `isCut` looks, in code units. */
export function cutReach({ added }: CutParts): number {
  const { original, normalized } = tokensOf(added);
  const lengths = [...original, ...normalized].map(({ content }) => content.length);
  return REACH + 4 * Math.max(0, ...lengths);
}

export function isCut(parts: CutParts, text: string, at: number): boolean {
  const { steps, sureCut, added } = parts;
  if (sureCut === undefined || at <= 0 || at >= text.length) return false;
  const unit = text.charCodeAt(at);
  if (unit >= 0xdc00 && unit < 0xe000 && text.codePointAt(at - 1)! > 0xffff) return false;
  // Most places fail here already.
  if (steps.length === 0 && !sureCut(text, at)) return false;
  const { original, normalized } = tokensOf(added);
  if (steps.length === 0 && original.length === 0 && normalized.length === 0) return true;

  if ([...original, ...normalized].some((token) => token.stripLeft || token.stripRight))
    return false;
  const reach = cutReach(parts);
  let left = text.slice(Math.max(0, at - reach), at);
  let right = text.slice(at, at + reach);
  if (touches(original, left, right)) return false;
  for (const step of steps) {
    if (!step.separates(left + right, left.length)) return false;
    left = step.apply(left, 'within');
    right = step.apply(right, 'within');
  }
  // Normalizing left nothing of one side: what stands beyond it isn't seen.
  if (left === '' || right === '') return false;
  if (touches(normalized, left, right)) return false;
  return sureCut(left + right, left.length);
}

function tokensOf({ original, normalized }: FoundTokens): {
  original: readonly AddedToken[];
  normalized: readonly AddedToken[];
} {
  return { original: original.tokens, normalized: normalized?.tokens ?? [] };
}

/** Whether one of the tokens stands over the cut, or begins or ends there. */
function touches(tokens: readonly AddedToken[], left: string, right: string): boolean {
  return tokens.some(({ content }) => {
    const start = Math.max(0, left.length - content.length);
    const around = left.slice(start) + right.slice(0, content.length);
    return content !== '' && around.includes(content);
  });
}
