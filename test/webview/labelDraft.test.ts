/** A model's draft as the turns of a label: with calls of tools, and without them again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Turn } from '../../src/labels/record';
import type { DraftEvent } from '../../src/protocol/labelSurface';
import { startOfAnswer, withEvent, withoutCalls } from '../../webview/label/draftTurns';

type Event = Exclude<DraftEvent, { kind: 'ask' }>;

const texts = fc.array(fc.constantFrom('It', ' is', ' 5', '.'), { maxLength: 4 });
/** What the engine tells: pieces of text, and each call with what it gave. */
const drafts = fc
  .tuple(fc.array(fc.tuple(texts, fc.nat(99)), { maxLength: 3 }), texts)
  .map(([calls, last]) => ({
    calls: calls.length,
    events: [
      ...calls.flatMap(([before, number]): Event[] => [
        ...before.map((text) => ({ kind: 'text' as const, text })),
        { kind: 'call', call: { name: 'calculator', arguments: `${number} + 1` } },
        { kind: 'result', output: String(number + 1) },
      ]),
      ...last.map((text): Event => ({ kind: 'text', text })),
    ],
  }));

const question: Turn[] = [{ role: 'user', content: 'How much?' }];
const turnsOf = (events: readonly Event[]): readonly Turn[] =>
  events.reduce<readonly Turn[]>((turns, event) => withEvent(turns, event, 'caller'), []);

describe('a draft', () => {
  it('has a turn for each call, one for what it gave, and the answer behind', () => {
    fc.assert(
      fc.property(drafts, ({ calls, events }) => {
        const turns = turnsOf(events);
        const called = turns.flatMap(({ toolCalls }, at) => (toolCalls ? [at] : []));
        expect(called).toHaveLength(calls);
        for (const at of called) {
          const input = turns[at]?.toolCalls?.[0]?.arguments;
          const sum = typeof input === 'string' ? parseInt(input) + 1 : NaN;
          expect(turns[at + 1]).toEqual({ role: 'tool', content: String(sum) });
        }
        if (events.length > 0) expect(turns.at(-1)?.role).toBe('assistant');
        // What the model wrote is what stands there, until a person changes it.
        for (const { content, draft } of turns) if (draft) expect(draft.text).toBe(content);
      }),
    );
  });

  it('is written anew from its first call on, and a call of the prompt stays', () => {
    fc.assert(
      fc.property(drafts, ({ events }) => {
        const turns = [...question, ...turnsOf(events)];
        if (events.length > 0) expect(startOfAnswer(turns, question.length)).toBe(1);
      }),
    );
    const [, ...called] = [
      ...question,
      ...turnsOf([
        { kind: 'call', call: { name: 'calculator', arguments: '1 + 1' } },
        { kind: 'result', output: '2' },
      ]),
    ];
    expect(startOfAnswer([...question, ...called], 3)).toBe(3);
    expect(startOfAnswer([...question, ...called.slice(0, 1)], 2)).toBe(2);
  });

  it('is one answer once its calls are taken out', () => {
    fc.assert(
      fc.property(drafts, ({ calls, events }) => {
        let turns: readonly Turn[] = [...question, ...turnsOf(events)];
        const words = turns
          .filter(({ role }) => role === 'assistant')
          .map(({ content }) => content);
        for (let call = 0; call < calls; call++)
          turns = withoutCalls(
            turns,
            turns.findIndex(({ toolCalls }) => toolCalls),
          );
        expect(turns.map(({ role }) => role)).toEqual(
          events.length > 0 ? ['user', 'assistant'] : ['user'],
        );
        expect(turns[1]?.content ?? '').toBe(words.filter((each) => each !== '').join(' '));
      }),
    );
  });
});
