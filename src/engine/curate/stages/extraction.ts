/**
 * The main content of a page: Mozilla's Readability on the page's nodes. Nothing of the page is executed
 * and nothing is fetched. What is no HTML passes as it is.
 *
 * The bounds on a page (bytes, elements, depth) hold while it is read, before anything looks at it, and are
 * the same on every machine. The bound on time is not, so what it ended is recorded, and ended again next
 * time.
 */
import type { CorpusRecipe } from '../../../recipe/corpus';
import type { Finding, Page, Stage } from './stage';
import { decodePage, looksBinary } from './decode';
import type { PageDocument } from './pageNodes';
import { parsePage } from './parsePage';
import { mainContent } from './readability';
import { textOf } from './pageText';
import { within } from './timeLimit';
import { lengthOf } from './words';

/** From this much text on a first, strict pass of Readability is believed. */
const ENOUGH_CHARACTERS = 250;

/**
 * Pages of fewer bytes are not put under the clock, which costs a thread each. The slowest that is known
 * for so few, an attribute that one of Readability's expressions goes over again and again, takes less than
 * a second.
 */
const CLOCKED_BYTES = 1 << 15;

interface Content {
  readonly title: string | undefined;
  readonly text: string;
}

function contentOf(document: PageDocument): Content {
  const article = mainContent(document, ENOUGH_CHARACTERS);
  const title = article?.title?.replace(/\s+/g, ' ').trim();
  return {
    title: title === '' ? undefined : title,
    text: article?.content == null ? '' : textOf(article.content),
  };
}

type Settings = CorpusRecipe['extraction'];

const boundsOf = ({ maxNodes, maxDepth }: Settings): { nodes: number; depth: number } => ({
  nodes: maxNodes,
  depth: maxDepth,
});

/** In milliseconds. */
const limitOf = ({ length }: Uint8Array, { maxSeconds }: Settings): number | undefined =>
  length < CLOCKED_BYTES ? undefined : maxSeconds * 1000;

export function extraction(settings: Settings): Stage {
  function measurePage(bytes: Uint8Array, charset: string | undefined): Finding {
    const values = { bytes: bytes.length };
    if (bytes.length > settings.maxBytes) return { values };
    if (looksBinary(bytes)) return { values, reason: 'binary' };
    const html = decodePage(bytes, charset);
    let size: Finding['values'] = values;
    const page = within(limitOf(bytes, settings), () => {
      const { document, ...counted } = parsePage(html, boundsOf(settings));
      size = { ...values, ...counted };
      return { content: document && contentOf(document) };
    });
    if (page === 'late') return { values: size, reason: 'tooSlow' };
    if (page === 'failed') return { values: size, reason: 'notParsed' };
    if (!page.content) return { values: size };
    const { title, text } = page.content;
    return { values: { ...size, characters: lengthOf(text) }, change: { text, title } };
  }

  function measure({ body }: Page): Finding {
    if (body.kind === 'html') return measurePage(body.bytes, body.charset);
    if (body.kind === 'decoded') {
      const { text } = body;
      return { values: { characters: lengthOf(text) }, change: { text } };
    }
    const values = { bytes: body.bytes.length };
    if (body.bytes.length > settings.maxBytes) return { values };
    if (looksBinary(body.bytes)) return { values, reason: 'binary' };
    const text = decodePage(body.bytes, body.charset).replaceAll('\r\n', '\n');
    return { values: { ...values, characters: lengthOf(text) }, change: { text } };
  }

  return { name: 'extraction', measure };
}

/** All of a page's text, menus and footers too; of what is no page, its text; nothing of one over the bounds. */
export function wholeText(body: Page['body'], settings: Settings): string {
  if (body.kind === 'decoded') return body.text;
  const text = decodePage(body.bytes, body.charset);
  if (body.kind === 'text') return text.replaceAll('\r\n', '\n');
  const page = within(limitOf(body.bytes, settings), () => {
    const { document } = parsePage(text, boundsOf(settings));
    return { text: document ? textOf(document.body) : '' };
  });
  return typeof page === 'string' ? '' : page.text;
}
