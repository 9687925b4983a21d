/** One page through the filters: what is taken of it, and what no page can do. */
import { describe, expect, it } from 'vitest';
import { openPipeline } from '../../src/engine/curate/curate';
import { corpusRecipe } from '../../src/recipe/corpus';
import { page, prose } from './warcFiles';

async function judge(
  bytes: Uint8Array | string,
  { charset, settings = [], url }: { charset?: string; settings?: string[]; url?: string } = {},
): ReturnType<typeof judged> {
  return judged(bytes, charset, settings, url);
}

async function judged(
  bytes: Uint8Array | string,
  charset: string | undefined,
  settings: string[],
  url: string | undefined,
) {
  const pipeline = await openPipeline(corpusRecipe.apply(corpusRecipe.defaults(), settings));
  const origin = { file: 'a.warc', offset: 0, record: undefined };
  const body = { kind: 'html', bytes: Buffer.from(bytes), charset } as const;
  return pipeline.judge({ id: '0-0', origin, url, date: undefined, body });
}

describe('the main content', () => {
  it('is a line a block, without menus, scripts and what is hidden', async () => {
    const html = page(prose(3), 'Title &amp; more')
      .replace('<article>', '<script>alert("no")</script><style>p{}</style><article>')
      .replace(
        '</article>',
        '<ul><li>First point of the list</li><li>Second one</li></ul></article>',
      );
    const { text, title } = await judge(html);
    expect(text).toBe(`${prose(3)}\n- First point of the list\n- Second one`);
    expect(title).toBe('Title & more');
  });

  it('keeps lines of program code, and cells of a table side by side', async () => {
    const settings = ['c4.enabled=false', 'gopherQuality.enabled=false', 'fineweb.enabled=false'];
    const more = '<pre>if x:\n    y()</pre><table><tr><td>one</td><td>two</td></tr></table>';
    const { text } = await judge(page(prose(4)).replace('</article>', `${more}</article>`), {
      settings,
    });
    expect(text).toBe(`${prose(4)}\nif x:\n    y()\none two`);
  });
});

describe('the charset of a page', () => {
  const text = 'Où est l’élève ? À côté du café, près de l’hôtel « Bâle » où naît l’été. '.repeat(
    12,
  );
  const settings = [
    'language.wanted=[]',
    'gopherQuality.enabled=false',
    'gopherRepetition.enabled=false',
  ];
  const spoken = text.trim();
  const latin = Buffer.from(page(text).replaceAll('’', "'"), 'latin1');

  it('is believed where it is true, and not where it is a lie', async () => {
    const utf8 = await judge(page(text), { charset: 'iso-8859-1', settings });
    expect(utf8.text).toBe(spoken);
    expect(utf8.language).toBe('fr');
    for (const charset of ['iso-8859-1', 'utf-8', 'no-such-charset', undefined]) {
      const found = await judge(latin, { settings, ...(charset === undefined ? {} : { charset }) });
      expect(found.text).toBe(spoken.replaceAll('’', "'"));
    }
  });

  it('may be in the page, or in its first bytes', async () => {
    const cyrillic = Buffer.concat([
      Buffer.from('<html><head><meta charset="koi8-r"></head><body><p>'),
      // "Привет мир." in KOI8-R
      Buffer.from('f0d2c9d7c5d420cdc9d22e', 'hex'),
      Buffer.from('</p></body></html>'),
    ]);
    expect((await judge(cyrillic, { settings })).text).toContain('Привет мир.');
    const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(page(text), 'utf16le')]);
    expect((await judge(wide, { settings })).text).toBe(spoken);
  });

  it('of broken UTF-8 leaves the rest readable', async () => {
    const bytes = Buffer.from(page(prose(5)));
    bytes[bytes.indexOf('the') + 1] = 0xff;
    const { text, drop } = await judge(bytes, { charset: 'utf-8' });
    expect(drop).toBeUndefined();
    expect(text).toContain('\ufffd');
  });
});

describe('a page that means no good', () => {
  it.each([
    ['a hundred megabytes', () => Buffer.alloc(100_000_000, '<p>text</p>'), 'maxBytes'],
    ['nested a hundred thousand deep', () => '<div>'.repeat(100_000), 'maxDepth'],
    ['of half a million elements', () => '<b>x</b>'.repeat(490_000), 'maxNodes'],
    ['of binary data', () => Buffer.from(Array.from({ length: 9000 }, (_, i) => i & 15)), 'binary'],
    ['of nothing', () => '', 'minCharacters'],
    ['of one attribute', () => `<p title="${'x'.repeat(1_000_000)}`, 'minCharacters'],
  ])('%s is dropped', async (_, make, reason) => {
    const { drop } = await judge(make());
    expect(drop).toMatchObject({ stage: 'extraction', reason });
  });

  it('that takes longer than it may is dropped, and the next one judged', async () => {
    const slow = page(prose(6)) + '<p>a <b>b</b></p>'.repeat(20_000);
    const { drop } = await judge(slow, { settings: ['extraction.maxSeconds=0.001'] });
    expect(drop).toEqual({ stage: 'extraction', reason: 'tooSlow' });
    expect((await judge(page(prose(6)))).drop).toBeUndefined();
  });

  it('that takes for ever to be read alone is dropped as well', async () => {
    // At each end of an element that was never begun the reader looks through all that are open.
    const slow = '<i>'.repeat(40_000) + '</b>'.repeat(20_000);
    const { drop } = await judge(slow, { settings: ['extraction.maxSeconds=0.001'] });
    expect(drop).toEqual({ stage: 'extraction', reason: 'tooSlow' });
    expect((await judge(slow)).drop).toMatchObject({ reason: 'maxDepth' });
  });
});
