/**
 * How a token of BPE came to be: the merges that build it, in the order in which they happen. Within
 * a finished token they happen as if it stood alone, because no merge crosses its ends.
 */
import type { MergeRules } from './merge';
import type { TokenMerge } from './types';

export class Growth {
  readonly #rules: MergeRules;
  /** Token -> the rule with the lowest rank that makes it, or -1. */
  readonly #makers: Int32Array;
  /** The rank of the first merge: in some vocabularies ranks are counted with the bytes. */
  readonly #firstRank: number;

  constructor(rules: MergeRules, vocabSize: number) {
    this.#rules = rules;
    this.#makers = new Int32Array(vocabSize).fill(-1);
    let firstRank = Number.MAX_SAFE_INTEGER;
    for (let rule = 0; rule < rules.size; rule++) {
      const rank = rules.rank(rule);
      const result = rules.result(rule);
      const maker = this.#makers[result]!;
      if (maker < 0 || rank < rules.rank(maker)) this.#makers[result] = rule;
      firstRank = Math.min(firstRank, rank);
    }
    this.#firstRank = firstRank;
  }

  /** First merge first; empty for what no merges, as they go, make: a byte, an added token. */
  of(id: number): TokenMerge[] {
    const symbols = this.#spell(id);
    const merges: TokenMerge[] = [];
    while (symbols.length > 1) {
      let best = -1;
      let at = 0;
      for (let i = 0; i + 1 < symbols.length; i++) {
        const rule = this.#rules.find(symbols[i]!, symbols[i + 1]!);
        if (rule >= 0 && (best < 0 || this.#rules.rank(rule) < this.#rules.rank(best))) {
          best = rule;
          at = i;
        }
      }
      if (best < 0) return [];
      const [left, right] = [symbols[at]!, symbols[at + 1]!];
      symbols.splice(at, 2, this.#rules.result(best));
      merges.push({ left, right, rank: this.#rules.rank(best) - this.#firstRank });
    }
    return symbols[0] === id ? merges : [];
  }

  /** The symbols of the alphabet that a token is made of. */
  #spell(id: number): number[] {
    const spelled: number[] = [];
    const waiting = [id];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const rule = this.#makers[next] ?? -1;
      if (rule < 0) spelled.push(next);
      else waiting.push(this.#rules.right(rule), this.#rules.left(rule));
    }
    return spelled;
  }
}
