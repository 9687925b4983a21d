/** A page's markup as nodes (htmlparser2), in one pass, which also says how large the page is. */
import { Parser } from 'htmlparser2';
import { PageDocument, PageElement, PageLeaf } from './pageNodes';

const VOID = new Set('area base br col embed hr img input link meta source track wbr'.split(' '));

export interface ParsedPage {
  /** Elements in the page, and how deeply they are nested. */
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
  let open = 0;
  const root = new PageElement('#document');
  let at = root;
  const size = { nodes: 0, depth: 0, isWithin: true };
  let text: PageLeaf | undefined;
  const parser = new Parser({
    onopentag: (name, attributes) => {
      size.nodes++;
      if (!VOID.has(name)) size.depth = Math.max(size.depth, ++open);
      if (size.nodes > bounds.nodes || size.depth > bounds.depth) size.isWithin = false;
      if (!size.isWithin) return;
      text = undefined;
      const element = new PageElement(name, attributes);
      at.appendChild(element);
      at = element;
    },
    onclosetag: (name) => {
      if (!VOID.has(name)) open--;
      text = undefined;
      if (size.isWithin && at.parentNode) at = at.parentNode;
    },
    ontext: (data) => {
      if (!size.isWithin) return;
      // Text comes in pieces, cut at entities.
      if (text) text.textContent += data;
      else at.appendChild((text = new PageLeaf(3, data)));
    },
    oncomment: (data) => {
      text = undefined;
      if (size.isWithin) at.appendChild(new PageLeaf(8, data));
    },
  });
  parser.end(html);
  const { isWithin, ...counted } = size;
  return { ...counted, document: isWithin ? new PageDocument(root) : undefined };
}
