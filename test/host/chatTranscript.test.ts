import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readTranscript,
  writeMarkdown,
  writeText,
  writeTranscript,
} from '../../src/host/chat/transcript';
import { parseTurns } from '../../src/base/chatml';
import { afterChange, endThatFits, readingBudget } from '../../src/host/chat/continuation';

describe('a ChatML transcript', () => {
  it('has turns with their lines', () => {
    const text =
      '<|im_start|>system\nBe kind.<|im_end|>\n\n<|im_start|>user\nHi\nthere<|im_end|>\n';
    expect(parseTurns(text)).toEqual([
      { role: 'system', content: 'Be kind.', firstLine: 0, lastLine: 1 },
      { role: 'user', content: 'Hi\nthere', firstLine: 3, lastLine: 5 },
    ]);
  });

  it('is read without end marks, with other line breaks, and on one line', () => {
    expect(parseTurns('<|im_start|>user\r\nHi\r\n<|im_start|>assistant Ho<|im_end|>')).toEqual([
      { role: 'user', content: 'Hi', firstLine: 0, lastLine: 1 },
      { role: 'assistant', content: 'Ho', firstLine: 2, lastLine: 2 },
    ]);
  });

  it('says what is wrong', () => {
    expect(() => readTranscript('Hello')).toThrow(expect.objectContaining({ code: 'transcript' }));
    expect(() => readTranscript('\n<|im_start|>judge\nx<|im_end|>')).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^Line 2: "judge"/) as unknown }),
    );
  });

  const parts = ['a', ' b', '\n', '<|', '|>', 'im_end', '<|im_start|>', '<|im_end|>', 'é'];
  const calls = ['<tool_call>', '</tool_call>', '{"name": "x"}'];
  const content = fc.array(fc.constantFrom(...parts, ...calls)).map((several) => several.join(''));
  const call = fc.record({
    name: content,
    arguments: fc.oneof(
      content,
      fc.dictionary(fc.constantFrom('a', 'b'), content, { noNullPrototype: true }),
    ),
  });
  const message = fc.oneof(
    fc.record({
      role: fc.constantFrom('system' as const, 'user' as const, 'tool' as const),
      content,
    }),
    fc.record({ role: fc.constant('assistant' as const), content }),
    fc.record({
      role: fc.constant('assistant' as const),
      content,
      toolCalls: fc.array(call, { minLength: 1, maxLength: 3 }),
    }),
  );

  it('reads what it wrote; marks within a message stay within it', () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1 }), (messages) => {
        const plain = (text: string): string => text.replaceAll('\u200B', '');
        const read = readTranscript(writeTranscript(messages));
        expect(read.map((each) => ({ ...each, content: plain(each.content) }))).toEqual(messages);
      }),
    );
  });

  it('holds no zero, which would make its file a binary one; Markdown neither', () => {
    const said = [{ role: 'assistant' as const, content: 'a\0b' }];
    expect(writeTranscript(said)).toContain('a\u2400b');
    const names = { system: 'System', user: 'You', assistant: 'Model', tool: 'Tool' };
    expect(writeMarkdown(said, names)).toBe('## Model\n\na\u2400b\n');
    expect(writeText(said)).toBe('a\u2400b\n');
  });

  it('never throws and never loses order, whatever the file holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const turns = parseTurns(`<|im_start|>user\n${text}`);
        expect(turns[0]?.firstLine).toBe(0);
        for (const turn of turns) expect(turn.lastLine).toBeGreaterThanOrEqual(turn.firstLine);
      }),
    );
  });

  it('is written as Markdown', () => {
    const names = { system: 'Instructions', user: 'You', assistant: 'nano', tool: 'Tool' };
    const messages = [
      { role: 'user' as const, content: 'Hi' },
      { role: 'assistant' as const, content: ' Ho\n' },
    ];
    expect(writeMarkdown(messages, names)).toBe('## You\n\nHi\n\n## nano\n\nHo\n');
    const toolCalls = [{ name: 'search', arguments: 'red' }];
    const looked = [
      { role: 'assistant' as const, content: '', toolCalls },
      { role: 'tool' as const, content: 'a ``` b' },
    ];
    expect(writeMarkdown(looked, names)).toBe(
      '## nano\n\n```\n{"name":"search","arguments":"red"}\n```\n\n## Tool\n\n````\na ``` b\n````\n',
    );
  });
});

describe('continuing a text', () => {
  it('leaves room to write, and at least half of the context to read', () => {
    expect(readingBudget(512, 48)).toBe(456);
    expect(readingBudget(64, 48)).toBe(24);
    expect(readingBudget(8, 8)).toBe(1);
  });

  it('cuts at a token', () => {
    expect(endThatFits('one two three', [0, 3, 7], 2)).toBe(' two three');
    expect(endThatFits('one two three', [0, 3, 7], 3)).toBe('one two three');
  });

  it('goes on where its beginning is accepted, and ends where the text goes another way', () => {
    const there = { offset: 4, text: ' red fox' };
    const change = { rangeOffset: 4, rangeLength: 0, text: ' red' };
    expect(afterChange(there, change)).toEqual({ offset: 8, text: ' fox' });
    expect(afterChange(there, { ...change, text: ' blue' })).toBeUndefined();
    expect(afterChange(there, { ...change, rangeOffset: 0 })).toBeUndefined();
    expect(afterChange(there, { ...change, rangeLength: 1 })).toBeUndefined();
    expect(afterChange(there, { ...change, text: ' red fox' })).toBeUndefined();
  });
});
