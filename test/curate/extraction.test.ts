/**
 * Readability on our own nodes finds what it finds, unchanged, on a DOM that is not ours (linkedom).
 * The one gives what the other gives, so no number here is made up.
 *
 * Without entities, though: linkedom makes a text node of each piece that its parser gives it, cut at
 * entities, where the standard has one node (WHATWG HTML 13.2.6.1, "insert a character"), and Readability
 * looks at how a node's text ends.
 */
import { readFileSync } from 'node:fs';
import { Readability } from '@mozilla/readability';
import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { parse, serialize } from 'parse5';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { openPipeline } from '../../src/engine/curate/curate';
import { corpusRecipe } from '../../src/recipe/corpus';
import { page, prose } from './warcFiles';

const article = z
  .object({ title: z.string().nullish(), textContent: z.string().nullish() })
  .nullable();

const squeezed = (text: string): string => text.replace(/^- /gm, '').replace(/\s+/g, '');

/** Text without white space, and title, of the library on the other DOM. */
function theirs(html: string): { text: string; title: string | undefined } {
  const open: (html: string) => object = parseHTML;
  const document: unknown = Reflect.get(open(html), 'document');
  const reader = new Readability(document, {
    charThreshold: 250,
    disableJSONLD: true,
    keepClasses: true,
  });
  const { title, textContent } = article.parse(reader.parse()) ?? {};
  const trimmed = title?.replace(/\s+/g, ' ').trim();
  return { text: squeezed(textContent ?? ''), title: trimmed === '' ? undefined : trimmed };
}

const stages = ['url', 'language', 'gopherRepetition', 'gopherQuality', 'c4', 'fineweb'];
const pipeline = openPipeline(
  corpusRecipe.apply(
    corpusRecipe.defaults(),
    stages.map((stage) => `${stage}.enabled=false`),
  ),
);

async function ours(html: string): Promise<{ text: string; title: string | undefined }> {
  const origin = { file: '', offset: 0, record: undefined };
  const body = { kind: 'html', bytes: Buffer.from(html), charset: 'utf-8' } as const;
  const document = { id: '0', origin, url: undefined, date: undefined, body };
  const { text, title } = (await pipeline).judge(document);
  return { text: squeezed(text), title };
}

/** Markup of the kinds that Readability decides by: names, links, lists, tables, breaks, what is hidden. */
function markup(words: readonly string[]): fc.Arbitrary<string> {
  const text = fc.oneof(
    fc.constantFrom(...words),
    fc.constantFrom(' ', 'Menu', 'Read more', 'a and b, c ', '<!-- note -->', '<br>', '<br><br>'),
  );
  const names = fc.constantFrom(
    '',
    ' class="sidebar"',
    ' class="article body"',
    ' id="comments"',
    ' class="share"',
    ' style="display: none"',
    ' class="byline" rel="author"',
    ' role="navigation"',
    ' hidden',
  );
  const tags =
    'div div p p section ul li a span h1 h2 table tr td th blockquote pre font em form aside figure';
  const { node } = fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      text,
      fc
        .tuple(
          fc.constantFrom(...tags.split(' ')),
          names,
          fc.array(tie('node'), { minLength: 1, maxLength: 5 }),
        )
        .map(([tag, name, children]) => {
          const link = tag === 'a' ? ' href="/there"' : '';
          return `<${tag}${name}${link}>${children.join('')}</${tag}>`;
        }),
    ),
  }));
  return fc
    .array(node, { minLength: 1, maxLength: 12 })
    .map(
      (nodes) =>
        `<html lang="en"><head><title>A title: of some words | Site</title></head><body>${nodes.join('\n')}</body></html>`,
    );
}

