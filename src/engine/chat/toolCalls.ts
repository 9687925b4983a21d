/**
 * How a template writes calls of tools: which tokens open and close one, and what stands between them.
 * Found by letting it write one, so that it holds for any template whose calls stand between special
 * tokens of the tokenizer, or others that were added to it (Qwen's `<tool_call>` is no special one).
 *
 * Not covered: calls without a token that opens them, as Llama 3.1 writes those of one's own tools.
 */
import * as z from 'zod';
import { GlassboxError } from '../../base/errors';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { encodeConversation } from './conversation';
import type { ChatMessage, ToolCall } from './message';
import type { ChatTemplate } from './template';

export interface CallForm {
  readonly opens: number;
  readonly closes: number;
  /** Whether a calculator's call holds nothing but what is to be computed. */
  readonly plain: boolean;
}

const CONTENT = 'Well then';
const ARGUMENTS = '12345 + 67890';
const CALCULATOR = 'calculator';

/** undefined where the template has no place for a call, or writes it without such tokens. */
export function callFormOf(template: ChatTemplate, tokenizer: Tokenizer): CallForm | undefined {
  // Some tokenizers have runs of blanks and line feeds among their added tokens.
  const added = [...tokenizer.addedTokens].filter(([text]) => text.trim() !== '');
  const marks = new Set(added.map(([, id]) => id));
  const ids = [...writtenCall(template, tokenizer)];
  let opens: number | undefined;
  let between: number[] = [];
  for (const id of ids) {
    if (!marks.has(id)) {
      between.push(id);
      continue;
    }
    const text = tokenizer.decode(between);
    if (opens !== undefined && text.includes(ARGUMENTS) && !text.includes(CONTENT))
      return { opens, closes: id, plain: text.trim() === ARGUMENTS };
    [opens, between] = [id, []];
  }
  return undefined;
}

function writtenCall(template: ChatTemplate, tokenizer: Tokenizer): readonly number[] {
  const messages: ChatMessage[] = [
    { role: 'user', content: 'a' },
    {
      role: 'assistant',
      content: CONTENT,
      toolCalls: [{ name: CALCULATOR, arguments: ARGUMENTS }],
    },
    { role: 'tool', content: 'b' },
  ];
  try {
    return encodeConversation(messages, template, tokenizer).ids;
  } catch (thrown) {
    // It refuses the role, or the call: then it has no form for one.
    if (thrown instanceof GlassboxError) return [];
    throw thrown;
  }
}

const argumentsSchema = z.union([z.string(), z.record(z.string(), z.unknown())]);
const callSchema = z
  .object({
    name: z.string(),
    arguments: argumentsSchema.optional(),
    parameters: argumentsSchema.optional(),
  })
  .transform((call): ToolCall => ({
    name: call.name,
    arguments: call.arguments ?? call.parameters ?? '',
  }));

/**
 * What stands between the tokens, as a call; where it is none, a call of nothing with the text as it
 * is. JSON with the name, or what a tool is asked: that is the calculator, or else the first.
 */
export function readCall(text: string, form: CallForm, tools: readonly string[]): ToolCall {
  const parsed = callSchema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  const name = form.plain ? (tools.find((each) => each === CALCULATOR) ?? tools[0]) : undefined;
  return { name: name ?? '', arguments: text.trim() };
}

/** What the tool is given: the text, or the one value in an object, or the object as JSON. */
export function inputOf({ arguments: given }: ToolCall): string {
  if (typeof given === 'string') return given;
  const values = Object.values(given);
  const [only] = values;
  if (values.length === 1 && (typeof only === 'string' || typeof only === 'number'))
    return String(only);
  return JSON.stringify(given);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
