/** What a person has done in the explorer: kept by the page, so that it comes back as it was. */
import * as z from 'zod';
import type { TokenizerSummary } from '../../src/protocol/catalogMessages';

export const TABS = ['cut', 'merges', 'vocabulary'] as const;
export type Tab = (typeof TABS)[number];

export const PATTERNS = ['gpt2', 'cl100k', 'o200k'] as const;

export const keptSchema = z.object({
  tab: z.enum(TABS),
  text: z.string(),
  left: z.string(),
  right: z.string(),
  /** One of `PATTERNS`, or a regular expression. */
  pattern: z.string(),
  /** Merges made in the replay. */
  merges: z.int().nonnegative(),
  browsed: z.string(),
  query: z.string(),
});

export type Kept = z.infer<typeof keptSchema>;

export const BEGINNING: Kept = {
  tab: 'cut',
  text: 'Call me Ishmael. Some years ago - never mind how long precisely - having little or no money in my purse, I thought I would sail about a little.\n\nfor (let i = 0; i < 1000; i++) whales[i] = "🐋 naïve";\n',
  left: 'gpt2',
  right: 'o200k_base',
  pattern: 'gpt2',
  merges: 0,
  browsed: 'gpt2',
  query: '',
};

/** What the tabs share. */
export interface Explorer {
  readonly kept: Readonly<Kept>;
  readonly tokenizers: readonly TokenizerSummary[];
  /** Keeps the change and shows it. */
  change(change: Partial<Kept>): void;
  /** Shows what has changed outside of what is kept. */
  update(): void;
}
