/**
 * An answer with calls of tools. The model writes until a special token closes a call; the tool runs;
 * what it gave stands behind, in the tokens that the template makes of it, and the model goes on from
 * there. What it wrote itself stays as it wrote it.
 *
 * Whatever a tool does, the model is given something: the answer, or what went wrong. It is given half of
 * what is left of the context at most, so that the model has room to answer, and to call again. An answer
 * ends after `maxTokens` of its own tokens and `maxCalls` calls at the latest.
 *
 * A tool that is asked for first (`ask`) is not run: the answer ends with the call as its last message,
 * and goes on when the conversation is given back with it (which is the consent) or with a message of
 * the tool behind it. With `continued` an answer goes on from tokens of its own, which may have opened a
 * call, or closed one that then runs.
 *
 * Not covered: several calls at once: each is run when it closes.
 */
import { GlassboxError } from '../../base/errors';
import { generate } from '../infer/infer';
import type { FinishReason, GenerateOptions, LoadedModel, Started } from '../infer/infer';
import { describeTool, runTool } from '../tools/tools';
import type { Tool, ToolOutcome, ToolResult } from '../tools/tools';
import { encodeConversation } from './conversation';
import { forcedBy } from './forcedResult';
import type { TemplateUse } from './forcedResult';
import type { ChatMessage, ToolCall } from './message';
import { MessageReader } from './messageReader';
import type { ConverseToken } from './messageReader';
import { ChatTemplate } from './template';
import { callFormOf, inputOf, readCall } from './toolCalls';
import type { CallForm } from './toolCalls';

export interface ConverseOptions extends Omit<GenerateOptions, 'endAt' | 'stop'> {
  readonly tools?: readonly Tool[] | undefined;
  /** Names of those that are not run before the conversation comes back with the call. */
  readonly ask?: readonly string[] | undefined;
  /** Default: 8. */
  readonly maxCalls?: number | undefined;
}

/** A call is complete. */
export interface CallMade {
  readonly kind: 'call';
  /** From 0, in this answer. */
  readonly call: number;
  readonly tool: string;
  /** What the tool is given of them. */
  readonly input: string;
  readonly arguments: ToolCall['arguments'];
}

export interface CallAnswered extends Omit<ToolResult, 'outcome'> {
  readonly kind: 'result';
  readonly call: number;
  /** `refused`: there is no such tool, or it is no call; nothing was run. */
  readonly outcome: ToolOutcome | 'refused';
  /** The tokens that the template made of it, up to where the model goes on. */
  readonly forced: readonly number[];
}

export interface Answered {
  readonly kind: 'done';
  /** `call`: consent is asked for the last call. `calls`: there were `maxCalls`. */
  readonly finishReason: FinishReason | 'call' | 'calls';
  /** What was said, without calls. */
  readonly text: string;
  /** What the conversation goes on with: calls, results, what was said last. */
  readonly messages: readonly ChatMessage[];
  /** A call that was not closed when the answer ended. */
  readonly unfinished?: string | undefined;
}

export type ConverseEvent = Started | ConverseToken | CallMade | CallAnswered | Answered;

const MOST_CALLS = 8;
/** Of what is left of the context when a tool is called, the share that its result may take. */
const MOST_OF_REST = 1 / 2;

/**
 * @throws GlassboxError `no-chat-template`, `no-tool-tokens`, and what `generate` throws
 */
export async function* converse(
  model: LoadedModel,
  messages: readonly ChatMessage[],
  options: ConverseOptions = {},
  signal?: AbortSignal,
): AsyncGenerator<ConverseEvent, void, void> {
  const { tools = [], ask = [], maxCalls = MOST_CALLS, maxTokens = 128, ...rest } = options;
  const speaker = speakerOf(model, tools);
  const { template, tokenizer, form, schemas } = speaker;
  const { context } = model.config;
  /** Tokens that a result may take behind so many others. */
  const roomBehind = (used: number): number =>
    Math.max(1, Math.floor((rest.sliding ? context : context - used) * MOST_OF_REST));
  const said: ChatMessage[] = [];
  let calls = 0;

  for (const call of messages.at(-1)?.toolCalls ?? []) {
    yield callMade(calls, call);
    const short: ChatMessage = { role: 'tool', content: '0' };
    const asked = encodeConversation([...messages, ...said, short], template, tokenizer, schemas);
    const result = await answerTo(call, speaker, roomBehind(asked.ids.length), signal);
    said.push({ role: 'tool', content: result.output });
    // Its tokens are part of the prompt.
    yield { kind: 'result', call: calls++, ...result, forced: [] };
  }
  const prompt = encodeConversation([...messages, ...said], template, tokenizer, schemas).ids;
  const behind = [...(rest.continued ?? [])];
  let [left, before, whole] = [maxTokens, '', ''];
  const done = (
    finishReason: Answered['finishReason'],
    more: Pick<Answered, 'unfinished'> = {},
  ): Answered => {
    const last: ChatMessage[] = before === '' && said.length > 0 ? [] : [answer(before)];
    const all = finishReason === 'call' ? said : [...said, ...last];
    return { kind: 'done', finishReason, text: whole, messages: all, ...more };
  };

  const names = tools.map(({ name }) => name);
  let [started, given] = [false, rest.continued ?? []];
  for (let part = 0; ; part++) {
    const seed = rest.seed === undefined ? undefined : (rest.seed + part) % 2 ** 32;
    const wish = { ...rest, seed, maxTokens: left, continued: behind };
    const written = yield* write(model, prompt, wish, { form, names, given, started, signal });
    started ||= written.started;
    given = [];
    behind.push(...written.ids);
    left -= written.ids.length;
    before += written.text;
    whole += written.text;
    const { finishReason, call: text, closed } = written;
    // Where calls are closed by what ends every turn, that may be all it is.
    const ends = text === undefined && form !== undefined && model.endIds.has(form.closes);
    if (!form || !closed || ends) {
      yield done(finishReason, { unfinished: text });
      return;
    }
    if (text !== undefined) {
      const call = readCall(text, form, names);
      yield callMade(calls, call);
      said.push(answer(before, call));
      before = '';
      if (ask.includes(call.name)) {
        yield done('call');
        return;
      }
      const room = roomBehind(prompt.length + behind.length);
      const result = await answerTo(call, speaker, room, signal);
      said.push({ role: 'tool', content: result.output });
      const forced = forcedBy([...messages, ...said], speaker, form.closes);
      behind.push(...forced);
      yield { kind: 'result', call: calls++, ...result, forced };
    }
    const full = prompt.length + behind.length >= context && rest.sliding !== true;
    if (full || left <= 0 || calls >= maxCalls) {
      yield done(full ? 'context' : left <= 0 ? 'length' : 'calls');
      return;
    }
  }
}

