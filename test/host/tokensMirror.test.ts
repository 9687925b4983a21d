import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GlassboxError } from '../../src/base/errors';
import { DocumentMirror } from '../../src/host/tokens/documentMirror';
import type { DocumentRequests, TextChange } from '../../src/host/tokens/documentMirror';

/** The engine's end: texts by name, each at a version; `turn` lets one more edit be answered. */
class FollowedTexts {
  readonly texts = new Map<string, { text: string; version: number }>();
  readonly edits: number[] = [];
  readonly requests: DocumentRequests;
  failNext: string | undefined;

  constructor(pace: () => Promise<void> = () => Promise.resolve()) {
    const find = (document: string): { text: string; version: number } => {
      const found = this.texts.get(document);
      if (!found) throw new GlassboxError('document-unknown', document);
      return found;
    };
    this.requests = {
      openDocument: async ({ document }) => {
        await pace();
        this.texts.set(document, { text: '', version: 0 });
        return null;
      },
      editDocument: async ({ document, version, changes }) => {
        if (this.failNext !== undefined) {
          const code = this.failNext;
          this.failNext = undefined;
          throw new GlassboxError(code, 'told to fail');
        }
        const followed = find(document);
        expect(version).toBe(followed.version + 1);
        followed.version = version;
        for (const { start, end, text } of changes) {
          expect(end).toBeLessThanOrEqual(followed.text.length);
          followed.text = followed.text.slice(0, start) + text + followed.text.slice(end);
        }
        this.edits.push(changes.reduce((sum, { text }) => sum + text.length, 0));
        await pace();
        return null;
      },
      documentTokens: async ({ document }) => {
        const { version, text } = find(document);
        await pace();
        return {
          version,
          start: 0,
          ids: [text.length],
          ends: [text.length],
          parity: 0,
          partial: [],
        };
      },
      documentCount: async ({ document }) => {
        const { version, text } = find(document);
        await pace();
        return { version, tokens: text.length, characters: text.length };
      },
      explainToken: ({ position }) =>
        Promise.reject(new GlassboxError('document-no-token', `None at ${position}.`)),
      closeDocument: ({ document }) => {
        this.texts.delete(document);
        return Promise.resolve(null);
      },
    };
  }
}

/** An editor's text; slices are cut short, as VS Code does before the second half of a line's end. */
class EditedDocument {
  text: string;

  constructor(text: string) {
    this.text = text;
  }

  readonly length = (): number => this.text.length;
  readonly slice = (start: number, limit: number): string => this.text.slice(start, start + limit);

  apply(changes: readonly TextChange[]): void {
    for (const { rangeOffset, rangeLength, text } of changes)
      this.text =
        this.text.slice(0, rangeOffset) + text + this.text.slice(rangeOffset + rangeLength);
  }
}

function mirrorOf(source: EditedDocument, followed: FollowedTexts): DocumentMirror {
  const engine = () => Promise.resolve(followed.requests);
  return new DocumentMirror({ name: 'a', tokenizer: 'gpt2', source, engine });
}

const only = (followed: FollowedTexts): string | undefined =>
  [...followed.texts.values()].at(-1)?.text;

