/**
 * The training of byte-level BPE, one merge at a time, for looking on: the same counting and merging
 * as `trainBpe`, with what it saw before each merge. For short texts; it holds the thread.
 */
import { displayBytes } from './bytes';
import { MergeLearner } from './mergeLearner';
import { type SplitPattern, splitterOf } from './splitPattern';
import { BYTES_IN_ORDER, wordSymbols } from './train';
import { WordCounter } from './wordCount';

export interface MergeSteps {
  /** Bytes of the text: its tokens before the first merge. */
  readonly tokens: number;
  /** The pieces that no merge crosses, in the order of the text. */
  readonly pieces: readonly string[];
  readonly steps: readonly MergeStep[];
}

export interface MergeStep {
  /** The commonest pairs before the merge, for display; the one that is merged first. */
  readonly pairs: readonly { left: string; right: string; count: number }[];
  readonly token: { readonly id: number; readonly text: string };
  /** Tokens of the text after it. */
  readonly tokens: number;
}

const PAIRS_SHOWN = 8;

/**
 * Learns up to `merges` merges from the text; fewer where it has no more pairs.
 *
 * @throws GlassboxError `tokenizer-pattern`
 */
export function learnMerges(text: string, pattern: SplitPattern, merges: number): MergeSteps {
  const splitter = splitterOf(pattern);
  const counter = new WordCounter(splitter);
  Array.from(counter.add(text));
  counter.finish();
  const bytes = BYTES_IN_ORDER.map((byte) => String.fromCharCode(byte));
  const learner = new MergeLearner(bytes, 0, ...wordSymbols(counter, 0));
  learner.countPairs(counter.words.size);

  const tokens = learner.symbols;
  const steps: MergeStep[] = [];
  const shown = (id: number): string =>
    displayBytes(Uint8Array.from(learner.tokens[id]!, (unit) => unit.charCodeAt(0)));
  while (steps.length < merges) {
    const pairs = learner.commonest(PAIRS_SHOWN);
    if (!learner.step()) break;
    const { result } = learner.merges.at(-1)!;
    steps.push({
      pairs: pairs.map((pair) => ({
        left: shown(pair.left),
        right: shown(pair.right),
        count: pair.count,
      })),
      token: { id: result, text: shown(result) },
      tokens: learner.symbols,
    });
  }
  let start = 0;
  const pieces = splitter.split(text).map((end) => text.slice(start, (start = end)));
  return { tokens, pieces, steps };
}
