/**
 * A threshold of a corpus recipe is a setting *and* a rule: which measured value it bounds, and on
 * which side of it a document is dropped. Both are said once, here, where the setting is declared; the
 * verdicts, the reasons, the histograms and their lines all derive from it.
 */
import * as z from 'zod';

export interface Rule {
  /** The measured value that is compared. */
  readonly measure: string;
  /** A document is dropped when the value lies on this side of the threshold; equal is kept. */
  readonly drops: 'above' | 'below';
  /** Whether it is a share of something, from 0 to 1. */
  readonly share: boolean;
}

const rules = z.registry<Rule>();

type Threshold = z.ZodDefault<z.ZodNumber>;

function threshold(field: z.ZodNumber, rule: Rule, value: number, description: string): Threshold {
  const setting = field.default(value).describe(description);
  rules.add(setting, rule);
  return setting;
}

const share = z.number().min(0).max(1);
const amount = z.number().min(0);

/** At most this share of something. */
export const mostShare = (measure: string, value: number, description: string): Threshold =>
  threshold(share, { measure, drops: 'above', share: true }, value, description);

/** At least this share of something. */
export const leastShare = (measure: string, value: number, description: string): Threshold =>
  threshold(share, { measure, drops: 'below', share: true }, value, description);

/** At most so many, or so much. */
export const most = (measure: string, value: number, description: string): Threshold =>
  threshold(amount, { measure, drops: 'above', share: false }, value, description);

/** At least so many, or so much. */
export const least = (measure: string, value: number, description: string): Threshold =>
  threshold(amount, { measure, drops: 'below', share: false }, value, description);

export interface NamedRule extends Rule {
  /** The setting that holds the threshold: the reason of a drop. */
  readonly setting: string;
  readonly description: string;
}

/** The rules among the fields of one stage's settings, in the order in which they judge. */
export function rulesOf(shape: Readonly<Record<string, z.ZodType>>): NamedRule[] {
  return Object.entries(shape).flatMap(([setting, field]) => {
    const rule = rules.get(field);
    return rule ? [{ setting, description: field.description ?? '', ...rule }] : [];
  });
}
