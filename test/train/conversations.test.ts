/** Runs on conversations: the one loop, another dataset. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { conversations } from '../../src/engine/conversationService';
import { openSafetensors } from '../../src/engine/interop/interop';
import { readTokenizer } from '../../src/engine/tokenizer/tokenizer';
import { resumeRun, startRun } from '../../src/engine/train/train';
import type { RunEvent } from '../../src/engine/train/train';
import {
  checkpoint,
  collect,
  context as plain,
  failure,
  goOn,
  metrics,
  never,
  smallRecipe,
  testFolder,
  timeless,
  train,
  weights,
  writeText,
} from './runs';

const folder = testFolder();
const context = { ...plain, conversations };
const talks = Array.from({ length: 60 }, (_, i) =>
  JSON.stringify({ question: `${i % 10}?`, answer: 'abab' }),
).join('\n');
const file = writeText(folder, 'talks.jsonl', `${talks}\n{broken`);
const base = path.join(folder, 'base');
await train(smallRecipe(writeText(folder), 'train.steps=5', 'model.context=32'), base);

const sftRecipe = (...settings: string[]) =>
  smallRecipe(
    file,
    ...['tokenizer.kind=bpe', 'model.layers=null', 'model.width=null', 'model.heads=null'],
    ...['model.intermediate=null', 'model.context=null', `model.from=${checkpoint(base, 5)}`],
    ...['data.format=conversations', 'chat.template=nanochat', 'samples.prompts=[]'],
    ...['train.steps=10', ...settings],
  );
const sft = (run: string, ...settings: string[]): Promise<RunEvent[]> =>
  collect(startRun(sftRecipe(...settings), { folder: run }, context, never));

describe('a run on conversations', () => {
  it('lowers the loss of held-out answers, and gives a model with its template', async () => {
    const run = path.join(folder, 'sft');
    const events = await sft(run, 'train.steps=40', 'train.sampleEvery=40');
    const losses = metrics(run).filter(({ kind }) => kind === 'eval');
    expect(losses.at(-1)?.['valLoss']).toBeLessThan(Number(losses[0]?.['valLoss']) / 2);
    const notes = events.flatMap((event) => (event.kind === 'note' ? [event.text] : []));
    expect(notes.join('\n')).toMatch(/New tokens: <\|bos\|>/);
    expect(notes.join('\n')).toMatch(/talks\.jsonl:61: This line is not JSON/);
    const samples = events.flatMap((event) => (event.kind === 'sample' ? [event] : []));
    expect(samples.at(-1)?.prompt).toMatch(/^\d\?$/);
    const last = checkpoint(run, 40);
    const template = readFileSync(path.join(last, 'chat_template.jinja'), 'utf8');
    expect(template).toContain('<|assistant_start|>');
    const tokenizer = await readTokenizer(last);
    const generation: unknown = JSON.parse(
      readFileSync(path.join(last, 'generation_config.json'), 'utf8'),
    );
    expect(generation).toMatchObject({ eos_token_id: tokenizer.eosId });
    expect(tokenizer.tokenText(tokenizer.eosId ?? -1)).toBe('<|assistant_end|>');
  });

  it('counts epochs in rows of whole conversations', async () => {
    const events = await sft(path.join(folder, 'epochs'), 'train.epochs=3');
    const notes = events.flatMap((event) => (event.kind === 'note' ? [event.text] : []));
    const [, rows] = /3 epochs of (\d+) rows/.exec(notes.join('\n')) ?? [];
    const begun = events.find((event) => event.kind === 'start');
    // The last token of each of the 60 takes no place.
    expect(32 * Number(rows)).toBeGreaterThanOrEqual((begun?.tokens ?? Infinity) - 60);
    expect(Number(rows)).toBeLessThan(60);
    expect(begun?.steps).toBe(Math.ceil((3 * Number(rows)) / 2));
  });

  it('begins with the rows that there were, and their mean for each new token', async () => {
    const run = path.join(folder, 'rows');
    await sft(run, 'train.steps=1', 'model.freeze=["model.embed_tokens.weight"]');
    const name = 'model.embed_tokens.weight';
    const read = async (model: string): Promise<Float32Array> => {
      const tensors = await openSafetensors(path.join(model, 'model.safetensors'));
      const data = await tensors.readF32(name);
      await tensors.close();
      return data;
    };
    const [before, after] = [await read(checkpoint(base, 5)), await read(checkpoint(run, 1))];
    expect([...after.subarray(0, before.length)]).toEqual([...before]);
    const rows = before.length / 16;
    const mean = Array.from({ length: 16 }, (_, i) => {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += before[row * 16 + i]!;
      return sum / rows;
    });
    expect(after.length).toBeGreaterThan(before.length);
    for (let at = before.length; at < after.length; at++)
      expect(after[at]).toBeCloseTo(mean[at % 16]!, 6);
  });

  it('resumes to the last bit', async () => {
    const [whole, halves] = [path.join(folder, 'whole'), path.join(folder, 'halves')];
    await sft(whole);
    await sft(halves, 'train.steps=5');
    const resumed = resumeRun(
      halves,
      { settings: ['train.steps=10'], out: undefined },
      context,
      never,
    );
    await collect(resumed);
    expect(weights(halves, 10).equals(weights(whole, 10))).toBe(true);
    const steps = (run: string): unknown[] =>
      timeless(run).filter((_, i, all) => i < all.length - 1);
    expect(steps(halves).slice(-4)).toEqual(steps(whole).slice(-4));
    expect(readFileSync(path.join(checkpoint(halves, 10), 'chat_template.jinja'))).toEqual(
      readFileSync(path.join(checkpoint(whole, 10), 'chat_template.jinja')),
    );
  });

  it('hands the template on to a run that goes on from it with text', async () => {
    const run = path.join(folder, 'taught');
    await sft(run, 'train.steps=1');
    const text = smallRecipe(
      writeText(folder),
      ...['model.layers=null', 'model.width=null', 'model.heads=null', 'model.intermediate=null'],
      ...['tokenizer.kind=bpe', `model.from=${checkpoint(run, 1)}`, 'train.steps=1'],
    );
    const on = path.join(folder, 'on');
    await train(text, on);
    await goOn(on, ['train.steps=2']);
    expect(readFileSync(path.join(checkpoint(on, 2), 'chat_template.jinja'), 'utf8')).toContain(
      '<|assistant_start|>',
    );
  });

  it('says what a recipe for conversations lacks', async () => {
    expect(() => smallRecipe(file, 'data.format=conversations', 'tokenizer.kind=bpe')).toThrow(
      /model\.from: missing/,
    );
    const thrown = await failure(sft(path.join(folder, 'none'), 'chat.template=none'));
    expect(thrown).toMatchObject({ code: 'chat-template' });
  });
});
