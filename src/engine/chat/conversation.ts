/**
 * A conversation as a model's chat template writes it down, and as tokens, with those marked that the
 * assistant says.
 *
 * Only the template may make special tokens. What looks like one in a message would else end the
 * message, or begin another in someone else's name; so before rendering it is replaced by random
 * digits, which the template passes on as it does any text, and afterwards encoded as the plain text
 * that it is. Everything else the template sees as it is, and is encoded in one piece with it, so
 * that the tokens are those that transformers makes.
 *
 * What is learnt are the assistant's parts. A template with `{% generation %}` marks says where they
 * are. For another each is found by writing the conversation up to where the answer begins, and once
 * more with it: what the second text has more, up to the last special token in it, is the answer.
 * Where a template rewrites what was said before (as those do that drop earlier thoughts), an answer
 * cannot be found in the whole, and is not learnt.
 *
 * A template that asks for `tools` gets the schemas of those there are, as transformers gives them.
 *
 * Not covered: documents, pictures.
 */
import type { Tokenizer } from '../tokenizer/tokenizer';
import type { ToolSchema } from '../tools/tools';
import { Hidden } from './hidden';
import type { Part, Span } from './hidden';
import type { ChatMessage } from './message';
import { ChatTemplate } from './template';

export interface Conversation {
  /** What the template wrote. */
  readonly text: string;
  readonly ids: readonly number[];
}

export interface TrainingConversation extends Conversation {
  /** 1 for each id that is to be learnt, else 0. */
  readonly mask: readonly number[];
  /** Where each id stands in the text, in UTF-16 code units, half-open. */
  readonly offsets: readonly Span[];
  /** What looked like special tokens in what was said, and was encoded as plain text. */
  readonly defused: readonly string[];
  /** Answers that could not be found in what the template wrote. */
  readonly lost: number;
}

/**
 * The conversation up to where the assistant's next message begins.
 *
 * @throws GlassboxError `chat-template`: the template is damaged, or refuses these messages
 */
export function encodeConversation(
  messages: readonly ChatMessage[],
  template: string | ChatTemplate,
  tokenizer: Tokenizer,
  tools: readonly ToolSchema[] = [],
): Conversation {
  const writer = new Writer(messages, template, tokenizer, tools);
  const { parts } = writer.reveal(writer.write(messages.length, true));
  return {
    text: textOf(parts),
    // The first part alone may get what a tokenizer puts before a text.
    ids: parts.flatMap(({ text, special }, index) =>
      tokenizer.encode(text, { special, continues: index > 0 }),
    ),
  };
}

/**
 * A whole conversation, to learn its answers from.
 *
 * @throws GlassboxError `chat-template`
 */
export function encodeForTraining(
  messages: readonly ChatMessage[],
  template: ChatTemplate,
  tokenizer: Tokenizer,
  tools: readonly ToolSchema[] = [],
): TrainingConversation {
  const writer = new Writer(messages, template, tokenizer, tools);
  const whole = writer.reveal(writer.write(messages.length, false));
  const text = textOf(whole.parts);
  const answers = messages.filter(({ role }) => role === 'assistant');
  const found = template.marked ? whole.spans : writer.answers(text);
  // Where a template divides an answer, or joins several, nobody can say which part is whose.
  const tells = found.length === answers.length;
  const spans = found.filter((span, at) => span && (!tells || answers[at]?.trained !== false));
  const ids: number[] = [];
  const mask: number[] = [];
  const offsets: Span[] = [];
  let base = 0;
  for (const [index, part] of whole.parts.entries()) {
    const encoding = { special: part.special, continues: index > 0 };
    const encoded = tokenizer.encodeWithOffsets(part.text, encoding);
    for (const [at, id] of encoded.ids.entries()) {
      const [from, to] = encoded.offsets[at]!.utf16;
      const [start, end] = [base + from, base + to];
      ids.push(id);
      offsets.push([start, end]);
      mask.push(spans.some((span) => span && start < span[1] && end > span[0]) ? 1 : 0);
    }
    base += part.text.length;
  }
  const lost = found.filter((span) => span === undefined).length;
  return { text, ids, mask, offsets, defused: writer.defused, lost };
}

/**
 * Where what is said stands in the text that a template wrote, in order: everything else is the
 * template's. What the template rewrote isn't found, and is left out.
 */