interface Speaker extends TemplateUse {
  readonly form: CallForm | undefined;
  readonly tools: readonly Tool[];
}

function speakerOf({ tokenizer, chatTemplate }: LoadedModel, tools: readonly Tool[]): Speaker {
  if (!tokenizer || chatTemplate === undefined)
    throw new GlassboxError('no-chat-template', 'The model was not taught to chat.', {
      remedy:
        'Let it go on with a text (glassbox generate), teach it to answer (glassbox sft), or put the chat_template.jinja that it was trained with into its folder.',
    });
  const template = new ChatTemplate(chatTemplate);
  const form = tools.length > 0 ? callFormOf(template, tokenizer) : undefined;
  if (tools.length > 0 && !form)
    throw new GlassboxError(
      'no-tool-tokens',
      'The model has no form for a call of a tool: no tokens that open and close one, nor a message of JSON.',
      {
        remedy: 'Fine-tune it on conversations with calls (glassbox sft), or leave out the tools.',
      },
    );
  return { template, tokenizer, form, tools, schemas: tools.map(describeTool) };
}

interface Written {
  readonly ids: readonly number[];
  readonly text: string;
  /** What stands in the call that was opened last. */
  readonly call: string | undefined;
  readonly closed: boolean;
  /** Whether it was told that the model begins. */
  readonly started: boolean;
  readonly finishReason: FinishReason;
}

/** Until a call is closed, or the answer ends. A call that is closed by what was given is closed at once. */
async function* write(
  model: LoadedModel,
  prompt: readonly number[],
  options: GenerateOptions,
  more: {
    readonly form: CallForm | undefined;
    readonly names: readonly string[];
    /** What was written of this part before. */
    readonly given: readonly number[];
    readonly started: boolean;
    readonly signal: AbortSignal | undefined;
  },
): AsyncGenerator<Started | ConverseToken, Written, void> {
  const { form, names, given, started, signal } = more;
  const { tokenizer, endIds } = model;
  const decode = (all: readonly number[]): string => tokenizer?.decode(all) ?? '';
  const reader = new MessageReader({ form, tools: names, endIds, decode }, given);
  const ids: number[] = [];
  let finishReason: FinishReason = 'end';
  const written = (): Written => {
    const { text, call, closed } = reader;
    return { ids, text, call, closed, finishReason, started: true };
  };
  if (reader.call !== undefined && reader.closed) return { ...written(), started };
  const endAt = form ? [form.closes] : [];
  for await (const step of generate(model, prompt, { ...options, endAt }, signal)) {
    if (step.kind === 'done') ({ finishReason } = step);
    else if (step.kind === 'start') {
      if (!started) yield step;
    } else {
      ids.push(step.id);
      yield* reader.read(step);
    }
  }
  yield* reader.end();
  return written();
}

/** What comes of a call: always something, cut to `room` tokens. */
async function answerTo(
  call: ToolCall,
  { tools, tokenizer }: Speaker,
  room: number,
  signal: AbortSignal | undefined,
): Promise<Omit<CallAnswered, 'kind' | 'call' | 'forced'>> {
  const tool = tools.find(({ name }) => name === call.name);
  if (!tool) {
    const names = tools.map(({ name }) => name).join(', ') || 'none';
    const what = call.name === '' ? 'this is no call' : `there is no tool ${call.name}`;
    const output = `error: ${what}; tools: ${names}`;
    return { outcome: 'refused', output, milliseconds: 0 };
  }
  const result = await runTool(tool, inputOf(call), { signal });
  const ids = tokenizer.encode(result.output, { special: 'text' });
  if (ids.length <= room) return result;
  // Where the cut goes through a character, its first half is none.
  const kept = tokenizer.decode(ids.slice(0, room)).replace(/\uFFFD+$/, '');
  return { ...result, output: `${kept} [cut off]` };
}

function answer(content: string, call?: ToolCall): ChatMessage {
  return { role: 'assistant', content, ...(call && { toolCalls: [call] }) };
}

function callMade(call: number, made: ToolCall): CallMade {
  const { name, arguments: given } = made;
  return { kind: 'call', call, tool: name, input: inputOf(made), arguments: given };
}
