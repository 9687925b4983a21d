/** Guidelines are shown as what Markdown makes of them, and nothing in them runs. */
import { parseHTML } from 'linkedom';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { citableSections, renderGuidelines, versionOf } from '../../src/labels/guidelines';
import { STARTING_GUIDELINES } from '../../src/host/labels/startingGuidelines';

const AWKWARD = [
  ...['<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '[x](javascript:alert(1))'],
  ...['[x](data:text/html,<b>)', '![x](https://example.org/a.png)', '<a href="x" onclick="y">'],
  ...['[x](command:workbench.action.quit)', '`<b>`', '```\n<iframe>\n```', '| a |\n|-|\n| <b> |'],
  ...['# <img onerror=x> head', '[x]: javascript:x\n[x]', '&lt;script&gt;', '"><script>', '\u0000'],
];

describe('guidelines', () => {
  it('hold no element and no link but those of Markdown, whatever stands in them', () => {
    const text = fc
      .array(fc.oneof(fc.constantFrom(...AWKWARD), fc.string({ unit: 'grapheme' })))
      .map((parts) => parts.join('\n\n'));
    fc.assert(
      fc.property(text, (markdown) => {
        const { document } = parseHTML(`<main>${renderGuidelines(markdown).html}</main>`);
        for (const element of document.querySelectorAll('main *')) {
          expect(element.tagName).toMatch(
            /^(P|H[1-6]|UL|OL|LI|A|EM|STRONG|S|CODE|PRE|BLOCKQUOTE|HR|BR|TABLE|THEAD|TBODY|TR|TH|TD)$/,
          );
          for (const { name, value } of element.attributes) {
            expect(['id', 'href', 'title', 'start', 'class', 'style']).toContain(name);
            if (name === 'href') expect(value).toMatch(/^https?:/);
          }
        }
      }),
    );
  });

  it('have sections with names of their own, the title left out', () => {
    const { sections, html } = renderGuidelines('# All\n\n## Be *kind*\n\n## Be kind\n\n### `x`');
    expect(sections.map(({ slug }) => slug)).toEqual(['all', 'be-kind', 'be-kind-2', 'x']);
    expect(citableSections(sections).map(({ title }) => title)).toEqual([
      'Be kind',
      'Be kind',
      'x',
    ]);
    expect(html).toContain('id="section-be-kind-2"');
  });

  it('are another version when a word changes, not when git changes line ends', () => {
    expect(versionOf('a\r\nb')).toBe(versionOf('a\nb'));
    expect(versionOf('a\nb')).not.toBe(versionOf('a\nc'));
  });

  it('to begin with speak of help, truth and harm', () => {
    const titles = citableSections(renderGuidelines(STARTING_GUIDELINES).sections);
    expect(titles.map(({ title }) => title)).toEqual(
      expect.arrayContaining(['Helpful', 'Truthful', 'Harmless']),
    );
  });
});
