/**
 * Mozilla's Readability on the nodes of a page. Four of its inner methods are answered in another way,
 * with the same answer sooner, so its version is pinned; `test/curate/extraction.test.ts` holds the result
 * against Readability as it comes on a DOM of another make.
 */
import { Readability } from '@mozilla/readability';
import type { PageDocument, PageElement, PageNode } from './pageNodes';

export interface Article {
  readonly title?: string | null | undefined;
  readonly content?: PageElement | null | undefined;
}

const BYLINE = /byline|author|dateline|writtenby|p-author/i;

class PageReadability extends Readability<PageElement> {
  /** Asked of the same elements again and again. */
  _getInnerText(element: PageElement, normalizeSpaces = true): string {
    return normalizeSpaces ? element.innerText : element.textContent.trim();
  }

  /** Looks at the element's names before its text, which may be the whole page's. */
  _isValidByline(node: PageElement, names: string): boolean {
    const named =
      node.getAttribute('rel') === 'author' ||
      (node.getAttribute('itemprop')?.includes('author') ?? false) ||
      BYLINE.test(names);
    if (!named) return false;
    const { length } = node.textContent.trim();
    return length > 0 && length < 100;
  }

  /** Stops at the first letter. */
  _isElementWithoutContent(node: PageNode): boolean {
    if (node.nodeType !== 1 || node.hasText) return false;
    const { length } = node.children;
    return length === 0 || length === node.querySelectorAll('br,hr').length;
  }

  /** Nobody follows the links. */
  _fixRelativeUris(): void {
    // Nothing of them is in the text.
  }
}

/** @param enough characters that let Readability believe its strictest pass */
export function mainContent(document: PageDocument, enough: number): Article | null {
  return new PageReadability(document, {
    charThreshold: enough,
    disableJSONLD: true,
    keepClasses: true,
    serializer: (node: PageElement) => node,
  }).parse();
}
