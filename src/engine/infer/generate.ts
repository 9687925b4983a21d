/**
 * Lets a model go on with a text, token by token, and shows at each step what it thought.
 *
 * Between two tokens the event loop turns once, so that a worker sees a cancel; a prompt is read in
 * chunks, between which it does so too.
 */
import { GlassboxError, throwIfAborted } from '../../base/errors';
import { Rng } from '../../base/rng';
import type { StreamDecoder, Tokenizer } from '../tokenizer/tokenizer';
import { distributionOf, likeliest, logprobOf, rankOf } from './distribution';
import type { LoadedModel } from './loadedModel';
import { candidatesOf, draw, penalizeRepetition, resolveSampling } from './sampling';
import type { Sampling, SamplingOptions } from './sampling';
import type { Sequence } from './sequence';
import { StopText } from './stopText';

export interface GenerateOptions extends SamplingOptions {
  /** The same seed makes the same choices. Default: another one each time. */
  readonly seed?: number | undefined;
  /** Default: 128. */
  readonly maxTokens?: number | undefined;
  /** Texts that end the text; they are not part of it. They may span tokens. */
  readonly stop?: readonly string[] | undefined;
  /** Tokens that end this text besides those that end any, such as the close of a call. */
  readonly endAt?: readonly number[] | undefined;
  /** Tokens that stand behind the prompt: the beginning of the text that is gone on with. */
  readonly continued?: readonly number[] | undefined;
  /**
   * What is too long for the model loses its beginning, instead of being refused: it reads the end that
   * leaves room for `maxTokens`, or for half of its context. Default: false.
   */
  readonly sliding?: boolean | undefined;
  /** How many of the likeliest tokens each step reports. Default: 0. */
  readonly top?: number | undefined;
}

/** Before the first token: how long the prompt is, and how much the model can look at in all. */
export interface Started {
  readonly kind: 'start';
  readonly promptTokens: number;
  readonly context: number;
  /** Of a text too long, the tokens at its beginning that the model no longer sees. */
  readonly forgotten?: number;
}

export interface TokenProbability {
  readonly id: number;
  readonly text: string;
  /** Natural logarithm of the probability in the model's own distribution, see `TokenStep`. */
  readonly logprob: number;
}

/**
 * One token. Log-probability, rank, entropy and `top` are of the model's own distribution: before
 * repetition penalty, temperature and filters, which say how to sample and not what the model thinks.
 */
export interface TokenStep extends TokenProbability {
  readonly kind: 'token';
  /**
   * What the token adds to the text: nothing while a character is incomplete or a stop string may
   * have begun. The steps' texts one after the other are the whole text.
   */
  readonly text: string;
  /** How many tokens were likelier. */
  readonly rank: number;
  /** Of the whole distribution, in nats. */
  readonly entropy: number;
  /** The likeliest tokens, likeliest first, each with its own text for display. */
  readonly top: readonly TokenProbability[];
}

/**
 * `end`: the model wrote a token that ends a text, or one of `endAt`. `stop`: a stop string occurred. `length`:
 * `maxTokens` were written. `context`: the model cannot look at more tokens.
 */
export type FinishReason = 'end' | 'stop' | 'length' | 'context';

export interface Finished {
  readonly kind: 'done';
  readonly finishReason: FinishReason;
  /** Everything that was written, without the prompt and without special tokens. */
  readonly text: string;
}

/**
 * @param prompt a text, encoded as the tokenizer's template says (most often with a token for the
 *   beginning in front), or ids, taken as they are. Empty: the model's beginning of a text.
 * @throws GlassboxError `no-tokenizer`, `empty-prompt`, `prompt-too-long`, `token-range`,
 *   `sampling-option`, `model-busy`, `not-finite`, `cancelled`
 */
export async function* generate(
  model: LoadedModel,
  prompt: string | readonly number[],
  options: GenerateOptions = {},
  signal?: AbortSignal,
): AsyncGenerator<Started | TokenStep | Finished, void, void> {
  const sequence = model.claim();
  try {
    yield* steps(model, sequence, { prompt, options, signal });
  } finally {
    model.release();
  }
}

interface Wish {
  readonly prompt: string | readonly number[];
  readonly options: GenerateOptions;
  readonly signal: AbortSignal | undefined;
}

