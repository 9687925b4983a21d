/**
 * The main content of a page: Mozilla's Readability on linkedom's DOM. Nothing of the page is executed
 * and nothing is fetched. What is no HTML passes as it is.
 *
 * The bounds on a page (bytes, elements, depth) are checked before a DOM is built, and are the same on
 * every machine. The bound on time is not, so what it ended is recorded, and ended again next time.
 */
import { Parser } from 'htmlparser2';
import type { CorpusRecipe } from '../../../recipe/corpus';
import type { Finding, Page, Stage } from './stage';
import { mainContent } from './readability';
import { decodePage, looksBinary } from './decode';
import { textOf } from './pageText';
import { within } from './timeLimit';
import { lengthOf } from './words';

/** From this much text on a first, strict pass of Readability is believed. */
const ENOUGH_CHARACTERS = 250;

const VOID = new Set('area base br col embed hr img input link meta source track wbr'.split(' '));

/** How many elements a page has, and how deeply they are nested, before anything is built of them. */
function sizeOf(html: string): { nodes: number; depth: number } {
  let nodes = 0;
  let open = 0;
  let depth = 0;
  const parser = new Parser({
    onopentag: (name) => {
      nodes++;
      if (VOID.has(name)) return;
      depth = Math.max(depth, ++open);
    },
    onclosetag: (name) => {
      if (!VOID.has(name)) open--;
    },
  });
  parser.end(html);
  return { nodes, depth };
}

interface Content {
  readonly title: string | undefined;
  readonly text: string;
}

function contentOf(html: string): Content {
  const whole = /<html[\s>]/i.test(html)
    ? html
    : `<!doctype html><html><head></head><body>${html}</body></html>`;
  const article = mainContent(whole, ENOUGH_CHARACTERS);
  const title = article?.title?.replace(/\s+/g, ' ').trim();
  return {
    title: title === '' ? undefined : title,
    text: article?.content == null ? '' : textOf(article.content),
  };
}

export function extraction(settings: CorpusRecipe['extraction']): Stage {
  function measurePage(bytes: Uint8Array, charset: string | undefined): Finding {
    const values = { bytes: bytes.length };
    if (bytes.length > settings.maxBytes) return { values };
    if (looksBinary(bytes)) return { values, reason: 'binary' };
    const html = decodePage(bytes, charset);
    const size = { ...values, ...sizeOf(html) };
    if (size.nodes > settings.maxNodes || size.depth > settings.maxDepth) return { values: size };
    const content = within(settings.maxSeconds * 1000, () => contentOf(html));
    if (content === 'late') return { values: size, reason: 'tooSlow' };
    if (content === 'failed') return { values: size, reason: 'notParsed' };
    const { title, text } = content;
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