describe('the main content on our own nodes', () => {
  it("is the library's on another DOM, for pages of the web that have a head and a body", async () => {
    const crawl = readFileSync(
      'node_modules/warc/test/fixtures/CC-MAIN-20140820021334-00006-ip-10-180-136-8.ec2.internal.warc',
      'latin1',
    );
    const pages = crawl.split('WARC/1.0\r\n').filter((record) => /^WARC-Type: resp/m.test(record));
    const found = pages
      .map((record) =>
        record
          .split('\r\n\r\n')
          .slice(2)
          .join('\n')
          .replace(/[^\x20-\x7e\n]/g, 'x'),
      )
      .filter((html) => /<html/i.test(html) && /<head/i.test(html) && /<body/i.test(html));
    expect(found.length).toBeGreaterThan(2);
    for (const html of [...found, page(prose(1)), page(prose(2), 'Some | title')])
      expect(await ours(html)).toEqual(theirs(html));
  });

  it("is the library's on another DOM, for markup of every kind", async () => {
    const words = [prose(1, 1), prose(2, 1).slice(0, 200), prose(3, 1).slice(0, 60), 'One, two.'];
    await fc.assert(
      fc.asyncProperty(markup(words), async (html) => {
        expect((await ours(html)).text).toBe(theirs(html).text);
      }),
      { numRuns: 300 },
    );
  });

  it('takes text with an entity in it for one piece', async () => {
    const page = (sign: string): string =>
      `<html><body><div class="share"><figure>a ${sign} b, c <div><div>${prose(1, 1)}</div> </div></figure>${prose(2, 1)}</div></body></html>`;
    expect((await ours(page('&amp;'))).text).toBe(theirs(page('and')).text.replace('aandb', 'a&b'));
  });

  it('is there for a page without a head, a body or a frame of tags', async () => {
    for (const html of [
      `<html><p>${prose(4).replaceAll('\n', '</p><p>')}</p></html>`,
      `<title>Bare</title><p>${prose(4).replaceAll('\n', '<p>')}`,
    ])
      expect((await ours(html)).text).toBe(squeezed(prose(4)));
    expect((await ours('<title>Bare</title><p>Some text')).title).toBe('Bare');
  });
});

/** As a parser puts it right that keeps to WHATWG's rules: with one `html`, `head` and `body`, all closed. */
const putRight = (html: string): string => serialize(parse(html));

/** Pages whose `html`, `head` and `body` come where they like, closed or not, or not at all. */
function sloppyMarkup(): fc.Arbitrary<string> {
  const text = (seed: number): string => prose(seed, 1).slice(0, 300);
  const block = fc
    .tuple(fc.constantFrom('div', 'section', 'article', 'ul', 'pre'), fc.integer({ max: 9 }))
    .map(([tag, seed]) => `<${tag}>${text(seed)}</${tag}>`);
  const frame =
    '<html> <html lang="en"> <head> <head id="h"> <body> <body class="article"> <body id="menu">';
  const ends = '</html> </head> </body>';
  const ofHeads = [
    '<title>A title: of some words | Site</title>',
    '<meta name="author" content="Ann Other">',
    '<link rel="next" href="/2">',
    '<style>p { color: red }</style>',
    '<script>let x = "<p>";</script>',
    '<!-- note -->',
    '\n  ',
  ];
  const piece = fc.oneof(
    { arbitrary: block, weight: 2 },
    fc.constantFrom(...frame.split(/ (?=<)/), ...ends.split(' ')),
    fc.constantFrom(...ofHeads),
    fc.constantFrom(
      '<div class="article">',
      '</div>',
      'Words, bare &amp; alone. ',
      text(3),
      '<br>',
    ),
  );
  return fc.array(piece, { minLength: 3, maxLength: 14 }).map((pieces) => pieces.join(''));
}

describe('a page with sloppy markup', () => {
  const [first, second] = [prose(1, 1), prose(2, 1)];
  const paragraphs = `<p>${first}</p>`;
  it.each([
    ['text behind the body', `<body>${paragraphs}</body>${second}</html>`],
    ['text behind the page', `<html><body>${paragraphs}</body></html>\n${second}`],
    ['a second body', `<body>${paragraphs}</body><body class="x"><p>${second}</p></body>`],
    ['a second page', `<html><body>${paragraphs}</html><html><head><body>${second}</html>`],
    ['a head that never ends', `<html><head><title>T</title>${paragraphs}<p>${second}</p></html>`],
    ['a body in the head', `<head><div>${paragraphs}</head><p>${second}</p></div><body></body>`],
    ['a script behind the body', `<body>${paragraphs}</body><script>1</script><p>${second}</p>`],
    ['noscript left open', `<head><noscript><link></head><body>${paragraphs}<p>${second}</p>`],
  ])('of %s loses none of it', async (_, html) => {
    const { text } = await ours(html);
    expect(text).toBe(squeezed(first + second));
    expect(text).toBe(theirs(putRight(html)).text);
  });

  it('is what a parser by the standard makes of it', async () => {
    await fc.assert(
      fc.asyncProperty(sloppyMarkup(), async (html) => {
        const [mine, right] = [await ours(html), await ours(putRight(html))];
        expect(mine.text).toBe(right.text);
        // Whether a page without any text has a title is nobody's concern.
        if (right.text !== '') expect(mine.title).toBe(right.title);
      }),
      { numRuns: 300 },
    );
  });
});
