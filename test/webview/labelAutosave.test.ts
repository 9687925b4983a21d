/** When the desk keeps what a person types. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Autosave } from '../../webview/label/autosave';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A text that is kept by a host that answers when it is told to. */
function setUp() {
  const there = { text: '', kept: [] as string[], failures: [] as unknown[], atOnce: 0, most: 0 };
  let answers: (() => void)[] = [];
  const host = { waits: false, fails: false };
  const keep = async (): Promise<void> => {
    const { text } = there;
    there.atOnce++;
    there.most = Math.max(there.most, there.atOnce);
    if (host.waits) await new Promise<void>((resolve) => answers.push(resolve));
    there.atOnce--;
    if (host.fails) throw new Error('The disk is full.');
    there.kept.push(text);
  };
  const autosave = new Autosave(keep, (error) => there.failures.push(error));
  const type = (text: string): void => {
    there.text += text;
    autosave.changed();
  };
  const answer = (): void => {
    for (const each of answers.splice(0)) each();
    answers = [];
  };
  return { there, host, keep, autosave, type, answer };
}

describe('what is typed', () => {
  it('is kept while a person types on without a pause', async () => {
    const { there, type } = setUp();
    for (let key = 0; key < 20; key++) {
      type('a');
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(there.kept.length).toBeGreaterThan(4);
    await vi.advanceTimersByTimeAsync(300);
    expect(there.kept.at(-1)).toBe(there.text);
  });

  it('is kept before another task is shown, also what comes while that is asked for', async () => {
    const { there, autosave, type } = setUp();
    type('one');
    let asked = 0;
    const view = await autosave.kept(() => {
      if (asked++ === 0) type(' and more');
      return Promise.resolve(`view ${asked}`);
    });
    expect(view).toBe('view 2');
    expect(there.kept).toEqual(['one', 'one and more']);
    expect(autosave.isBusy).toBe(false);
  });

  it('is kept one version after the other', async () => {
    const { there, host, autosave, type, answer } = setUp();
    host.waits = true;
    type('one');
    await vi.advanceTimersByTimeAsync(300);
    type(' two');
    await vi.advanceTimersByTimeAsync(300);
    expect(there.kept).toEqual([]);
    answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(there.kept).toEqual(['one']);
    expect(autosave.isBusy).toBe(true);
    answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(there.kept).toEqual(['one', 'one two']);
    expect(autosave.isBusy).toBe(false);
  });

  it('is never kept twice at once, however many ask for it', async () => {
    const { there, host, keep, autosave, type, answer } = setUp();
    host.waits = true;
    type('one');
    const asked = [autosave.flush(), autosave.now(keep), autosave.flush(), autosave.now(keep)];
    type(' two');
    for (let answered = 0; answered < 6; answered++) {
      await vi.advanceTimersByTimeAsync(300);
      answer();
    }
    await Promise.all(asked);
    expect(there.most).toBe(1);
    expect(there.kept.at(-1)).toBe('one two');
    expect(autosave.isBusy).toBe(false);
  });

  it('is there still where it could not be kept, and kept with the next change', async () => {
    const { there, host, autosave, type } = setUp();
    host.fails = true;
    type('one');
    await vi.advanceTimersByTimeAsync(300);
    expect(there.failures).toHaveLength(1);
    expect(autosave.isDirty).toBe(true);
    await expect(autosave.kept(() => Promise.resolve())).rejects.toThrow('full');
    host.fails = false;
    type(' two');
    await vi.advanceTimersByTimeAsync(300);
    expect(there.kept).toEqual(['one two']);
  });
});
