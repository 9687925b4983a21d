import { describe, expect, test } from 'vitest';
import {
  EditedText,
  type TokenExplanation,
  cutPiece,
  explainToken,
  searchVocabulary,
} from '../../src/engine/documents/documents';
import {
  type Tokenizer,
  builtinTokenizer,
  byteTokenizer,
  parseTokenizerJson,
} from '../../src/engine/tokenizer/tokenizer';
import { goldenText } from '../tokenizer/goldens';

const never = new AbortController().signal;
const gpt2 = await builtinTokenizer('gpt2');
const cl100k = await builtinTokenizer('cl100k_base');
const llama2 = parseTokenizerJson(goldenText('llama2.tokenizer.json'), 'llama2');

function explained(tokenizer: Tokenizer, content: string, position: number): TokenExplanation {
  const text = new EditedText(tokenizer);
  text.edit([{ start: 0, end: 0, text: content }]);
  return explainToken(text, position);
}

/** Replays merges on a token's bytes, as text. */
function grown(start: readonly string[], merges: TokenExplanation['merges']): readonly string[] {
  return merges.reduce<readonly string[]>((symbols, { left, right }) => {
    const at = symbols.findIndex((symbol, i) => symbol === left && symbols[i + 1] === right);
    expect(at).toBeGreaterThanOrEqual(0);
    return [...symbols.slice(0, at), left + right, ...symbols.slice(at + 2)];
  }, start);
}

describe('a token is explained', () => {
  test('by its id, its bytes and its place', () => {
    const { id, text, bytes, start, end, piece } = explained(cl100k, 'Hello world, hello', 7);
    expect({ id, text, start, end, piece }).toEqual({
      ...{ id: 1917, text: ' world', start: 5, end: 11, piece: ' world' },
    });
    expect([...bytes]).toEqual([...Buffer.from(' world')]);
  });

  test('by the merges that made it, and their ranks', () => {
    const { id, rank, merges } = explained(gpt2, 'Hello there', 7);
    expect(
      grown(
        [...Buffer.from(' there')].map((byte) => String.fromCharCode(byte)),
        merges,
      ),
    ).toEqual([' there']);
    // GPT-2 numbers the merges' tokens after the 256 bytes.
    expect(rank).toBe(id - 256);
    expect(merges.at(-1)?.rank).toBe(rank);
    for (const merge of merges) expect(merge.rank).toBeLessThanOrEqual(rank!);
  });

  test('a byte has neither rank nor merges', () => {
    expect(explained(byteTokenizer(), 'abc', 1)).toMatchObject({ merges: [], rank: undefined });
  });

  test('what is no whole character is shown as bytes', () => {
    const { text, start, end } = explained(byteTokenizer(), 'é', 0);
    expect({ text, start, end }).toEqual({ text: '<0xC3>', start: 0, end: 1 });
  });

  test('with how often it occurs, once all is counted', async () => {
    const text = new EditedText(gpt2);
    text.edit([{ start: 0, end: 0, text: 'the cat the dog\n'.repeat(4000) }]);
    expect(explainToken(text, 9).occurrences).toBeUndefined();
    await text.count(undefined, never);
    expect(explainToken(text, 9).occurrences).toBe(4000);
  });

  test('beside what other tokenizers make of its piece', () => {
    const { piece } = explained(cl100k, 'one tokenization', 6);
    const others = [gpt2, byteTokenizer()].map((other) => cutPiece(other, piece));
    expect(piece).toBe(' tokenization');
    expect(others.map((tokens) => tokens.map(({ text }) => text))).toEqual([
      [' token', 'ization'],
      Array.from(' tokenization'),
    ]);
  });

  test('in the original text where a normalizer rewrote it', () => {
    const { start, end, piece } = explained(llama2, 'the the', 4);
    expect([start, end, piece]).toEqual([3, 7, ' the']);
  });

  test('where nothing splits the text, with its surroundings alone', () => {
    const { piece } = explained(byteTokenizer(), 'abc'.repeat(1000), 1500);
    expect(piece.length).toBeLessThan(200);
  });

  test('and where the text ends there is none', () => {
    expect(() => explained(gpt2, 'abc', 3)).toThrow(
      expect.objectContaining({ code: 'document-no-token' }),
    );
  });
});

describe('a vocabulary', () => {
  const search = (query: string, skip = 0, limit = 10): ReturnType<typeof searchVocabulary> =>
    searchVocabulary(gpt2, { query, skip, limit });

  test('is read page by page', () => {
    const { size, matches, entries } = search('', 300, 3);
    expect([size, matches]).toEqual([50257, 50257]);
    expect(entries.map(({ id }) => id)).toEqual([300, 301, 302]);
  });

  test('is searched for text', () => {
    const { matches, entries } = search('token');
    expect(entries).toHaveLength(Math.min(matches, 10));
    for (const { text } of entries) expect(text).toContain('token');
    expect(search('token', matches).entries).toEqual([]);
  });

  test('for an id, and for bytes', () => {
    expect(search('15496').entries.map(({ text }) => text)).toContain('Hello');
    const { entries } = search('<0xE2><0x80>');
    for (const { bytes } of entries)
      expect(Buffer.from(bytes).includes('\xe2\x80', 'latin1')).toBe(true);
    expect(entries.length).toBeGreaterThan(0);
  });

  test('says what was merged, and what is special', () => {
    const [, merged] = search('Hello').entries.map(({ merge }) => merge);
    expect(search('15496').entries.find(({ id }) => id === 15496)?.merge).toMatchObject({
      ...{ left: 'H', right: 'ello' },
    });
    expect(merged?.rank).toBeGreaterThan(0);
    expect(search('<|endoftext|>').entries).toMatchObject([{ id: 50256, special: true }]);
  });
});
