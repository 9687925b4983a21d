import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Conversation, ROOT, textOf } from '../../src/host/chat/conversation';
import type { Token } from '../../src/host/chat/conversation';
import { readConversation, writeConversation } from '../../src/host/chat/conversationFile';

const token = (id: number): Token => ({
  id,
  text: ` t${id}`,
  logprob: -1.5,
  rank: 0,
  entropy: 2.25,
  top: [id, id + 1, id + 2].map((each) => ({ id: each, text: ` t${each}`, logprob: -1.5 })),
});

const shown = (conversation: Conversation): string => conversation.path().map(textOf).join('|');
const words = (conversation: Conversation): string => conversation.path().map(textOf).join('');

function answered(): { conversation: Conversation; answer: number } {
  const conversation = new Conversation('Be brief.');
  const question = conversation.add(ROOT, 'user', 'Why?');
  const answer = conversation.add(question.id, 'assistant');
  for (const id of [10, 20, 30]) conversation.append(answer.id, token(id));
  conversation.measure(answer.id, 7);
  conversation.end(answer.id, 'end');
  return { conversation, answer: answer.id };
}

describe('a conversation', () => {
  it('branches at a token and walks back', () => {
    const { conversation, answer } = answered();
    const { passage, isNew } = conversation.branch(answer, 1, 21);
    expect(isNew).toBe(true);
    expect(shown(conversation)).toBe('Why?| t10| t21');
    expect(conversation.answerIds(passage.id)).toEqual([10, 21]);
    expect(passage.tokensBefore).toBe(8);
    const [before] = conversation.versions(passage.id);
    conversation.choose(before!);
    expect(shown(conversation)).toBe('Why?| t10| t20 t30');
    expect(conversation.leaf()).toMatchObject({ ending: 'end', tokensBefore: 8 });
    expect(conversation.answerStart(before!).id).toBe(answer);
  });

  it('takes the version that begins with the token already', () => {
    const { conversation, answer } = answered();
    const { passage } = conversation.branch(answer, 1, 21);
    const [before] = conversation.versions(passage.id);
    expect(conversation.branch(before!, 0, 21)).toEqual({ passage, isNew: false });
    expect(conversation.branch(before!, 0, 22).isNew).toBe(true);
    expect(conversation.versions(passage.id)).toHaveLength(3);
  });

  it('branches at the first token as another answer', () => {
    const { conversation, answer } = answered();
    const { passage } = conversation.branch(answer, 0, 12);
    expect(conversation.versions(passage.id)).toEqual([answer, passage.id]);
    expect(shown(conversation)).toBe('Why?| t12');
  });

  it('refuses a token that was none of the likeliest', () => {
    const { conversation, answer } = answered();
    expect(() => conversation.branch(answer, 1, 99)).toThrow(RangeError);
    expect(shown(conversation)).toBe('Why?| t10 t20 t30');
  });

  it('lets go of the thoughts of the oldest tokens', () => {
    const { conversation, answer } = answered();
    conversation.forgetThoughts(1);
    expect(conversation.get(answer).tokens.map(({ top }) => top.length)).toEqual([0, 0, 3]);
  });

  const step = fc.record({
    kind: fc.constantFrom('ask', 'write', 'branch', 'choose', 'again', 'call'),
    at: fc.nat(50),
    token: fc.nat(2),
  });

  it('keeps every word that was ever shown, whatever is done, and is the same from a file', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const conversation = new Conversation();
        const seen: { leaf: number; words: string }[] = [];
        let next = 100;
        for (const { kind, at, token: which } of steps) {
          const path = conversation.path();
          const chosen = path[at % Math.max(1, path.length)];
          const leaf = conversation.leaf();
          if (kind === 'call' && leaf.role === 'assistant') {
            const input = `${(next += 10)}`;
            conversation.append(leaf.id, { ...token(next), within: 'call' });
            conversation.call(leaf.id, { tool: 'x', input, arguments: input });
            const result = { outcome: 'answered', milliseconds: 1, tokens: 2 } as const;
            conversation.answerCall(leaf.id, `r${next}`, result);
          } else if (kind === 'ask') conversation.add(leaf.id, 'user', `u${next++}`);
          else if (kind === 'write') {
            const to = leaf.role === 'assistant' ? leaf : conversation.add(leaf.id, 'assistant');
            conversation.append(to.id, token((next += 10)));
          } else if (chosen && kind === 'choose') {
            const versions = conversation.versions(chosen.id);
            conversation.choose(versions[at % versions.length]!);
          } else if (chosen?.role === 'assistant' && kind === 'again') {
            const start = conversation.answerStart(chosen.id);
            conversation.append(
              conversation.add(start.parent!, 'assistant').id,
              token((next += 10)),
            );
          } else if (chosen && chosen.tokens.length > 0 && kind === 'branch') {
            const index = at % chosen.tokens.length;
            conversation.branch(chosen.id, index, chosen.tokens[index]!.top[which]!.id);
          }
          const now = conversation.leaf();
          if (now.children.length === 0 && now.id !== ROOT)
            seen.push({ leaf: now.id, words: words(conversation) });
        }
        const kept = writeConversation({ mode: 'chat', model: '/m', conversation });
        const again = readConversation(kept);
        expect(again.conversation.passages()).toEqual(conversation.passages());
        // What was shown last at each end is a beginning of what a walk back to it shows.
        for (const { words: before } of seen) {
          const all = walks(conversation);
          expect(all.some((each) => each.startsWith(before))).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** What is shown at each end of the tree. */
function walks(conversation: Conversation): string[] {
  return conversation
    .passages()
    .filter(({ children }) => children.length === 0)
    .map((leaf) => {
      const parts: string[] = [];
      for (let at: number | undefined = leaf.id; at !== undefined && at !== ROOT;) {
        const passage = conversation.get(at);
        parts.unshift(textOf(passage));
        at = passage.parent;
      }
      return parts.join('');
    });
}

describe('a conversation file', () => {
  it.each(['', '{}', '{"version":1,"mode":"chat","passages":[]}'])('refuses %j', (text) => {
    expect(() => readConversation(text)).toThrow(
      expect.objectContaining({ code: 'conversation-file' }),
    );
  });

  it('refuses passages that make no tree', () => {
    const { conversation } = answered();
    const file = writeConversation({ mode: 'chat', model: undefined, conversation });
    expect(() => readConversation(file.replace('"children":[2]', '"children":[1]'))).toThrow(
      expect.objectContaining({ code: 'conversation-file' }),
    );
  });
});
