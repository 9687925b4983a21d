/**
 * Which symbols merges ever bring together, side by side, within one token. Between two others a text
 * can be cut although no pre-split cuts there: no merge crosses that place, whatever stands around.
 */
import type { MergeRules } from './merge';

/** Ids are below 2^22. */
const PAIR = 1 << 22;

/** The pairs of neighbours (of the alphabet's symbols) that the rules can join. */
export class Joins {
  readonly #pairs: ReadonlySet<number>;

  private constructor(pairs: ReadonlySet<number>) {
    this.#pairs = pairs;
  }

  /** Undefined where a token can be spelled in several ways, so that its ends are not known. */
  static of(rules: MergeRules, alphabet: Iterable<number>): Joins | undefined {
    const firsts = new Map<number, number>();
    const lasts = new Map<number, number>();
    for (const id of alphabet) {
      firsts.set(id, id);
      lasts.set(id, id);
    }
    const pairs = new Set<number>();
    // A rule may stand before the rules that make its parts; each round knows more tokens.
    for (let known = -1; known < firsts.size;) {
      known = firsts.size;
      for (let rule = 0; rule < rules.size; rule++) {
        const [left, right, result] = [rules.left(rule), rules.right(rule), rules.result(rule)];
        const [first, last] = [firsts.get(left), lasts.get(right)];
        const [before, after] = [lasts.get(left), firsts.get(right)];
        if (first === undefined || last === undefined) continue;
        if (before === undefined || after === undefined) continue;
        if ((firsts.get(result) ?? first) !== first) return undefined;
        if ((lasts.get(result) ?? last) !== last) return undefined;
        firsts.set(result, first);
        lasts.set(result, last);
        pairs.add(before * PAIR + after);
      }
    }
    return new Joins(pairs);
  }

  /** Whether a merge can ever have these two side by side in its token. */
  has(before: number, after: number): boolean {
    return this.#pairs.has(before * PAIR + after);
  }
}
