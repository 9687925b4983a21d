/** Generation through the room's door, on tiny models whose tokens are bytes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/engine/backend/backend';
import { openOnnx } from '../../src/engine/backend/onnx/onnx';
import { allLogitsOf, distributionOf, generate, logprobOf } from '../../src/engine/infer/infer';
import type {
  Finished,
  GenerateOptions,
  LoadedModel,
  TokenStep,
} from '../../src/engine/infer/infer';
import { byteTokenizer, parseTokenizerJson } from '../../src/engine/tokenizer/tokenizer';
import { tinyConfig, tinyModel } from './models';

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

async function collect(
  model: LoadedModel,
  prompt: string | readonly number[],
  options: GenerateOptions,
): Promise<{ steps: TokenStep[]; ids: number[]; done: Finished }> {
  const steps: TokenStep[] = [];
  for await (const step of generate(model, prompt, options)) {
    if (step.kind === 'token') steps.push(step);
    else if (step.kind === 'done') return { steps, ids: steps.map(({ id }) => id), done: step };
  }
  throw new Error('It ended without saying why.');
}

describe('generate', () => {
  let backend: Backend;
  let model: LoadedModel;
  const tokenizer = byteTokenizer();

  beforeAll(async () => {
    backend = await openOnnx({ threads: 1 });
    model = await tinyModel(backend, { tokenizer });
  });
  afterAll(async () => {
    await model.dispose();
    await backend.dispose();
  });

  it('streams exactly the text of its tokens, never half a character', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const { steps, ids, done } = await collect(model, 'Call me', { seed, maxTokens: 40 });
      expect(ids).toHaveLength(40);
      expect(done).toEqual({ kind: 'done', finishReason: 'length', text: tokenizer.decode(ids) });
      expect(steps.map(({ text }) => text).join('')).toBe(done.text);
    }
  });

  it('keeps the blank between a prompt and what follows, whatever the tokenizer does at a start', async () => {
    // As SentencePiece's tokenizers are written down: a blank goes before a text and comes off again.
    const spm = parseTokenizerJson(
      JSON.stringify({
        added_tokens: [{ id: 0, content: '<s>', special: true }],
        normalizer: {
          type: 'Sequence',
          normalizers: [
            { type: 'Prepend', prepend: '▁' },
            { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
          ],
        },
        pre_tokenizer: null,
        post_processor: null,
        decoder: {
          type: 'Sequence',
          decoders: [
            { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
            { type: 'ByteFallback' },
            { type: 'Fuse' },
            { type: 'Strip', content: ' ', start: 1, stop: 0 },
          ],
        },
        model: {
          type: 'BPE',
          byte_fallback: false,
          vocab: { '<s>': 0, '▁': 1, a: 2, b: 3, '▁a': 4, '▁b': 5 },
          merges: ['▁ a', '▁ b'],
        },
      }),
    );
    const config = tinyConfig({ vocab: 6 });
    const spaced = await tinyModel(backend, { tokenizer: spm, config });
    for (const prompt of ['a', 'ab b', [0]]) {
      for (let seed = 0; seed < 5; seed++) {
        const { ids, done } = await collect(spaced, prompt, { seed, maxTokens: 8 });
        const pieces = ids.map((id) => ['', ' ', 'a', 'b', ' a', ' b'][id]!);
        expect(done.text).toBe(pieces.join(''));
      }
    }
    await spaced.dispose();
  });

  it('chooses the same with the same seed', async () => {
    const options = { temperature: 1.5, topP: 0.9, maxTokens: 12 };
    const first = await collect(model, 'ab', { ...options, seed: 3 });
    expect(await collect(model, 'ab', { ...options, seed: 3 })).toEqual(first);
    const other = await collect(model, 'ab', { ...options, seed: 4 });
    expect(other.ids).not.toEqual(first.ids);
    const unseeded = await collect(model, 'ab', options);
    expect(await collect(model, 'ab', options)).not.toEqual(unseeded);
  });

  it('tells the model’s own distribution, whatever the sampling does to it', async () => {
    const prompt = [10, 200, 30];
    const options = { temperature: 2, topK: 40, repetitionPenalty: 3, seed: 5, top: 4 };
    const { steps, ids } = await collect(model, prompt, { ...options, maxTokens: 10 });
    const { vocab } = model.config;
    const logits = await allLogitsOf(model, [...prompt, ...ids]);
    steps.forEach((step, at) => {
      const row = (prompt.length - 1 + at) * vocab;
      const distribution = distributionOf(logits.subarray(row, row + vocab));
      expect(step.logprob).toBeCloseTo(logprobOf(distribution, step.id), 4);
      expect(step.entropy).toBeCloseTo(distribution.entropy, 4);
      expect(step.top).toHaveLength(4);
      for (const { id, text, logprob } of step.top) {
        expect(logprob).toBeCloseTo(logprobOf(distribution, id), 4);
        expect(text).toBe(tokenizer.tokenText(id));
      }
      const likelier = step.top.filter(({ logprob }) => logprob > step.logprob).length;
      if (step.rank < 4) expect(step.top[step.rank]!.id).toBe(step.id);
      expect(likelier).toBe(Math.min(step.rank, 4));
    });
  });

  it('is greedy at temperature 0, and does not repeat itself when that costs enough', async () => {
    const { steps } = await collect(model, 'x', { temperature: 0, maxTokens: 20 });
    expect(steps.map(({ rank }) => rank)).toEqual(Array.from({ length: 20 }, () => 0));
    const options = { temperature: 0, repetitionPenalty: 1e6, maxTokens: 20 };
    const { ids } = await collect(model, 'x', options);
    expect(new Set(ids).size).toBe(20);
  });

  it('stops before a stop string, wherever it lies in the tokens', async () => {
    const free = await collect(model, 'stop', { seed: 8, maxTokens: 40, temperature: 0.7 });
    const { text } = free.done;
    for (let from = 0; from + 3 <= text.length; from += 4) {
      const stop = [text.slice(from, from + 3), 'never written'];
      const options = { seed: 8, maxTokens: 40, temperature: 0.7, stop };
      const { steps, ids, done } = await collect(model, 'stop', options);
      expect(done.finishReason).toBe('stop');
      expect(done.text).toBe(text.slice(0, text.indexOf(stop[0]!)));
      expect(steps.map((step) => step.text).join('')).toBe(done.text);
      expect(ids).toEqual(free.ids.slice(0, ids.length));
    }
  });

  it('gives what it held back when no stop string comes of it', async () => {
    const free = await collect(model, 'stop', { seed: 8, maxTokens: 6 });
    const stop = [`${free.done.text}and more`];
    const { done, steps } = await collect(model, 'stop', { seed: 8, maxTokens: 6, stop });
    expect(done).toEqual(free.done);
    expect(steps.slice(0, -1).map(({ text }) => text)).toEqual(['', '', '', '', '']);
  });

  it('ends with a token that ends texts, which is not part of the text', async () => {
    const free = await collect(model, 'abc', { temperature: 0, maxTokens: 8 });
    const last = free.ids[5]!;
    const specialTokens = { bos: undefined, eos: [last], pad: undefined };
    const ending = await tinyModel(backend, { tokenizer, specialTokens });
    const { ids, done } = await collect(ending, 'abc', { temperature: 0, maxTokens: 8 });
    const expected = free.ids.slice(0, free.ids.indexOf(last) + 1);
    expect(ids).toEqual(expected);
    expect(done.finishReason).toBe('end');
    expect(done.text).toBe(tokenizer.decode(expected.slice(0, -1)));
    // An empty prompt starts where a text ends.
    const fromStart = await collect(ending, '', { temperature: 0, maxTokens: 3 });
    expect(fromStart).toEqual(await collect(ending, [last], { temperature: 0, maxTokens: 3 }));
    await ending.dispose();
  });

  it('stops at the end of the model’s context', async () => {
    const short = await tinyModel(backend, { tokenizer, config: tinyConfig({ context: 21 }) });
    const { ids, done } = await collect(short, 'x'.repeat(18), { maxTokens: 9 });
    expect(ids).toHaveLength(3);
    expect(done.finishReason).toBe('context');
    await expect(collect(short, 'x'.repeat(21), {})).rejects.toEqual(code('prompt-too-long'));
    await short.dispose();
  });

  it('slides along a text that is too long, where it is asked to, and reads the end that fits', async () => {
    const short = await tinyModel(backend, { tokenizer, config: tinyConfig({ context: 21 }) });
    const ids = Array.from({ length: 40 }, (_, i) => i % 7);
    const options = { temperature: 0, maxTokens: 5 };
    const slid = await collect(short, ids, { ...options, sliding: true });
    expect(slid.ids).toHaveLength(5);
    expect(slid.ids).toEqual((await collect(short, ids.slice(-16), options)).ids);
    for await (const step of generate(short, ids, { ...options, sliding: true }))
      if (step.kind === 'start') expect(step).toMatchObject({ promptTokens: 16, forgotten: 24 });
    // At most half of the context is kept for what is written.
    const most = await collect(short, ids, { temperature: 0, maxTokens: 500, sliding: true });
    expect(most.ids).toEqual(
      (await collect(short, ids.slice(-11), { temperature: 0, maxTokens: 500 })).ids,
    );
    await short.dispose();
  });

  it('never writes ids that no token has', async () => {
    const config = tinyConfig({ vocab: 300 });
    const padded = await tinyModel(backend, { tokenizer, config });
    const options = { temperature: 5, seed: 1, maxTokens: 60 };
    const { ids, done } = await collect(padded, 'abc', options);
    expect(Math.max(...ids)).toBeLessThan(256);
    expect(done.text).toBe(tokenizer.decode(ids));
    await padded.dispose();
  });

  it('lets the event loop turn between tokens', async () => {
    let turns = 0;
    let running = true;
    const turn = (): void => {
      turns++;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    let written = 0;
    for await (const step of generate(model, 'abc', { maxTokens: 10 })) {
      if (step.kind === 'done') break;
      expect(turns).toBeGreaterThanOrEqual(written++);
    }
    running = false;
  });

  it('stops when it is told to, and can be asked again', async () => {
    const controller = new AbortController();
    const seen: TokenStep[] = [];
    const cancelled = async (): Promise<void> => {
      for await (const step of generate(model, 'abc', { maxTokens: 50 }, controller.signal)) {
        if (step.kind === 'token') seen.push(step);
        if (seen.length === 3) controller.abort();
      }
    };
    await expect(cancelled()).rejects.toEqual(code('cancelled'));
    expect(seen).toHaveLength(3);
    const late = generate(model, 'abc', {}, controller.signal);
    await expect(late.next()).rejects.toEqual(code('cancelled'));
    expect((await collect(model, 'abc', { maxTokens: 2 })).ids).toHaveLength(2);
  });

  it('serves one at a time, and is free once the reader has gone', async () => {
    const first = generate(model, 'abc', {});
    await first.next();
    await expect(collect(model, 'abc', {})).rejects.toEqual(code('model-busy'));
    await first.return();
    expect((await collect(model, 'abc', { maxTokens: 1 })).ids).toHaveLength(1);
  });

  it('refuses what it cannot do', async () => {
    const mute = await tinyModel(backend);
    await expect(collect(mute, 'abc', {})).rejects.toEqual(code('no-tokenizer'));
    await expect(collect(mute, [], {})).rejects.toEqual(code('empty-prompt'));
    await expect(collect(mute, [1, 256], {})).rejects.toEqual(code('token-range'));
    await expect(collect(mute, [1], { maxTokens: 0 })).rejects.toEqual(code('sampling-option'));
    await expect(collect(mute, [1], { topP: 0 })).rejects.toEqual(code('sampling-option'));
    await expect(collect(mute, [1], { stop: [''] })).rejects.toEqual(code('sampling-option'));
    await mute.store.write('model.norm.weight', new Float32Array(32).fill(NaN));
    for (const sampling of [{}, { temperature: 0 }, { temperature: 1, topP: 0.9 }])
      await expect(collect(mute, [1], sampling)).rejects.toEqual(code('not-finite'));
    await mute.dispose();
  });
});
