import { describe, expect, it } from 'vitest';
import type { ShownPassage } from '../../src/protocol/chatSurface';
import { bits, levelOf, percent, textOf, turnsOf, visible } from '../../webview/chat/turns';

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
