/** Guidelines are shown as what Markdown makes of them, and nothing in them runs. */
import fc from 'fast-check';
import { Parser } from 'htmlparser2';
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
        const parser = new Parser({
          onopentag(name, attributes) {
            expect(name).toMatch(
              /^(p|h[1-6]|ul|ol|li|a|em|strong|s|code|pre|blockquote|hr|br|table|thead|tbody|tr|th|td)$/,
            );
            for (const [attribute, value] of Object.entries(attributes)) {
              expect(attribute).toMatch(/^(id|href|title|start|class|style)$/);
              if (attribute === 'href') expect(value).toMatch(/^https?:/);
              if (attribute === 'style') expect(value).toMatch(/^text-align:\w+$/);
            }
          },
        });
        parser.end(renderGuidelines(markdown).html);
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
