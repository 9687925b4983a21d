/**
 * A page's markup as nodes, in one pass, which also says how large the page is. htmlparser2 reads the tags
 * and ends what other tags end; where a page has its `html`, `head` and `body` follows here from WHATWG's
 * tree construction (HTML 13.2.6.4, "before html" to "after after body"): there is one of each, whatever is
 * written; a further tag adds attributes to it; what belongs into no head begins the body, and all that
 * follows is in it, behind `</body>` and `</html>` too.
 *
 * Not done: what stands between the parts of a table moved before it, formatting carried over the ends of
 * blocks, frames in place of a body.
 */
import { Parser } from 'htmlparser2';
import { PageDocument, PageElement, PageLeaf } from './pageNodes';

const names = (list: string): ReadonlySet<string> => new Set(list.split(' '));

const VOID = names('area base br col embed hr img input link meta source track wbr');
/** Stay in the head, or go back into it as long as no body has begun. */
const OF_HEADS = names(
  'base basefont bgsound link meta noframes noscript script style template title',
);

/** Each is in the page once, so none is opened or closed by its tags. */
const isFrame = (name: string): boolean => name === 'html' || name === 'head' || name === 'body';

class PageParser extends Parser {
  protected override isVoidElement(name: string): boolean {
    return isFrame(name) || super.isVoidElement(name);
  }
}

export interface ParsedPage {
  /** Tags that begin an element, and how deeply the elements are nested. */
  readonly nodes: number;
  readonly depth: number;
  /** Undefined for a page of more than the bounds: it is counted to its end, and not built. */
  readonly document: PageDocument | undefined;
}

/** @param bounds most elements, and deepest nesting, of a page that is built */
export function parsePage(
  html: string,
  bounds: { readonly nodes: number; readonly depth: number },
): ParsedPage {
  // The frame is two levels, whether it is written or not.
  let open = 2;
  const document = new PageDocument();
  const { documentElement, head, body } = document;
  /** The head until a body begins; further down, the element that is open. */
  let at = head;
  /** Where `at` goes back to, for each element that is open. */
  const parents: PageElement[] = [];
  const size = { nodes: 0, depth: open, isWithin: true };
  let text: PageLeaf | undefined;

  let isBody = false;
  const beginBody = (): void => {
    isBody = true;
    at = body;
    text = undefined;
    // What is still open in the head holds nothing of the body.
    parents.fill(body);
  };
  const openFrame = (name: string, attributes: Record<string, string>): void => {
    if (name === 'body' && !isBody) beginBody();
    const element = name === 'html' ? documentElement : name === 'head' ? head : body;
    for (const [key, value] of Object.entries(attributes))
      if (!element.hasAttribute(key)) element.setAttribute(key, value);
  };
  const parser = new PageParser({
    onopentag: (name, attributes) => {
      size.nodes++;
      if (!VOID.has(name) && !isFrame(name)) size.depth = Math.max(size.depth, ++open);
      if (size.nodes > bounds.nodes || size.depth > bounds.depth) size.isWithin = false;
      if (!size.isWithin) return;
      if (isFrame(name)) {
        openFrame(name, attributes);
        return;
      }
      if (at === head && !OF_HEADS.has(name)) beginBody();
      text = undefined;
      const element = new PageElement(name, attributes);
      at.appendChild(element);
      parents.push(at);
      at = element;
    },
    onclosetag: (name) => {
      if (isFrame(name)) return;
      if (!VOID.has(name)) open--;
      text = undefined;
      if (size.isWithin) at = parents.pop() ?? at;
    },
    ontext: (data) => {
      if (!size.isWithin) return;
      let added = data;
      if (at === head) {
        added = data.replace(/^[\t\n\f\r ]+/, '');
        if (added === '') return;
        beginBody();
      }
      // Text comes in pieces, cut at entities.
      if (text) text.textContent += added;
      else at.appendChild((text = new PageLeaf(3, added)));
    },
    oncomment: (data) => {
      text = undefined;
      if (size.isWithin) at.appendChild(new PageLeaf(8, data));
    },
  });
  parser.end(html);
  const { isWithin, ...counted } = size;
  return { ...counted, document: isWithin ? document : undefined };
}
