/**
 * The one shape of a filter: it measures a document, and may change its text. What the values lead to
 * is not its business: the thresholds are rules of the recipe (`recipe/corpusRules.ts`), and
 * `pipeline.ts` holds the values against them.
 */
import type { FilterStage } from '../../../recipe/corpus';
import type { Body, Values } from '../document';

/** A document on its way through the filters. */
export interface Page {
  readonly url: string | undefined;
  /** What was read; the extraction makes text of it. */
  readonly body: Body;
  /** Empty before the extraction. */
  readonly text: string;
  readonly title: string | undefined;
  readonly language: string | undefined;
}

export interface Finding {
  readonly values: Values;
  /** What is different from now on. */
  readonly change?: Partial<Pick<Page, 'text' | 'title' | 'language'>> | undefined;
  /** Reason of a drop that no threshold is about. */
  readonly reason?: string | undefined;
  /** What a drop by a threshold is called here, where not after the threshold. */
  readonly crossing?: string | undefined;
}

export interface Stage {
  readonly name: FilterStage;
  measure(page: Page): Finding;
}
