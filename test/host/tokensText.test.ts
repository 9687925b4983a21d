import fc from 'fast-check';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hoverText } from '../../src/host/tokens/hoverText';
import {
  resolveTokenizer,
  tokenizerIn,
  tokenizerLabel,
  tokenizerSetting,
} from '../../src/host/tokens/tokenizerNames';
import { bytesOf, displayText, joinTokenTexts, visibleText } from '../../src/protocol/tokenText';

const WORDS = {
  ...{ id: 'Id', bytes: 'Bytes', rank: 'Rank', special: 'special', notMerged: 'none' },
  ...{ merges: 'Built', occurrences: (count: number) => `${count} times` },
  ...{
    cuts: (piece: string) => `Others cut ${piece}`,
    tokens: (count: number) => `${count} tokens`,
  },
};

const hello = {
  ...{ version: 1, id: 15339, text: 'hello', bytes: [0x68, 0x65, 0x6c, 0x6c, 0x6f] },
  ...{ start: 0, end: 5, special: false, rank: 15083, occurrences: 3, piece: 'hello' },
  merges: [{ left: 'h', right: 'ello', rank: 15083 }],
  others: [{ tokenizer: 'gpt2', tokens: [{ id: 31373, text: 'hello' }] }],
};

const hover = (token: typeof hello): string =>
  hoverText(token, tokenizerLabel, 'cl100k_base', WORDS);

/** As a reader of Markdown with HTML sees the text: character references resolved. */
const read = (markdown: string): string =>
  markdown.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));

describe('the hover of a token', () => {
  it('tells id, bytes, rank, merges, occurrences and the other cuts', () => {
    const text = read(hover(hello));
    for (const part of [
      ...['**15339**', '68 65 6C 6C 6F', '15083', '3 times', '<code>h</code>+<code>ello</code>'],
      ...['→ <code>hello</code>', '31373', 'gpt2', 'cl100k_base'],
    ])
      expect(text).toContain(part);
  });

  it('lets no text become markup', () => {
    const nasty = fc.string({
      unit: fc.constantFrom(...Array.from('`|<>&[]()*_#!\\\n\r\t $:/"\'a1-+.')),
    });
    fc.assert(
      fc.property(nasty, (text) => {
        const plain = hover({ ...hello, text: 'x', piece: 'x', merges: [], others: [] });
        const shown = hover({ ...hello, text, piece: text, merges: [], others: [] });
        expect(read(shown)).toContain(`<code>${visibleText(text)}</code>`);
        const markup = (markdown: string): string => markdown.replace(/&#\d+;|[\p{L}\p{N}]/gu, '');
        expect(markup(shown)).toBe(markup(plain));
      }),
    );
  });

  it('shows what cannot be seen', () => {
    expect(visibleText(' \n\r\t')).toBe('·⏎␍→');
    expect(visibleText('a\u202eb\u00a0c\u200b')).toBe('a⟨U+202E⟩b⟨U+00A0⟩c⟨U+200B⟩');
  });
});

describe("tokens' texts", () => {
  it('are bytes and characters', () => {
    expect(joinTokenTexts('<0xC3>', '<0xA9>')).toBe('é');
    expect(joinTokenTexts('a<0xF0>', '<0x9F>')).toBe('a<0xF0><0x9F>');
    expect(bytesOf('a<0xF0>é')).toEqual([0x61, 0xf0, 0xc3, 0xa9]);
  });

  it('survive the way there and back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(bytesOf(displayText([...bytes]))).toEqual([...bytes]);
      }),
    );
  });
});

describe('tokenizers by name', () => {
  const folder = path.resolve('/work');
  const trusted = { trusted: true, folder };

  it('are built in, or files that start from the workspace folder', () => {
    expect(resolveTokenizer('gpt2', trusted)).toBe('gpt2');
    expect(resolveTokenizer('t/tokenizer.json', trusted)).toBe(
      path.join(folder, 't', 'tokenizer.json'),
    );
    expect(resolveTokenizer('t/tokenizer.json', { trusted: true, folder: undefined })).toBe(
      undefined,
    );
  });

  it('are only the built-in ones where the folder is not trusted', () => {
    const place = { trusted: false, folder };
    expect(resolveTokenizer('cl100k_base', place)).toBe('cl100k_base');
    expect(resolveTokenizer('t/tokenizer.json', place)).toBe(undefined);
    expect(resolveTokenizer(path.join(folder, 'tokenizer.json'), place)).toBe(undefined);
  });

  it('stand in the settings relative to the folder that they lie in', () => {
    const inside = path.join(folder, 'a', 'tokenizer.json');
    const outside = path.resolve('/elsewhere/tokenizer.json');
    expect(tokenizerSetting(inside, folder)).toBe('a/tokenizer.json');
    expect(tokenizerSetting(outside, folder)).toBe(outside);
    expect(tokenizerSetting('gpt2', folder)).toBe('gpt2');
    expect(tokenizerLabel(inside)).toBe('a');
    expect(tokenizerLabel(path.join(folder, 'poems.tokenizer.json'))).toBe('poems');
  });
});

it('is given by a row of the tree, and by nothing else', () => {
  expect(tokenizerIn({ tokenizer: 'gpt2' })).toBe('gpt2');
  expect(tokenizerIn({ tokenizer: { tokenizer: 'gpt2' } })).toBe('gpt2');
  for (const other of [undefined, null, 'gpt2', {}, { tokenizer: 1 }])
    expect(tokenizerIn(other)).toBeUndefined();
});
