import { describe, expect, it } from 'vitest';
import type { ShownPassage } from '../../src/protocol/chatSurface';
import {
  bits,
  levelOf,
  percent,
  segmentsOf,
  textOf,
  turnsOf,
  visible,
} from '../../webview/chat/turns';

const passage = (id: number, role: ShownPassage['role'], ...texts: string[]): ShownPassage => ({
  id,
  role,
  text: role === 'user' ? texts.join('') : '',
  tokens:
    role === 'user'
      ? []
      : texts.map((text) => ({ text, silent: text === '<end>', probability: 1 })),
  versions: [id],
});

describe('turns', () => {
  it('joins the passages of an answer', () => {
    const path = [
      passage(1, 'user', 'Hi'),
      passage(2, 'assistant', 'Ho', ' ho'),
      passage(3, 'assistant', '!', '<end>'),
      passage(4, 'user', 'Bye'),
    ];
    const turns = turnsOf(path);
    expect(turns.map(({ passages }) => passages.map(({ id }) => id))).toEqual([[1], [2, 3], [4]]);
    expect(turns.map(textOf)).toEqual(['Hi', 'Ho ho!', 'Bye']);
  });
});

describe('a call of a tool', () => {
  it('that waits names the passage that it ends, which is what a person allows', () => {
    const calls = { tool: 'calculator', input: '2 + 3' };
    const waits = { ...passage(3, 'assistant'), call: calls, ending: 'call' as const };
    const said = passage(2, 'assistant', 'I see.');
    const segments = turnsOf([passage(1, 'user', 'Sum?'), said, waits])
      .slice(1)
      .flatMap(segmentsOf);
    expect(segments.at(-1)).toMatchObject({ kind: 'call', call: calls, caller: 3, waits: true });
  });
});

describe('how a token is shown', () => {
  it('by its place on the scale', () => {
    const probabilities = [1, 0.9, 0.5, 0.2, 0.05, 0.01, 0];
    expect(probabilities.map((probability) => levelOf({ probability }))).toEqual([
      0, 0, 1, 2, 3, 4, 4,
    ]);
  });

  it('by numbers that say what matters', () => {
    const shown = [1, 0.985, 0.5, 0.0123, 1e-9].map((each) => percent(each, 'en'));
    expect(shown).toEqual(['100%', '98.5%', '50%', '1.2%', '< 0.0001%']);
    expect(bits(Math.LN2 * 3, 'en')).toBe('3');
    expect(bits(-1e-12, 'en')).toBe('0');
  });

  it('with blanks that can be seen', () => {
    expect(visible(' a\n')).toBe('·a↵');
    expect(visible('')).toBe('∅');
  });
});
