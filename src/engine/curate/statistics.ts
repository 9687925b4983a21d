/**
 * What a corpus's stages did, in numbers: the funnel, the reasons, and a histogram of every measured
 * value. Counted document by document; two counts can be added.
 */
import { FILTER_STAGES } from '../../recipe/corpus';
import type { StoredDocument } from './storedDocument';

/** All stages in their order: reading, the filters, then what compares documents. */
export const STAGES = ['source', ...FILTER_STAGES, 'exactDuplicates', 'nearDuplicates'] as const;

export interface StageCount {
  readonly stage: string;
  /** What is left after it. */
  readonly documents: number;
  readonly tokens: number;
}

export interface Histogram {
  /** Lower edges; the last bin has no upper one. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  readonly least: number;
  readonly most: number;
}

export interface Statistics {
  readonly documentsIn: number;
  readonly documentsKept: number;
  /** Of what is kept. */
  readonly tokens: number;
  /** UTF-8 bytes of the text that is kept. */
  readonly bytes: number;
  readonly funnel: readonly StageCount[];
  /** By `<stage>.<reason>`, the most frequent first. */
  readonly dropped: Readonly<Record<string, number>>;
  /** By `<stage>.<measure>`. */
  readonly histograms: Readonly<Record<string, Histogram>>;
}

/** Fiftieths up to 1, then doubling with a step between: shares and amounts in one scale. */
const EDGES: readonly number[] = [
  ...Array.from({ length: 50 }, (_, i) => i / 50),
  ...Array.from({ length: 26 }, (_, i) => [2 ** i, 1.5 * 2 ** i]).flat(),
];

function binOf(value: number): number {
  let low = 0;
  let high = EDGES.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (EDGES[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

class Bins {
  readonly counts = new Float64Array(EDGES.length);
  least = Infinity;
  most = -Infinity;

  add(value: number): void {
    this.counts[binOf(value)]!++;
    this.least = Math.min(this.least, value);
    this.most = Math.max(this.most, value);
  }

  get histogram(): Histogram {
    const { least, most } = this;
    const first = binOf(least);
    const last = binOf(most) + 1;
    return {
      edges: EDGES.slice(first, last),
      counts: [...this.counts.slice(first, last)],
      least,
      most,
    };
  }
}

export class StatisticsCounter {
  #documents = 0;
  #kept = 0;
  #keptTokens = 0;
  #tokens = 0;
  #bytes = 0;
  readonly #dropped = new Map<string, { documents: number; tokens: number }>();
  readonly #reasons = new Map<string, number>();
  readonly #bins = new Map<string, Bins>();

  add({ drop, tokens, text, values }: StoredDocument): void {
    this.#documents++;
    this.#tokens += tokens;
    if (drop) {
      const stage = this.#dropped.get(drop.stage) ?? { documents: 0, tokens: 0 };
      this.#dropped.set(drop.stage, {
        documents: stage.documents + 1,
        tokens: stage.tokens + tokens,
      });
      const reason = `${drop.stage}.${drop.reason}`;
      this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
    } else {
      this.#kept++;
      this.#keptTokens += tokens;
      this.#bytes += Buffer.byteLength(text);
    }
    for (const [stage, measured] of Object.entries(values))
      for (const [name, value] of Object.entries(measured)) {
        const key = `${stage}.${name}`;
        let bins = this.#bins.get(key);
        if (!bins) this.#bins.set(key, (bins = new Bins()));
        bins.add(value);
      }
  }

  get result(): Statistics {
    let documents = this.#documents;
    let tokens = this.#tokens;
    const funnel = STAGES.map((stage) => {
      const gone = this.#dropped.get(stage);
      documents -= gone?.documents ?? 0;
      tokens -= gone?.tokens ?? 0;
      return { stage, documents, tokens };
    });
    const reasons = [...this.#reasons].sort(
      ([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1),
    );
    return {
      documentsIn: this.#documents,
      documentsKept: this.#kept,
      tokens: this.#keptTokens,
      bytes: this.#bytes,
      funnel,
      dropped: Object.fromEntries(reasons),
      histograms: Object.fromEntries(
        [...this.#bins]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, bins]) => [key, bins.histogram]),
      ),
    };
  }
}
