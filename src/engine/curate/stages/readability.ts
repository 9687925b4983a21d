/** Mozilla's Readability on linkedom's DOM; the types of both speak of a browser's, which isn't here. */
import { Readability } from '@mozilla/readability';
import { parseHTML } from 'linkedom';
import type { PageNode } from './pageText';

export interface Article {
  readonly title?: string | null | undefined;
  readonly content?: PageNode | null | undefined;
}

const parse: (html: string) => object = parseHTML;

/** @param enough characters that let Readability believe its strictest pass */
export function mainContent(html: string, enough: number): Article | null {
  const document: unknown = Reflect.get(parse(html), 'document');
  return new Readability<PageNode>(document, {
    charThreshold: enough,
    disableJSONLD: true,
    keepClasses: true,
    serializer: (node: PageNode) => node,
  }).parse();
}
