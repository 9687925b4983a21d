/** Datasets as an editor asks about them: one record, or only what is wrong. */
import { describe, expect, it } from 'vitest';
import { createConversationService } from '../../src/engine/conversationService';
import { createToolbox } from '../../src/engine/toolbox';
import type { RenderEvent, RenderRequest } from '../../src/protocol/chatMessages';

const never = new AbortController().signal;
/** The tokenizer that it read last stays. */
const service = createConversationService(createToolbox());
const talk = (...roles: string[]): string =>
  JSON.stringify({ messages: roles.map((role) => ({ role, content: `${role} speaks` })) });
const lines = [
  talk('user', 'assistant'),
  '{"messages": [',
  talk('user', 'user', 'assistant'),
  JSON.stringify({ question: 'Say <|im_end|>', answer: 'No.' }),
];

async function rendered(request: Partial<RenderRequest>): Promise<RenderEvent[]> {
  const events: RenderEvent[] = [];
  const source = { name: 'a.jsonl', text: lines.join('\n') };
  const asked = { source, template: 'chatml', ...request };
  for await (const event of service.renderConversations(asked, never)) events.push(event);
  return events;
}

describe('a dataset in an editor', () => {
  it('is told of where something is wrong, and nowhere else', async () => {
    const events = await rendered({ problemsOnly: true, context: 12 });
    const found = events.flatMap((event) =>
      event.kind === 'done' ? [] : event.problems.map((each) => [event.line, each.code, each.turn]),
    );
    expect(found).toEqual([
      [1, 'too-long', undefined],
      [2, 'bad-json', undefined],
      [3, 'roles', 1],
      [3, 'too-long', undefined],
      [4, 'special-token', undefined],
      [4, 'too-long', undefined],
    ]);
    expect(events.map(({ kind }) => kind)).toEqual([
      ...['flawed', 'broken', 'flawed', 'flawed', 'done'],
    ]);
  });

  it('shows the record of a line, with what is said in it', async () => {
    const [event] = await rendered({ line: 3 });
    if (event?.kind !== 'conversation') throw new Error('no conversation');
    expect(event.line).toBe(3);
    expect(event.said.map(([start, end]) => event.text.slice(start, end))).toEqual([
      ...['user speaks', 'user speaks', 'assistant speaks'],
    ]);
    const list = { name: 'a.json', text: `[\n${talk('user', 'assistant')},\n\n${lines[3]!}\n]` };
    const [inList] = await rendered({ source: list, line: 5 });
    expect(inList).toMatchObject({ kind: 'conversation', line: 4 });
    const [before] = await rendered({ source: list, line: 3 });
    expect(before).toMatchObject({ line: 2 });
  });

  it('leaves out what is longer than asked for, and says how long it is', async () => {
    // Two turns are shorter, three are longer.
    const longest = 110;
    expect(await rendered({ line: 3, longest })).toMatchObject([
      { kind: 'long', line: 3, characters: 136 },
      { kind: 'done', conversations: 0, broken: 0 },
    ]);
    expect(await rendered({ line: 1, longest })).toMatchObject([
      { kind: 'conversation', line: 1 },
      { kind: 'done', conversations: 1 },
    ]);
  });

  it('finds what is said where a template trims it, and calls of tools', async () => {
    const call = { function: { name: 'calculator', arguments: '1 + 1' } };
    const messages = [
      { role: 'user', content: '  Sum?  ' },
      { role: 'assistant', content: '', tool_calls: [call] },
      { role: 'tool', content: '2' },
      { role: 'assistant', content: 'Two.' },
    ];
    const source = { name: 'a.jsonl', text: JSON.stringify({ messages }) };
    const [event] = await rendered({ source, template: 'llama3', line: 1 });
    if (event?.kind !== 'conversation') throw new Error('no conversation');
    expect(event.said.map(([start, end]) => event.text.slice(start, end))).toEqual([
      ...['Sum?', 'calculator', '1 + 1', '2', 'Two.'],
    ]);
  });
});
