/**
 * A document as it was before anything was cut: every line of its page, with which stage cut it and why,
 * or what became of it. The page is read from its source again, and goes through the stages that change
 * texts: the extraction, C4, personal data.
 */
import type { CorpusRecipe } from '../../recipe/corpus';
import { documentAt, openCorpus } from './openCorpus';
import { readSourceOf } from './sourceOf';
import { c4Lines } from './stages/c4';
import { extraction, wholeText } from './stages/extraction';
import { linesOf } from './stages/lines';
import { personalDataCleaner } from './stages/pii';
import type { StoredDocument } from './storedDocument';

export interface PageLine {
  readonly text: string;
  /** Why it is not in the document. */
  readonly cut?: { readonly stage: string; readonly reason: string } | undefined;
  /** What the document has instead. */
  readonly becomes?: string | undefined;
}

/** Above so many pairs of lines the longest common part would take too long to find. */
const MOST_PAIRS = 1 << 24;

/**
 * Which lines of `whole` are those of `part`, by index: their longest common subsequence. Of a very long
 * page, those that come next.
 */
function partOf(whole: readonly string[], part: readonly string[]): (number | undefined)[] {
  const places: (number | undefined)[] = part.map(() => undefined);
  if (whole.length * part.length > MOST_PAIRS) {
    let from = 0;
    part.forEach((line, i) => {
      const at = whole.indexOf(line, from);
      if (at >= 0) [places[i], from] = [at, at + 1];
    });
    return places;
  }
  const width = part.length + 1;
  const longest = new Uint32Array((whole.length + 1) * width);
  for (let i = whole.length - 1; i >= 0; i--)
    for (let j = part.length - 1; j >= 0; j--)
      longest[i * width + j] =
        whole[i] === part[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
  for (let i = 0, j = 0; i < whole.length && j < part.length;) {
    if (whole[i] === part[j]) places[j++] = i++;
    else if (longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!) i++;
    else j++;
  }
  return places;
}

/** The lines of the extracted text, as C4 and the search for personal data leave them. */
function changedLines(text: string, { values }: StoredDocument, recipe: CorpusRecipe): PageLine[] {
  const fateOf = values['c4'] ? c4Lines(recipe.c4) : undefined;
  const clean = values['pii'] ? personalDataCleaner(recipe.pii) : undefined;
  const lines = linesOf(text).map((line): PageLine => {
    const fate = fateOf?.(line);
    if (fate?.kind === 'cut') return { text: line, cut: { stage: 'c4', reason: fate.reason } };
    return { text: line, becomes: fate?.text ?? line };
  });
  // Placeholders are taken in turn over the whole text, and none of them crosses a line.
  const left = lines.filter(({ cut }) => !cut).map(({ becomes }) => becomes ?? '');
  const cleaned = clean ? clean(left.join('\n')).text.split('\n') : left;
  let next = 0;
  return lines.map((line) => {
    if (line.cut) return line;
    const becomes = cleaned[next++];
    return { text: line.text, ...(becomes === line.text ? {} : { becomes }) };
  });
}

/**
 * @throws GlassboxError `not-a-corpus`, `document-unknown`, `source-changed`, `cancelled`
 */
export async function readPageCuts(
  corpus: string,
  place: { readonly shard: string; readonly line: number },
  signal: AbortSignal,
): Promise<PageLine[]> {
  const opened = await openCorpus(corpus);
  const document = await documentAt(corpus, opened, place);
  const { index, recipe } = opened;
  const { body, url } = await readSourceOf(document, index, signal);
  const whole = linesOf(wholeText(body, recipe.extraction));
  const page = { url, body, text: '', title: undefined, language: undefined };
  const extracted = document.values['extraction']
    ? (extraction(recipe.extraction).measure(page).change?.text ?? '')
    : whole.join('\n');
  const lines = changedLines(extracted, document, recipe);
  const places = partOf(
    whole,
    lines.map(({ text }) => text),
  );
  const cut = { stage: 'extraction', reason: 'notContent' } as const;
  const all: PageLine[] = [];
  let at = 0;
  const passOver = (end: number): void => {
    for (; at < end; at++) all.push({ text: whole[at]!, cut });
  };
  lines.forEach((each, i) => {
    const lineOfPage = places[i];
    // A line that the extraction has put together itself stands on no line of the page.
    if (lineOfPage !== undefined) {
      passOver(lineOfPage);
      at = lineOfPage + 1;
    }
    all.push(each);
  });
  passOver(whole.length);
  return all;
}
