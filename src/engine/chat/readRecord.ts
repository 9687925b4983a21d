/**
 * One record of a dataset as a conversation, whichever of the usual forms it has:
 *
 *   {"messages": [{"role", "content"}, ...]}                   OpenAI's; also tool_calls, weight, tools
 *   {"conversations": [{"from", "value"}, ...]}                ShareGPT's
 *   {"instruction", "input"?, "output"}                        Alpaca's
 *   {"question", "answer"}, {"prompt", "completion"}           a question with its answer
 *   {"prompt": {"role": "prompter", "text", "replies": [...]}} a tree of OASST
 *
 * A tree gives a conversation for each way down that a person took; of several answers in one place
 * the best ranked is taken, and one that several conversations share is learnt in the first alone.
 *
 * Not covered: contents that are not text, comparisons of answers.
 */
import * as z from 'zod';
import { GlassboxError } from '../../base/errors';
import type { ToolSchema } from '../tools/tools';
import type { ChatMessage, ChatRole, ToolCall } from './message';

/** Text, or parts that are all text. */
const contentSchema = z.union([
  z.string(),
  z
    .array(z.object({ type: z.literal('text'), text: z.string() }))
    .transform((parts) => parts.map(({ text }) => text).join('')),
  z.null().transform(() => ''),
]);

const argumentsSchema = z.union([z.string(), z.record(z.string(), z.unknown())]);
const toolCallSchema = z
  .object({ function: z.object({ name: z.string(), arguments: argumentsSchema }) })
  .transform((call): ToolCall => call.function);

const roleNames: Readonly<Record<string, ChatRole>> = {
  ...{ system: 'system', developer: 'system' },
  ...{ user: 'user', human: 'user', prompter: 'user' },
  ...{ assistant: 'assistant', gpt: 'assistant', model: 'assistant', chatgpt: 'assistant' },
  ...{ tool: 'tool', function: 'tool', observation: 'tool', ipython: 'tool' },
};

/** The role that a word in a file means; undefined for one that no conversation here has. */
export function roleNamed(name: string): ChatRole | undefined {
  return Object.hasOwn(roleNames, name) ? roleNames[name] : undefined;
}

const roleSchema = z.string().transform((name, context): ChatRole => {
  const role = roleNamed(name);
  if (role) return role;
  context.addIssue({ code: 'custom', message: `"${name.slice(0, 40)}" is no role` });
  return z.NEVER;
});

const messagesSchema = z
  .object({
    messages: z
      .array(
        z.object({
          role: roleSchema,
          content: contentSchema.default(''),
          tool_calls: z.array(toolCallSchema).nullish(),
          weight: z.number().nullish(),
        }),
      )
      .min(1),
  })
  .transform(({ messages }): ChatMessage[][] => [
    messages.map(({ role, content, tool_calls: toolCalls, weight }) => ({
      role,
      content,
      ...(toolCalls && toolCalls.length > 0 ? { toolCalls } : {}),
      ...(weight === 0 ? { trained: false } : {}),
    })),
  ]);

const shareGptSchema = z
  .object({ conversations: z.array(z.object({ from: roleSchema, value: z.string() })).min(1) })
  .transform(({ conversations }): ChatMessage[][] => [
    conversations.map(({ from, value }) => ({ role: from, content: value })),
  ]);

const pair = (question: string, answer: string, system?: string | null): ChatMessage[][] => [
  [
    ...(system ? [{ role: 'system' as const, content: system }] : []),
    { role: 'user', content: question },
    { role: 'assistant', content: answer },
  ],
];

const alpacaSchema = z
  .object({
    instruction: z.string(),
    input: z.string().nullish(),
    output: z.string(),
    system: z.string().nullish(),
  })
  .transform(({ instruction, input, output, system }) =>
    pair(input ? `${instruction}\n\n${input}` : instruction, output, system),
  );

const questionSchema = z
  .object({ question: z.string(), answer: z.string() })
  .transform(({ question, answer }) => pair(question, answer));

const promptSchema = z
  .object({
    prompt: z.string(),
    completion: z.string().optional(),
    response: z.string().optional(),
  })
  .transform(({ prompt, completion, response }, context) => {
    const answer = completion ?? response;
    if (answer !== undefined) return pair(prompt, answer);
    context.addIssue({ code: 'custom', message: 'completion is missing' });
    return z.NEVER;
  });

interface TreeNode {
  readonly role: ChatRole;
  readonly text: string;
  readonly rank?: number | null | undefined;
  readonly deleted?: boolean | null | undefined;
  readonly replies: readonly TreeNode[];
}

/** Deeper than any conversation goes, and shallow enough for the stack. */
const DEEPEST = 500;

const treeNodeSchema: z.ZodType<TreeNode> = z.object({
  role: roleSchema,
  text: z.string(),
  rank: z.number().nullish(),
  deleted: z.boolean().nullish(),
  get replies() {
    return z.array(treeNodeSchema).default([]);
  },
});

