/**
 * How a template writes calls of tools: which tokens open and close one, and what stands between them.
 * Found by letting it write one, so that it holds for any template whose calls stand between special
 * tokens of the tokenizer, or others that were added to it (Qwen's `<tool_call>` is no special one).
 *
 * Where no token of the model's own opens a call, as in Llama 3.1's form for one's own tools, the call is
 * a JSON object and all that the message holds. It is known by how it begins, up to the tool's name.
 *
 * Not covered: calls without such a token behind something that is said.
 */
import * as z from 'zod';
import { GlassboxError } from '../../base/errors';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { encodeConversation } from './conversation';
import { sameBefore } from './forcedResult';
import type { ChatMessage, ToolCall } from './message';
import type { ChatTemplate } from './template';

export interface CallForm {
  /** Absent where a call is all that a message holds. */
  readonly opens?: number;
  readonly closes: number;
  /** Without a token that opens it: how a message begins that is a call, without blanks. */
  readonly begins?: string;
  /** Whether a calculator's call holds nothing but what is to be computed. */
  readonly plain: boolean;
}

const CONTENT = 'Well then';
const ARGUMENTS = '12345 + 67890';
const CALCULATOR = 'calculator';

/** undefined where the template has no place for a call, or writes it in neither form. */
export function callFormOf(template: ChatTemplate, tokenizer: Tokenizer): CallForm | undefined {
  // Some tokenizers have runs of blanks and line feeds among their added tokens.
  const added = [...tokenizer.addedTokens].filter(([text]) => text.trim() !== '');
  const marks = new Set(added.map(([, id]) => id));
  const ids = writtenBy(template, tokenizer, SAMPLE);
  // What stands before the answer is never written by the model.
  const prompt = writtenBy(template, tokenizer, SAMPLE.slice(0, 1));
  const begins = sameBefore(ids, prompt);
  let opens: { readonly id: number; readonly at: number } | undefined;
  let between: number[] = [];
  for (const [at, id] of ids.entries()) {
    if (!marks.has(id)) {
      between.push(id);
      continue;
    }
    const text = tokenizer.decode(between);
    if (opens !== undefined && text.includes(ARGUMENTS) && !text.includes(CONTENT)) {
      if (opens.at >= begins)
        return { opens: opens.id, closes: id, plain: text.trim() === ARGUMENTS };
      const before = tokenizer.decode(prompt.slice(opens.at + 1));
      return text.startsWith(before) ? bareForm(text.slice(before.length), id) : undefined;
    }
    [opens, between] = [{ id, at }, []];
  }
  return undefined;
}

/** @param text all that the message holds: only where it is JSON it is told from what is said. */
function bareForm(text: string, closes: number): CallForm | undefined {
  const call = callSchema.safeParse(jsonOf(text));
  if (call.data?.name !== CALCULATOR) return undefined;
  const begins = text.slice(0, text.indexOf(CALCULATOR)).replace(/\s/g, '');
  return { begins, closes, plain: false };
}

const SAMPLE: readonly ChatMessage[] = [
  { role: 'user', content: 'a' },
  {
    role: 'assistant',
    content: CONTENT,
    toolCalls: [{ name: CALCULATOR, arguments: ARGUMENTS }],
  },
  { role: 'tool', content: 'b' },
];

function writtenBy(
  template: ChatTemplate,
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
): readonly number[] {
  try {
    return encodeConversation(messages, template, tokenizer).ids;
  } catch (thrown) {
    // It refuses the role, or the call: then it has no form for one.
    if (thrown instanceof GlassboxError) return [];
    throw thrown;
  }
}

const argumentsSchema = z.union([z.string(), z.record(z.string(), z.unknown())]);
const writtenSchema = z.object({
  name: z.string(),
  arguments: argumentsSchema.optional(),
  parameters: argumentsSchema.optional(),
});
const callSchema = writtenSchema.transform((call): ToolCall => ({
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

/** Whether a text is a call, of whatever tool, and no other JSON. */
export function holdsArguments(text: string): boolean {
  const { data } = writtenSchema.safeParse(jsonOf(text));
  return (data?.arguments ?? data?.parameters) !== undefined;
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
