/**
 * The text of a part of a page: a line for each block, "- " before an item of a list, cells of a row
 * side by side, the lines of preformatted text as they are. Walks without recursion.
 */

import type { PageElement, PageNode } from './pageNodes';

const ELEMENT = 1;
const TEXT = 3;

const BLOCKS = new Set(
  'address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr li main menu nav ol p pre section summary table tbody tfoot thead tr ul'.split(
    ' ',
  ),
);
const SILENT = new Set(
  'script style noscript template head title iframe object svg math'.split(' '),
);

export function textOf(root: PageElement): string {
  const lines: string[] = [];
  let line = '';
  let preformatted = 0;
  const end = (): void => {
    const text =
      preformatted > 0 ? line.trimEnd() : line.replace(/[ \t\r\n\f\u00a0]+/g, ' ').trim();
    if (text !== '' && text !== '-') lines.push(text);
    line = '';
  };
  const enter = (name: string): void => {
    if (name === 'br') end();
    if (!BLOCKS.has(name)) return;
    end();
    if (name === 'pre') preformatted++;
    if (name === 'li') line = '- ';
  };
  const leave = (name: string): void => {
    if ((name === 'td' || name === 'th') && line.trim() !== '') line += ' ';
    if (!BLOCKS.has(name)) return;
    end();
    if (name === 'pre') preformatted--;
  };

  let node: PageNode | null = root;
  while (node) {
    const name: string = node.nodeType === ELEMENT ? node.localName : '';
    let child: PageNode | null = null;
    if (node.nodeType === TEXT) {
      const text = node.textContent;
      if (preformatted === 0) {
        line += text;
      } else {
        const parts = text.split('\n');
        for (const part of parts.slice(0, -1)) {
          line += part;
          end();
        }
        line += parts.at(-1) ?? '';
      }
    } else if (!SILENT.has(name)) {
      enter(name);
      child = node.nodeType === ELEMENT ? node.firstChild : null;
    }
    if (child) {
      node = child;
      continue;
    }
    if (node.nodeType === ELEMENT && !SILENT.has(name)) leave(name);
    while (node && node !== root && !node.nextSibling) {
      node = node.parentNode;
      if (node?.nodeType === ELEMENT) leave(node.localName);
    }
    node = node === root || !node ? null : node.nextSibling;
  }
  end();
  return lines.join('\n');
}