const treeSchema = z
  .object({ prompt: treeNodeSchema })
  .transform(({ prompt }) => [...pathsOf(prompt)]);

/** Conversations end with an answer: what was asked last and never answered is left out. */
function* pathsOf(root: TreeNode): Generator<ChatMessage[]> {
  const learnt = new Set<TreeNode>();
  const walk = function* (node: TreeNode, before: readonly TreeNode[]): Generator<ChatMessage[]> {
    const path = [...before, node];
    const there = node.replies.filter(({ deleted }) => deleted !== true);
    const ranked = [...there].sort((a, b) => (a.rank ?? Infinity) - (b.rank ?? Infinity));
    const next = node.role === 'user' ? ranked.slice(0, 1) : there;
    let went = false;
    for (const reply of next) {
      for (const found of walk(reply, path)) {
        went = true;
        yield found;
      }
    }
    if (went || node.role !== 'assistant') return;
    yield path.map((each) => {
      const again = each.role === 'assistant' && learnt.has(each);
      if (each.role === 'assistant') learnt.add(each);
      return { role: each.role, content: each.text, ...(again ? { trained: false } : {}) };
    });
  };
  yield* walk(root, []);
}

const FORMS: readonly (readonly [
  name: string,
  fields: readonly string[],
  schema: z.ZodType<ChatMessage[][]>,
])[] = [
  ['messages', ['messages'], messagesSchema],
  ['ShareGPT', ['conversations'], shareGptSchema],
  ['Alpaca', ['instruction', 'output'], alpacaSchema],
  ['question and answer', ['question', 'answer'], questionSchema],
  ['OASST tree', ['prompt'], treeSchema],
  ['prompt and completion', ['prompt'], promptSchema],
];

const recordSchema = z.record(z.string(), z.unknown());

/**
 * The conversations of a record.
 *
 * @throws GlassboxError `bad-record`, which says what is wrong where
 */
export function readRecord(value: unknown): ChatMessage[][] {
  const record = recordSchema.safeParse(value);
  if (!record.success) throw badRecord('this is no JSON object');
  const fields = record.data;
  const isTree = typeof fields['prompt'] === 'object';
  const form = FORMS.find(
    ([name, needed]) =>
      needed.every((field) => Object.hasOwn(fields, field)) && (name !== 'OASST tree' || isTree),
  );
  if (!form) {
    const names = Object.keys(fields).slice(0, 6).join(', ') || 'none';
    throw badRecord(
      `these fields are no known form of a conversation: ${names}; expected messages, conversations, instruction and output, question and answer, prompt and completion, or a tree in prompt`,
    );
  }
  if (isTree && depthOf(value) > DEEPEST) throw badRecord('the tree is too deep');
  const parsed = form[2].safeParse(fields);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.length ? `${issue.path.join('.')}: ` : '';
  throw badRecord(`${where}${issue?.message ?? 'not valid'}`);
}

const named = z.object({ name: z.string().min(1) });
const functionSchema = z.union([z.object({ function: named }), named]);
/** OpenAI's form of a function, or the function alone: as it stands, in its order, for templates to write. */
const toolSchema = recordSchema.refine((tool) => functionSchema.safeParse(tool).success);

export interface RecordTools {
  readonly tools?: readonly ToolSchema[];
  /** Why there are none, though the record has a field of that name. */
  readonly problem?: string;
}

/** Which tools a record says there are, in its field `tools`: a list, or (in columns of tables) its JSON. */
export function readTools(value: unknown): RecordTools {
  const record = recordSchema.safeParse(value);
  const given = record.success ? record.data['tools'] : undefined;
  if (given === undefined || given === null || given === '') return {};
  let list: unknown = given;
  try {
    if (typeof given === 'string') list = JSON.parse(given);
  } catch {
    return { problem: 'tools: this text is no JSON' };
  }
  const parsed = z.array(toolSchema).safeParse(list);
  if (parsed.success) return { tools: parsed.data };
  const place = parsed.error.issues[0]?.path[0];
  const which =
    typeof place === 'number' ? `tools[${place}]: expected` : 'tools: expected a list of';
  return {
    problem: `${which} {"type": "function", "function": {"name": ...}}`,
  };
}

/** How deep a JSON value nests, without a stack of its own. */
function depthOf(value: unknown): number {
  let level: unknown[] = [value];
  let depth = 0;
  while (level.length > 0 && depth <= 2 * DEEPEST) {
    depth++;
    level = level.flatMap((each): unknown[] =>
      typeof each === 'object' && each !== null ? Object.values({ ...each }) : [],
    );
  }
  return Math.ceil(depth / 2);
}

function badRecord(what: string): GlassboxError {
  return new GlassboxError('bad-record', what);
}
