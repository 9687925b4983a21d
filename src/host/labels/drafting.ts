/** What a model is asked for: an answer to draft from, or several to compare. */
import { GlassboxError } from '../../base/errors';
import type { Turn } from '../../labels/record';
import type { ModelSummary } from '../../protocol/catalogMessages';
import type { Sampling } from '../../protocol/chatSurface';
import type { GenerateRequest } from '../../protocol/messages';
import type { EngineClient } from '../engine/engineClient';

type Request = Omit<GenerateRequest, 'backend' | 'threads'>;
type Computing = Pick<GenerateRequest, 'backend' | 'precision' | 'threads'>;

export interface DraftOptions {
  readonly sampling: Sampling;
  readonly computing: Computing;
  readonly seed?: number;
}

/**
 * An answer as it is written. A model that was never taught to chat goes on with a text: the
 * conversation written down as questions and answers.
 */
export async function* writeAnswer(
  {
    converse,
    generate,
  }: Pick<Awaited<ReturnType<EngineClient['methods']>>, 'converse' | 'generate'>,
  turns: readonly Turn[],
  model: ModelSummary,
  { sampling, computing, seed }: DraftOptions,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  const { context } = model;
  const request = {
    ...{ ...sampling, ...computing, ...(seed !== undefined && { seed }) },
    maxTokens: Math.min(sampling.maxTokens, Math.max(1, Math.floor(context / 2))),
    model: model.folder,
    topLogprobs: 0,
  };
  const said = turns.filter(({ content }) => content.trim() !== '');
  if (said.length === 0)
    throw new GlassboxError('empty-prompt', 'There is nothing to answer yet.', {
      remedy: 'Write the question first.',
    });
  const text = { prompt: transcriptOf(said), sliding: true, stop: ['\nQuestion:'] };
  const messages = said.flatMap(({ role, content }) =>
    role === 'tool' ? [] : [{ role, content }],
  );
  const events = model.chat
    ? converse({ ...request, messages }, signal)
    : generate({ ...request, ...text }, signal);
  for await (const event of events)
    if (event.kind === 'token' && event.text !== '') yield event.text;
}

function transcriptOf(turns: readonly Turn[]): string {
  const lines = turns.map(({ role, content }) =>
    role === 'user'
      ? `Question: ${content}`
      : role === 'assistant'
        ? `Answer: ${content}`
        : content,
  );
  return `${lines.join('\n')}\nAnswer:`;
}

/** More prompts like these; the model goes on with the list. */
export function promptsRequest(
  examples: readonly string[],
  model: ModelSummary,
  sampling: Sampling,
  seed: number,
): Request {
  const lines = examples.map((text) => `Question: ${text}\n`);
  return {
    ...sampling,
    maxTokens: Math.min(sampling.maxTokens, Math.max(1, Math.floor(model.context / 2))),
    model: model.folder,
    topLogprobs: 0,
    seed,
    sliding: true,
    prompt: `${lines.join('')}Question:`,
  };
}

/** The questions in what a model wrote after `Question:`; the last one may be cut off and is left out. */
export function promptsIn(text: string, isComplete: boolean): string[] {
  const lines = text.split('\n');
  const whole = isComplete ? lines : lines.slice(0, -1);
  return whole
    .map((line, at) => (at === 0 ? line : /^\s*Question:(.*)$/.exec(line)?.[1]) ?? '')
    .map((line) => line.trim())
    .filter((line) => /[\p{L}\p{N}]/u.test(line));
}
