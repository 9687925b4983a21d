/**
 * A conversation as a model's chat template (Jinja, as Hugging Face's tokenizers carry it) writes it
 * down, and as tokens.
 *
 * Only the template may make special tokens. What looks like one in a message would else end the
 * message, or begin another in someone else's name; so before rendering it is replaced by random
 * digits, which the template passes on as it does any text, and afterwards encoded as the plain text
 * that it is. Everything else the template sees as it is, and is encoded in one piece with it, so
 * that the tokens are those that transformers makes.
 *
 * Not covered: tools, documents, pictures.
 */
import { randomBytes } from 'node:crypto';
import { Template } from '@huggingface/jinja';
import { GlassboxError, messageOf } from '../../base/errors';
import type { Tokenizer } from '../tokenizer/tokenizer';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface Conversation {
  /** What the template wrote. */
  readonly text: string;
  readonly ids: readonly number[];
}

/**
 * The conversation up to where the assistant's next message begins.
 *
 * @throws GlassboxError `chat-template`: the template is damaged, or refuses these messages
 */
export function encodeConversation(
  messages: readonly ChatMessage[],
  template: string,
  tokenizer: Tokenizer,
): Conversation {
  const hidden = new Hidden(tokenizer.specialTokens.keys());
  const rendered = render(template, {
    messages: messages.map(({ role, content }) => ({ role, content: hidden.hide(content) })),
    add_generation_prompt: true,
    bos_token: textOf(tokenizer, tokenizer.bosId),
    eos_token: textOf(tokenizer, tokenizer.eosId),
  });
  const parts = hidden.split(rendered);
  return {
    text: parts.map(({ text }) => text).join(''),
    // The first part alone may get what a tokenizer puts before a text.
    ids: parts.flatMap(({ text, special }, index) =>
      tokenizer.encode(text, { special, continues: index > 0 }),
    ),
  };
}

function render(template: string, variables: Record<string, unknown>): string {
  try {
    return new Template(template).render(variables);
  } catch (cause) {
    throw new GlassboxError(
      'chat-template',
      `The model's chat template cannot write this conversation: ${messageOf(cause)}`,
      {
        remedy:
          'Check that roles take turns, beginning with the user, or leave out the system message.',
        cause,
      },
    );
  }
}

function textOf(tokenizer: Tokenizer, id: number | undefined): string {
  return id === undefined ? '' : tokenizer.tokenText(id);
}

interface Part {
  readonly text: string;
  readonly special: 'allow' | 'text';
}

/** Texts that stand for others nobody can guess. */
class Hidden {
  /** The texts to hide; undefined where there is none. */
  readonly #wanted: RegExp | undefined;
  readonly #key = BigInt(`0x${randomBytes(16).toString('hex')}`).toString();
  readonly #texts: string[] = [];

  constructor(texts: Iterable<string>) {
    // Of two that begin alike the longer one is found.
    const sorted = [...texts].sort((a, b) => b.length - a.length);
    const alternatives = sorted.map((text) => text.replace(/[^\w]/gu, '\\$&'));
    this.#wanted = sorted.length === 0 ? undefined : new RegExp(alternatives.join('|'), 'g');
  }

  hide(text: string): string {
    if (!this.#wanted) return text;
    return text.replace(this.#wanted, (found) => {
      this.#texts.push(found);
      return `${this.#key}:${this.#texts.length - 1};`;
    });
  }

  /** The text with what was hidden in its place, cut where that begins and ends. */
  split(text: string): Part[] {
    const parts: Part[] = [];
    let rest = 0;
    for (const match of text.matchAll(new RegExp(`${this.#key}:(\\d+);`, 'g'))) {
      parts.push({ text: text.slice(rest, match.index), special: 'allow' });
      parts.push({ text: this.#texts[Number(match[1])] ?? '', special: 'text' });
      rest = match.index + match[0].length;
    }
    parts.push({ text: text.slice(rest), special: 'allow' });
    return parts.filter((part) => part.text !== '');
  }
}