async function* steps(
  model: LoadedModel,
  sequence: Sequence,
  { prompt, options, signal }: Wish,
): AsyncGenerator<Started | TokenStep | Finished, void, void> {
  const { maxTokens = 128, stop = [], top = 0, continued = [], sliding = false } = options;
  const { tokenizer, config } = model;
  const sampling = resolveSampling(options);
  const rng = new Rng(options.seed ?? Math.floor(Math.random() * 2 ** 32));
  const stopText = new StopText(stop);
  const given = [...promptIds(model, prompt), ...continued];
  const room = config.context - Math.min(maxTokens, Math.floor(config.context / 2));
  const ids = sliding ? given.slice(-room) : given;
  if (ids.length >= config.context) {
    throw new GlassboxError(
      'prompt-too-long',
      `The prompt has ${ids.length} tokens, and the model's context of ${config.context} leaves no room to go on.`,
      { remedy: 'Shorten the prompt.', details: { tokens: ids.length, context: config.context } },
    );
  }
  if (!Number.isInteger(maxTokens) || maxTokens < 1 || !Number.isInteger(top) || top < 0) {
    throw new GlassboxError(
      'sampling-option',
      `maxTokens is ${maxTokens} and top is ${top}, but they must be whole numbers, at least 1 and 0.`,
    );
  }

  throwIfAborted(signal);
  const forgotten = given.length - ids.length;
  yield {
    ...{ kind: 'start', promptTokens: ids.length, context: config.context },
    ...(forgotten > 0 ? { forgotten } : {}),
  };
  const decoder = tokenizer && decoderAfter(tokenizer, ids);
  const special = new Set(tokenizer?.specialTokens.values());
  const textOf = (id: number): string =>
    tokenizer ? (tokenizer.hasToken(id) ? tokenizer.tokenText(id) : `<${id}>`) : '';
  let whole = '';
  // What a seed chooses must not depend on what was asked before.
  const reuse = options.seed === undefined ? 'all' : 'exact';
  let logits = await sequence.start(ids, { reuse, signal });
  let coming: Promise<Float32Array> | undefined;
  try {
    for (let written = 1; ; written++) {
      const id = choose(logits, { model, ids, sampling, rng });
      // Before the token means anything; whether the others are finite is known with their sum.
      if (!Number.isFinite(logits[id])) throw notFinite(ids.length);
      ids.push(id);

      let text = '';
      const silent = special.has(id) || model.endIds.has(id);
      if (decoder && !silent) text = stopText.push(decoder.push(id));
      const reached = { id, stopText, written, maxTokens, length: ids.length };
      const ended = options.endAt?.includes(id) ? 'end' : finishReason(model, reached);
      // Where that leaves this thread free, the next token is begun before this one is told of.
      coming = ended || !model.store.concurrent ? undefined : sequence.next(id);
      coming?.catch(() => undefined);
      const distribution = distributionOf(logits);
      if (!Number.isFinite(distribution.logSumExp)) throw notFinite(ids.length - 1);
      // What was held back is text after all, unless the stop string was met.
      if (ended && ended !== 'stop') text += stopText.push(decoder?.end() ?? '') + stopText.end();
      whole += text;
      yield {
        kind: 'token',
        id,
        text,
        logprob: logprobOf(distribution, id),
        rank: rankOf(distribution, id),
        entropy: distribution.entropy,
        top: likeliest(distribution, top).map((each) => ({ ...each, text: textOf(each.id) })),
      };
      if (ended) {
        yield { kind: 'done', finishReason: ended, text: whole };
        return;
      }
      await new Promise(setImmediate);
      throwIfAborted(signal);
      logits = await (coming ?? sequence.next(id));
    }
  } finally {
    // Whoever asks the model next finds it at rest, however this ends.
    await coming?.catch(() => undefined);
  }
}

function promptIds(model: LoadedModel, prompt: string | readonly number[]): number[] {
  let ids: number[];
  if (typeof prompt !== 'string') ids = [...prompt];
  else if (model.tokenizer) ids = model.tokenizer.encode(prompt, { addSpecial: true });
  else {
    throw new GlassboxError('no-tokenizer', 'The model has no tokenizer: it cannot read text.', {
      remedy: 'Give token ids instead, or put the tokenizer.json of the model into its folder.',
    });
  }
  if (ids.length > 0) return ids;
  if (model.startId !== undefined) return [model.startId];
  throw new GlassboxError(
    'empty-prompt',
    'The prompt is empty, and the model has no token for the beginning of a text.',
    { remedy: 'Give a prompt.' },
  );
}

/**
 * A decoder that stands behind the prompt: what comes is in the midst of a text, where a tokenizer
 * that leaves out a blank at the beginning of one does not. A character that the prompt begins and
 * the model ends is counted to what the model writes.
 */
function decoderAfter(tokenizer: Tokenizer, prompt: readonly number[]): StreamDecoder {
  const decoder = tokenizer.streamDecoder();
  // No character has more than four bytes, and no token less than one.
  for (const id of prompt.slice(-4)) if (tokenizer.hasToken(id)) decoder.push(id);
  return decoder;
}

function choose(
  logits: Float32Array,
  {
    model,
    ids,
    sampling,
    rng,
  }: { model: LoadedModel; ids: readonly number[]; sampling: Sampling; rng: Rng },
): number {
  let allowed = penalizeRepetition(logits, ids, sampling.repetitionPenalty);
  if (model.unusedIds.length > 0) {
    if (allowed === logits) allowed = logits.slice();
    for (const id of model.unusedIds) allowed[id] = -Infinity;
  }
  return draw(candidatesOf(allowed, sampling), rng);
}

function finishReason(
  model: LoadedModel,
  now: { id: number; stopText: StopText; written: number; maxTokens: number; length: number },
): FinishReason | undefined {
  if (model.endIds.has(now.id)) return 'end';
  if (now.stopText.stopped !== undefined) return 'stop';
  if (now.written >= now.maxTokens) return 'length';
  if (now.length >= model.config.context) return 'context';
  return undefined;
}

function notFinite(tokens: number): GlassboxError {
  return new GlassboxError(
    'not-finite',
    `The model's logits after ${tokens} tokens are not all numbers.`,
    { remedy: 'Its weights are damaged, or its training diverged: take an earlier checkpoint.' },
  );
}