export function saidIn(text: string, messages: readonly ChatMessage[]): Span[] {
  const spans: Span[] = [];
  let from = 0;
  const find = (said: string): void => {
    const exact = said === '' ? -1 : text.indexOf(said, from);
    const found = exact >= 0 ? said : said.trim();
    const at = exact >= 0 || found === '' ? exact : text.indexOf(found, from);
    if (at < 0) return;
    from = at + found.length;
    spans.push([at, from]);
  };
  for (const { content, toolCalls = [] } of messages) {
    find(content);
    for (const { name, arguments: given } of toolCalls) {
      find(name);
      if (typeof given === 'string') find(JSON.stringify(given).slice(1, -1));
    }
  }
  return spans;
}

/** The same messages written in several lengths. */
class Writer {
  readonly #hidden: Hidden;
  readonly #messages: readonly Record<string, unknown>[];
  readonly #roles: readonly string[];
  readonly #template: ChatTemplate;
  readonly #tokenizer: Tokenizer;
  readonly #tools: unknown;

  constructor(
    messages: readonly ChatMessage[],
    template: string | ChatTemplate,
    tokenizer: Tokenizer,
    tools: readonly ToolSchema[],
  ) {
    this.#template = typeof template === 'string' ? new ChatTemplate(template) : template;
    this.#tokenizer = tokenizer;
    this.#hidden = new Hidden(tokenizer.specialTokens.keys());
    this.#tools = tools.length === 0 ? null : this.#argument(tools);
    this.#roles = messages.map(({ role }) => role);
    this.#messages = messages.map(({ role, content, toolCalls }) => ({
      role,
      content: this.#hidden.hide(content),
      ...(toolCalls && {
        tool_calls: toolCalls.map((call) => ({
          type: 'function',
          function: {
            name: this.#hidden.hide(call.name),
            arguments: this.#argument(call.arguments),
          },
        })),
      }),
    }));
  }

  get defused(): readonly string[] {
    return [...new Set(this.#hidden.texts)];
  }

  /** The first `count` messages, hidden texts not yet in their places. */
  write(count: number, prompt: boolean): string {
    const { bosId, eosId } = this.#tokenizer;
    return this.#template.render({
      messages: this.#messages.slice(0, count),
      tools: this.#tools,
      add_generation_prompt: prompt,
      bos_token: this.#nameOf(bosId),
      eos_token: this.#nameOf(eosId),
      opens_answer: this.#hidden.opens,
      closes_answer: this.#hidden.closes,
    });
  }

  reveal(written: string): ReturnType<Hidden['reveal']> {
    return this.#hidden.reveal(written);
  }

  /** Where each answer is in the whole text, of a template without marks; undefined where it isn't. */
  answers(whole: string): (Span | undefined)[] {
    return this.#roles.flatMap((role, at) => {
      if (role !== 'assistant') return [];
      const before = this.#textOf(at, true);
      const after = this.#textOf(at + 1, false);
      if (!after.startsWith(before) || !whole.startsWith(after)) return [undefined];
      const end = before.length + this.#lengthOfAnswer(after.slice(before.length));
      return [[before.length, end] as const];
    });
  }

  #textOf(count: number, prompt: boolean): string {
    return textOf(this.reveal(this.write(count, prompt)).parts);
  }

  /** An answer ends with its last special token, where it has one: a line feed may follow. */
  #lengthOfAnswer(answer: string): number {
    let end = 0;
    for (const name of this.#tokenizer.specialTokens.keys()) {
      const at = answer.lastIndexOf(name);
      if (at >= 0) end = Math.max(end, at + name.length);
    }
    const rest = answer.slice(end);
    return end > 0 && rest.trim() === '' ? end : answer.length;
  }

  #argument(value: unknown): unknown {
    if (typeof value === 'string') return this.#hidden.hide(value);
    if (Array.isArray(value)) return value.map((each) => this.#argument(each));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [this.#hidden.hide(key), this.#argument(each)]),
    );
  }

  #nameOf(id: number | undefined): string {
    return id === undefined ? '' : this.#tokenizer.tokenText(id);
  }
}

function textOf(parts: readonly Part[]): string {
  return parts.map(({ text }) => text).join('');
}
