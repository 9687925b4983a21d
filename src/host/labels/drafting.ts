/** What a model is asked for: an answer to draft from, or several to compare. */
import { GlassboxError } from '../../base/errors';
import type { Turn } from '../../labels/record';
import type { ModelSummary } from '../../protocol/catalogMessages';
import type { ConversationMessage, ConverseRequest } from '../../protocol/chatMessages';
import type { Consent, Sampling } from '../../protocol/chatSurface';
import type { DraftEvent } from '../../protocol/labelSurface';
import type { GenerateRequest } from '../../protocol/messages';
import { REFUSED } from '../chat/toolChoice';
import type { EngineClient } from '../engine/engineClient';
import type { DraftTools } from './draftTools';

type Request = Omit<GenerateRequest, 'backend' | 'threads'>;
type Computing = Pick<GenerateRequest, 'backend' | 'precision' | 'threads'>;

export interface DraftOptions {
  readonly sampling: Sampling;
  readonly computing: Computing;
  readonly seed?: number;
  /** None: the model answers without. */
  readonly tools?: DraftTools;
  /** What a person says to the call that the turns end with. */
  readonly consent?: Consent | undefined;
}

type Methods = Pick<
  Awaited<ReturnType<EngineClient['methods']>>,
  'chatForm' | 'converse' | 'generate'
>;

/** The text of an answer as it is written, without tools. */
export async function* writeAnswer(
  methods: Methods,
  turns: readonly Turn[],
  model: ModelSummary,
  options: Omit<DraftOptions, 'tools' | 'consent'>,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  for await (const event of draftAnswer(methods, turns, model, options, signal))
    if (event.kind === 'text') yield event.text;
}

/**
 * An answer as it is written, with calls of tools by a model that was taught them. One that was never
 * taught to chat goes on with a text: the conversation written down as questions and answers.
 */
export async function* draftAnswer(
  methods: Methods,
  turns: readonly Turn[],
  model: ModelSummary,
  { sampling, computing, seed, tools, consent }: DraftOptions,
  signal: AbortSignal,
): AsyncGenerator<DraftEvent, void, void> {
  const request = {
    ...{ ...sampling, ...computing, ...(seed !== undefined && { seed }) },
    maxTokens: Math.min(sampling.maxTokens, Math.max(1, Math.floor(model.context / 2))),
    model: model.folder,
    topLogprobs: 0,
  };
  if (turns.every(({ content }) => content.trim() === ''))
    throw new GlassboxError('empty-prompt', 'There is nothing to answer yet.', {
      remedy: 'Write the question first.',
    });
  if (tools && (await tools.calledBy(model, methods.chatForm))) {
    yield* draftWithTools(methods, request, turns, { tools, consent }, signal);
    return;
  }
  const said = turns.filter(({ content }) => content.trim() !== '');
  const text = { prompt: transcriptOf(said), sliding: true, stop: ['\nQuestion:'] };
  const messages = said.flatMap(({ role, content }) =>
    role === 'tool' ? [] : [{ role, content }],
  );
  const events = model.chat
    ? methods.converse({ ...request, messages }, signal)
    : methods.generate({ ...request, ...text }, signal);
  for await (const event of events)
    if (event.kind === 'token' && event.text !== '') yield { kind: 'text', text: event.text };
}

/** A call at the end of the turns is run only with consent: it may have come with the prompt. */
async function* draftWithTools(
  { converse }: Methods,
  request: Omit<ConverseRequest, 'messages' | 'tools'>,
  turns: readonly Turn[],
  { tools, consent }: { readonly tools: DraftTools; readonly consent: Consent | undefined },
  signal: AbortSignal,
): AsyncGenerator<DraftEvent, void, void> {
  const messages: ConversationMessage[] = turns
    .filter((turn) => saysSomething(turn))
    .map(({ role, content, toolCalls }) => ({ role, content, ...(toolCalls && { toolCalls }) }));
  const waiting = (messages.at(-1)?.toolCalls ?? []).map(({ name }) => name);
  if (consent === undefined && !tools.areAllowed(waiting)) {
    yield { kind: 'ask', tools: waiting };
    return;
  }
  /** Calls that are told of again before they run. */
  let known = waiting.length;
  if (consent === 'no') {
    known = 0;
    for (let call = 0; call < waiting.length; call++) {
      messages.push({ role: 'tool', content: REFUSED });
      yield { kind: 'result', output: REFUSED };
    }
  } else if (consent) tools.allow(waiting, consent);
  let last = '';
  for await (const event of converse({ ...request, messages, tools: tools.wishes() }, signal))
    if (event.kind === 'token') {
      if (event.within !== 'call' && event.text !== '') yield { kind: 'text', text: event.text };
    } else if (event.kind === 'call') {
      last = event.tool;
      if (known-- > 0) continue;
      yield { kind: 'call', call: { name: event.tool, arguments: event.arguments } };
    } else if (event.kind === 'result') yield { kind: 'result', output: event.output };
    else if (event.kind === 'done' && event.finishReason === 'call')
      yield { kind: 'ask', tools: [last] };
}

/** A call needs no words around it, and a tool may give none. */
const saysSomething = ({ role, content, toolCalls }: Turn): boolean =>
  content.trim() !== '' || toolCalls !== undefined || role === 'tool';

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
