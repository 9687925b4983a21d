/**
 * A conversation as a file: one line of JSON, tokens as short lists, since what a model thought of
 * some thousand tokens is most of it.
 */
import * as z from 'zod';
import { GlassboxError } from '../../base/errors';
import { count } from '../../protocol/fields';
import { callSchema, ENDINGS, resultSchema } from '../../protocol/chatSurface';
import { Conversation } from './conversation';
import type { Alternative, Token } from './conversation';

export interface KeptConversation {
  /** `text`: one that a model goes on with, without turns. */
  readonly mode: 'chat' | 'text';
  /** The folder of the model that it is held with. */
  readonly model: string | undefined;
  /** Tools that a person has allowed for all of it. */
  readonly allowed?: readonly string[] | undefined;
  readonly conversation: Conversation;
}

/** Tokens that keep what the model thought: some 200 bytes each. */
const MOST_THOUGHTS = 4000;

const alternativeSchema = z.tuple([count, z.string(), z.number()]);
const tokenSchema = z.tuple([
  count,
  z.string(),
  z.number(),
  count,
  z.number(),
  z.array(alternativeSchema),
  z.literal('call').optional(),
]);

const fileSchema = z.object({
  version: z.literal(1),
  mode: z.enum(['chat', 'text']),
  model: z.string().optional(),
  allowed: z.array(z.string()).readonly().optional(),
  passages: z
    .array(
      z.object({
        id: count,
        role: z.enum(['system', 'user', 'assistant', 'tool']),
        text: z.string(),
        tokens: z.array(tokenSchema),
        tokensBefore: count.optional(),
        ending: z.enum(ENDINGS).optional(),
        call: callSchema.optional(),
        result: resultSchema.optional(),
        parent: count.optional(),
        children: z.array(count).readonly(),
        chosen: count.optional(),
      }),
    )
    .min(1),
});

type KeptToken = z.infer<typeof tokenSchema>;

const short = ({ id, text, logprob }: Alternative): [number, string, number] => [id, text, logprob];
const restored = ([id, text, logprob]: [number, string, number]): Alternative => ({
  id,
  text,
  logprob,
});

export function writeConversation(kept: KeptConversation): string {
  const { mode, model, allowed, conversation } = kept;
  conversation.forgetThoughts(MOST_THOUGHTS);
  const passages = conversation.passages().map((passage) => ({
    ...passage,
    tokens: passage.tokens.map((token): KeptToken => {
      const measured = [...short(token), token.rank, token.entropy, token.top.map(short)] as const;
      return token.within ? [...measured, token.within] : [...measured];
    }),
  }));
  const file = { version: 1, mode, model, allowed, passages } as const;
  return JSON.stringify(file satisfies z.input<typeof fileSchema>);
}

/** @throws GlassboxError `conversation-file` where the text is no conversation */
export function readConversation(text: string): KeptConversation {
  try {
    const { mode, model, allowed, passages } = fileSchema.parse(JSON.parse(text));
    const conversation = Conversation.of(
      passages.map((passage) => ({
        ...passage,
        parent: passage.parent,
        chosen: passage.chosen,
        ending: passage.ending,
        call: passage.call,
        result: passage.result,
        tokensBefore: passage.tokensBefore,
        tokens: passage.tokens.map(([id, text, logprob, rank, entropy, top, within]): Token => {
          const token = { id, text, logprob, rank, entropy, top: top.map(restored) };
          return within ? { ...token, within } : token;
        }),
      })),
    );
    return { mode, model, conversation, ...(allowed && { allowed }) };
  } catch (cause) {
    throw new GlassboxError('conversation-file', 'A kept conversation could not be read.', {
      remedy: 'Begin a new one.',
      cause,
    });
  }
}
