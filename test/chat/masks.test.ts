/** Whole conversations and what of them is learnt, against transformers and, without marks, by hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  BUILTIN_TEMPLATES,
  ChatTemplate,
  encodeConversation,
  encodeForTraining,
} from '../../src/engine/chat/chat';
import type { ChatMessage } from '../../src/engine/chat/chat';
import { chatGoldens } from './goldens';

const message = z.object({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.string(),
  tool_calls: z
    .array(
      z.object({
        function: z.object({
          name: z.string(),
          arguments: z.union([z.string(), z.record(z.string(), z.unknown())]),
        }),
      }),
    )
    .optional(),
});
const ids = z.array(z.number());
const { cases, templates, templateNamed, tokenizer } = chatGoldens(
  'chatMasks.json',
  z.object({
    template: z.string(),
    messages: z.array(message),
    text: z.string(),
    ids,
    mask: ids,
    prompt: z.string().optional(),
  }),
);
const messagesOf = (given: (typeof cases)[number]['messages']): ChatMessage[] =>
  given.map(({ role, content, tool_calls: calls }) => ({
    role,
    content,
    toolCalls: calls?.map((call) => call.function),
  }));
const learnt = (messages: readonly ChatMessage[], template: ChatTemplate): string[] => {
  const { text, mask, offsets } = encodeForTraining(messages, template, tokenizer);
  const found: string[] = [];
  let open = false;
  for (const [at, each] of mask.entries()) {
    const part = text.slice(...offsets[at]!);
    if (each === 0) open = false;
    else if (open) found.push((found.pop() ?? '') + part);
    else open = Boolean(found.push(part));
  }
  return found;
};

describe('a conversation to learn from', () => {
  it('is written with the templates that the goldens were made with', () => {
    for (const [name, { source }] of Object.entries(BUILTIN_TEMPLATES))
      expect(source).toBe(templates[name]);
  });

  it.each(cases.map((each, at) => [each.template, at, each] as const))(
    'has the tokens and the mask that transformers makes: %s, %i',
    (name, _, { messages, text, ids, mask, prompt }) => {
      const all = messagesOf(messages);
      const encoded = encodeForTraining(all, templateNamed(name), tokenizer);
      expect(encoded.text).toBe(text);
      expect(encoded.ids).toEqual(ids);
      expect(encoded.mask).toEqual(mask);
      if (prompt !== undefined)
        expect(encodeConversation(all.slice(0, -1), templateNamed(name), tokenizer).text).toBe(
          prompt,
        );
    },
  );

  const unmarked = (name: string): ChatTemplate =>
    new ChatTemplate((templates[name] ?? '').replace(/\{%-? (end)?generation -?%\}/g, ''));
  const talk: ChatMessage[] = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'One?' },
    { role: 'assistant', content: 'Yes.' },
    { role: 'user', content: 'Two?' },
    { role: 'assistant', content: 'No.\n' },
  ];

  it('learns answers up to the end of the turn where the template marks nothing', () => {
    expect(learnt(talk, unmarked('chatml'))).toEqual(['Yes.<|im_end|>', 'No.\n<|im_end|>']);
    expect(learnt(talk, unmarked('llama3'))).toEqual(['Yes.<|eot_id|>', 'No.<|eot_id|>']);
    const plain = new ChatTemplate(
      "{% for m in messages %}{{ m.role + ': ' + m.content + ' ' }}{% endfor %}" +
        "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}",
    );
    expect(learnt(talk, plain).map((text) => text.trim())).toEqual(['Yes.', 'No.']);
  });

  it('learns a call that is a whole message as it learns an answer, and no result', () => {
    const called: ChatMessage[] = [
      { role: 'user', content: 'Who?' },
      { role: 'assistant', content: '', toolCalls: [{ name: 'search', arguments: 'whale' }] },
      { role: 'tool', content: '{"name": "Ahab"}' },
      { role: 'assistant', content: 'Ahab.' },
    ];
    const answers = ['{"name": "search", "parameters": "whale"}<|im_end|>', 'Ahab.<|im_end|>'];
    expect(learnt(called, templateNamed('object'))).toEqual(answers);
    expect(learnt(called, unmarked('object'))).toEqual(answers);
  });

  it('loses answers that the template rewrites later, and says so', () => {
    const dropping = new ChatTemplate(
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content if loop.last or m.role != 'assistant' else '...' }}<|im_end|>\n{% endfor %}" +
        '{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}',
    );
    expect(learnt(talk, dropping)).toEqual(['No.\n<|im_end|>']);
    expect(encodeForTraining(talk, dropping, tokenizer).lost).toBe(1);
  });

  it('leaves out answers that are only there to be seen', () => {
    const seen = talk.map((each, at) => (at === 2 ? { ...each, trained: false } : each));
    for (const name of Object.keys(BUILTIN_TEMPLATES))
      expect(learnt(seen, templateNamed(name))).toHaveLength(1);
  });

  it.each(Object.keys(BUILTIN_TEMPLATES))('%s makes no special token of what is said', (name) => {
    const special = new Set(tokenizer.specialTokens.values());
    const count = (ids: readonly number[]): number => ids.filter((id) => special.has(id)).length;
    const said = fc
      .array(fc.oneof(fc.constantFrom(...tokenizer.specialTokens.keys()), fc.string()))
      .map((parts) => parts.join(''));
    const twoTurns = (a: string, b: string): ReturnType<typeof encodeForTraining> =>
      encodeForTraining(
        [
          { role: 'user', content: a },
          { role: 'assistant', content: b },
        ],
        templateNamed(name),
        tokenizer,
      );
    const plain = count(twoTurns('a', 'b').ids);
    fc.assert(
      fc.property(said, said, (a, b) => {
        const { ids, mask, text } = twoTurns(a, b);
        expect(count(ids)).toBe(plain);
        expect(tokenizer.decode(ids)).toBe(text);
        expect(mask).toHaveLength(ids.length);
      }),
      { numRuns: 60 },
    );
    expect(twoTurns('<|im_end|>', 'b').defused).toEqual(['<|im_end|>']);
  });

  it('stops a template that does not come to an end', () => {
    const endless =
      (source: string): unknown =>
      () =>
        encodeForTraining(talk, new ChatTemplate(source), tokenizer);
    const loop = '{% for a in range(3000) %}{% for b in range(3000) %}x{% endfor %}{% endfor %}';
    expect(endless(loop)).toThrow(/does not come to an end/);
    expect(endless('{% set r = [1] * 1 %}{{ range(1000000000) }}')).toThrow(/chat template/);
  });

  it.each([
    ['calls itself', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}'],
    [
      'doubles a text without end',
      '{% set ns = namespace(x="ab") %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}',
    ],
    ['throws', '{{ raise_exception("no") }}'],
    [
      'writes more than any conversation has',
      '{% set ns = namespace(x="ab") %}{% for i in range(26) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}',
    ],
    ['is cut off', '{% for m in messages %}{{ m.content }}'],
  ])('tells in words of a template that %s', (_, source) => {
    const told = expect.objectContaining({ code: 'chat-template' }) as unknown;
    const write = (): unknown => encodeForTraining(talk, new ChatTemplate(source), tokenizer);
    let thrown: unknown;
    try {
      write();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toEqual(told);
  });
});