describe('a document that the engine follows', () => {
  it('is the same text at both ends, whatever is typed while it is sent', async () => {
    const edit = fc.record({
      at: fc.nat({ max: 1_000_000 }),
      deleted: fc.nat({ max: 300_000 }),
      text: fc.oneof(
        fc.string({ maxLength: 20 }),
        fc.constant('long '.repeat(60_000)),
        fc.constant('\r\n'),
      ),
    });
    const events = fc.array(fc.array(edit, { minLength: 1, maxLength: 3 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 900_000 }), events, async (length, typed) => {
        const source = new EditedDocument('abcdefghi\n'.repeat(length / 10));
        let turn = (): void => undefined;
        // Every answer of the engine lets one more event of typing happen first.
        const waiting = [...typed];
        const followed = new FollowedTexts(() => {
          turn();
          return Promise.resolve();
        });
        const mirror = mirrorOf(source, followed);
        turn = () => {
          const event = waiting.shift();
          if (event) type(event);
        };
        const type = (event: (typeof typed)[number]): void => {
          let end = source.text.length;
          const changes = event.map(({ at, deleted, text }) => {
            const rangeOffset = at % (end + 1);
            const change = { rangeOffset, rangeLength: Math.min(deleted, end - rangeOffset), text };
            end = rangeOffset;
            return change;
          });
          source.apply(changes);
          // The order of changes at different places is the editor's business.
          const places = new Set(changes.map(({ rangeOffset }) => rangeOffset));
          mirror.change(places.size === changes.length ? [...changes].reverse() : changes);
        };
        await mirror.count();
        while (waiting.length > 0) turn();
        const { tokens } = await mirror.count();
        expect(tokens).toBe(source.text.length);
        expect(only(followed) === source.text).toBe(true);
        mirror.dispose();
      }),
      { numRuns: 60 },
    );
  });

  it('goes there in slices, and a keystroke after that alone', async () => {
    const source = new EditedDocument('x'.repeat(1_000_000));
    const followed = new FollowedTexts();
    const mirror = mirrorOf(source, followed);
    await mirror.count();
    expect(followed.edits.length).toBe(4);
    const change = { rangeOffset: 500_000, rangeLength: 0, text: 'y' };
    source.apply([change]);
    mirror.change([change]);
    await mirror.count();
    expect(followed.edits.slice(4)).toEqual([1]);
    expect(only(followed) === source.text).toBe(true);
  });

  it('answers for the beginning before the end has arrived', async () => {
    const source = new EditedDocument('x'.repeat(2_000_000));
    const followed = new FollowedTexts();
    const mirror = mirrorOf(source, followed);
    const { ends } = await mirror.tokens({ start: 0, end: 1000 });
    expect(ends[0]).toBeLessThan(source.text.length);
    expect(mirror.loading).toBeDefined();
    await mirror.loading;
    expect(mirror.loading).toBeUndefined();
    expect(only(followed) === source.text).toBe(true);
  });

  it('stays with the engine when a question has no answer', async () => {
    const followed = new FollowedTexts();
    const mirror = mirrorOf(new EditedDocument('some text'), followed);
    await mirror.count();
    await expect(mirror.explain(9, [])).rejects.toMatchObject({ code: 'document-no-token' });
    await mirror.count();
    expect(followed.edits).toEqual(['some text'.length]);
  });

  it.each(['document-version', 'document-unknown', 'worker-ended', 'engine-ended'])(
    'is opened anew after %s',
    async (code) => {
      const source = new EditedDocument('some text');
      const followed = new FollowedTexts();
      const mirror = mirrorOf(source, followed);
      await mirror.count();
      followed.failNext = code;
      const change = { rangeOffset: 4, rangeLength: 0, text: ' more' };
      source.apply([change]);
      mirror.change([change]);
      expect((await mirror.count()).tokens).toBe(source.text.length);
      expect([...followed.texts.values()].map(({ text }) => text)).toEqual([source.text]);
    },
  );

  it('is opened anew when the editor told less than it changed', async () => {
    const source = new EditedDocument('some text');
    const followed = new FollowedTexts();
    const mirror = mirrorOf(source, followed);
    await mirror.count();
    source.text = 'another text altogether';
    mirror.change([{ rangeOffset: 0, rangeLength: 1, text: 'S' }]);
    await mirror.count();
    expect(only(followed)).toBe(source.text);
  });

  it('gives up on what opening anew does not mend, with the reason', async () => {
    const broken = new GlassboxError('tokenizer-unknown', 'no such tokenizer');
    const followed = new FollowedTexts();
    const requests = { ...followed.requests, openDocument: () => Promise.reject(broken) };
    const mirror = new DocumentMirror({
      ...{ name: 'a', tokenizer: 'x', source: new EditedDocument('text') },
      engine: () => Promise.resolve(requests),
    });
    await expect(mirror.count()).rejects.toThrow('no such tokenizer');
    await expect(mirror.tokens({ start: 0, end: 4 })).rejects.toThrow('no such tokenizer');
  });

  it('asks nothing more once it is disposed', async () => {
    const followed = new FollowedTexts();
    const mirror = mirrorOf(new EditedDocument('text'), followed);
    await mirror.count();
    mirror.dispose();
    await expect(mirror.count()).rejects.toMatchObject({ code: 'cancelled' });
    expect(followed.texts.size).toBe(0);
  });
});
