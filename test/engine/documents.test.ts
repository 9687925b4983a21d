import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createDocumentService } from '../../src/engine/documentService';
import { builtinTokenizer, charTokenizer } from '../../src/engine/tokenizer/tokenizer';

const folder = mkdtempSync(path.join(tmpdir(), 'glassbox-documents-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const document = 'file:///text.md';
const failing = (code: string): unknown => expect.objectContaining({ code });

function opened(tokenizer = 'gpt2'): ReturnType<typeof createDocumentService> {
  const service = createDocumentService();
  // Not awaited: what follows waits for the tokenizer by itself.
  void service.openDocument({ document, tokenizer }, never).catch(() => undefined);
  return service;
}

const insertion = (version: number, text: string, start = 0) => ({
  ...{ document, version, changes: [{ start, end: start, text }] },
});

describe('a document', () => {
  test('is opened empty and follows edits in the order in which they were sent', async () => {
    const service = opened();
    const edits = [
      service.editDocument(insertion(1, 'Hello'), never),
      service.editDocument(insertion(2, ' world', 5), never),
    ];
    const answer = service.documentTokens({ document, start: 0, end: 99 }, never);
    await Promise.all(edits);
    expect(await answer).toEqual({
      ...{ version: 2, start: 0, ids: [15496, 995], ends: [5, 11], parity: 0, partial: [] },
    });
    expect(await service.documentCount({ document }, never)).toEqual({
      ...{ version: 2, tokens: 2, characters: 11 },
    });
  });

  test('refuses an edit that is not the next one', async () => {
    const service = opened();
    await service.editDocument(insertion(1, 'a'), never);
    for (const version of [1, 3]) {
      await expect(service.editDocument(insertion(version, 'b'), never)).rejects.toThrow(
        failing('document-version'),
      );
    }
    const { ids } = await service.documentTokens({ document, start: 0, end: 9 }, never);
    expect(ids).toEqual((await builtinTokenizer('gpt2')).encode('a'));
  });

  test('that was closed, or never opened, is unknown', async () => {
    const service = opened();
    await service.closeDocument({ document }, never);
    await expect(service.documentTokens({ document, start: 0, end: 1 }, never)).rejects.toThrow(
      failing('document-unknown'),
    );
  });

  test('whose tokenizer cannot be opened fails, with all that was sent for it', async () => {
    const service = opened('no-such-tokenizer');
    await expect(service.editDocument(insertion(1, 'a'), never)).rejects.toThrow(
      failing('tokenizer-unknown'),
    );
    await expect(service.documentCount({ document }, never)).rejects.toThrow(
      failing('document-unknown'),
    );
  });

  test('opened again is empty again', async () => {
    const service = opened();
    await service.editDocument(insertion(1, 'text'), never);
    await service.openDocument({ document, tokenizer: 'cl100k_base' }, never);
    const { version, ids } = await service.documentTokens({ document, start: 0, end: 9 }, never);
    expect([version, ids]).toEqual([0, []]);
  });

  test('explains its tokens under other tokenizers', async () => {
    const service = opened();
    await service.editDocument(insertion(1, 'Hello tokenization'), never);
    const others = ['cl100k_base', 'o200k_base'];
    const answer = await service.explainToken({ document, position: 8, others }, never);
    expect(answer).toMatchObject({ version: 1, text: ' token', start: 5, end: 11 });
    expect(answer.others.map(({ tokenizer }) => tokenizer)).toEqual(others);
  });

  test('leaves out of these what is gone and what cannot spell the token', async () => {
    const unfit = path.join(folder, 'unfit.tokenizer.json');
    writeFileSync(unfit, (await charTokenizer(['abc'])).toJson());
    const service = opened();
    await service.editDocument(insertion(1, 'Hello tokenization'), never);
    const others = [path.join(folder, 'gone.json'), unfit, 'cl100k_base'];
    const answer = await service.explainToken({ document, position: 8, others }, never);
    expect(answer).toMatchObject({ text: ' token', others: [{ tokenizer: 'cl100k_base' }] });
  });
});

describe('a long text', () => {
  const text = 'Zwei wörter 👍 <|endoftext|>\n'.repeat(2000);
  const request = { tokenizer: 'cl100k_base', text, offsets: true };

  test.each(['text', 'allow'] as const)('is encoded as a whole: %s', async (special) => {
    const tokenizer = await builtinTokenizer('cl100k_base');
    const service = createDocumentService();
    const answer = await service.encode({ ...request, special }, never);
    expect(answer).toEqual(tokenizer.encodeWithOffsets(text, { special }));
    const { ids } = await service.encode({ ...request, special, offsets: false }, never);
    expect(ids).toEqual(answer.ids);
  });

  test('can be given up', async () => {
    const controller = new AbortController();
    const encoding = createDocumentService().encode(
      { ...request, special: 'text' },
      controller.signal,
    );
    controller.abort();
    await expect(encoding).rejects.toThrow(failing('cancelled'));
  });
});

test('merges are learnt from no more text than can be looked at', async () => {
  const service = createDocumentService();
  const text = 'ab '.repeat(100_000);
  const learnt = await service.learnMerges({ text, pattern: 'gpt2', merges: 3 }, never);
  expect(learnt.tokens).toBe(100_000);
  expect(learnt.pieces).toHaveLength(2000);
  await expect(service.learnMerges({ text, pattern: '(', merges: 3 }, never)).rejects.toThrow(
    failing('tokenizer-pattern'),
  );
});
