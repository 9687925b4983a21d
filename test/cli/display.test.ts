import { describe, expect, it } from 'vitest';
import { RunDisplay, type Output } from '../../src/engine/cli/display';
import type { TrainEvent } from '../../src/protocol/messages';

const start: TrainEvent = {
  kind: 'start',
  run: 'r',
  steps: 100,
  parameters: 10,
  tokens: 100,
  validationTokens: 10,
  vocab: 50,
  backend: 'onnx',
  precision: 'f32',
  threads: 1,
  answers: false,
};
const step = (number: number, time: number): TrainEvent => ({
  kind: 'train',
  step: number,
  tokens: number,
  loss: 9 - number / 20,
  lr: 1e-3,
  gradNorm: 1,
  tokensPerSecond: 1000,
  stepMs: 10,
  time,
});

/** Cursor up, a mode switched, clear or style; else plain text. */
const ORDERS = new RegExp(String.raw`\x1b\[(?:(\d+)A|(\?\d+[hl])|(\d*[Jm]))|([^\x1b]+)`, 'g');

/** As much of a terminal as our output needs: lines, cursor up, carriage return, clear below. */
class Screen implements Output {
  readonly isTTY = true;
  readonly lines: string[] = [''];
  columns = 80;
  rows = 40;
  row = 0;
  cursor = true;

  write(text: string): void {
    for (const [, up, mode, other, plain] of text.matchAll(ORDERS)) {
      if (up !== undefined) this.row -= Number(up);
      else if (mode !== undefined) this.#mode(mode);
      else if (other === 'J') this.lines.splice(this.row, Infinity, '');
      else if (plain !== undefined)
        for (const character of plain)
          if (character === '\n') this.lines[++this.row] ??= '';
          else if (character !== '\r') this.lines[this.row] = this.lines[this.row]! + character;
      expect(this.row).toBeGreaterThanOrEqual(0);
    }
  }

  #mode(mode: string): void {
    if (mode.startsWith('?25')) this.cursor = mode.endsWith('h');
  }
}

function play(screen: Output, env: NodeJS.ProcessEnv): void {
  let now = 0;
  const display = new RunDisplay(screen, env, () => now);
  display.take(start);
  display.take({ kind: 'sample', step: 0, prompt: 'A ', text: 'first' });
  for (let k = 1; k <= 100; k++) {
    now += 50;
    display.take(step(k, now));
    if (k === 50) {
      display.take({ kind: 'eval', step: k, valLoss: 5, bitsPerByte: 2 });
      display.take({ kind: 'sample', step: k, prompt: 'A ', text: 'second' });
    }
  }
  display.take({ kind: 'done', run: 'r', checkpoint: 'c' });
  display.close();
  display.close();
}

describe('on a terminal', () => {
  it('leaves samples above one dashboard, and gives the cursor back', () => {
    const screen = new Screen();
    play(screen, {});
    const text = screen.lines.join('\n');
    expect(text.match(/step 100 of 100/g)).toHaveLength(1);
    expect(text).not.toMatch(/step 50 of/);
    expect(text.indexOf('A first')).toBeLessThan(text.indexOf('A second'));
    expect(text.indexOf('A second')).toBeLessThan(text.indexOf('step 100 of'));
    expect(screen.cursor).toBe(true);
  });

  it('is coloured unless NO_COLOR says otherwise', () => {
    const colours = (env: NodeJS.ProcessEnv): boolean => {
      let text = '';
      play({ isTTY: true, columns: 80, rows: 40, write: (part) => (text += part) }, env);
      return text.includes('\u001b[36m');
    };
    expect(colours({})).toBe(true);
    expect(colours({ NO_COLOR: '1' })).toBe(false);
    expect(colours({ NO_COLOR: '' })).toBe(true);
  });
});

describe('elsewhere', () => {
  it.each([
    ['a pipe', false, {}],
    ['a dumb terminal', true, { TERM: 'dumb' }],
  ])('%s gets plain lines, not one a step', (_, isTTY, env) => {
    let text = '';
    play({ isTTY, write: (part) => (text += part) }, env);
    expect(text).not.toContain('\u001b');
    expect(text).toContain('step 100/100');
    expect(text).toContain('A second');
    expect(text.match(/^step \d+\/100/gm)!.length).toBeLessThan(6);
  });
});
