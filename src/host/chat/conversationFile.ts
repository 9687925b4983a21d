/**
 * A conversation as a file: one line of JSON, tokens as short lists, since what a model thought of
 * some thousand tokens is most of it.
 */
import * as z from 'zod';
import { GlassboxError } from '../../base/errors';
import { count } from '../../protocol/fields';
import { Conversation, ENDINGS } from './conversation';
import type { Alternative, Token } from './conversation';

export interface KeptConversation {
  /** `text`: one that a model goes on with, without turns. */
  readonly mode: 'chat' | 'text';
  /** The folder of the model that it is held with. */
  readonly model: string | undefined;
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
]);

const fileSchema = z.object({
  version: z.literal(1),
  mode: z.enum(['chat', 'text']),
  model: z.string().optional(),
  passages: z
    .array(
      z.object({
        id: count,
        role: z.enum(['system', 'user', 'assistant']),
        text: z.string(),
        tokens: z.array(tokenSchema),
        tokensBefore: count.optional(),
        ending: z.enum(ENDINGS).optional(),
        parent: count.optional(),
        children: z.array(count).readonly(),
        chosen: count.optional(),
      }),
    )
    .min(1),
});

type KeptToken = z.infer<typeof tokenSchema>;

const kept = ({ id, text, logprob }: Alternative): [number, string, number] => [id, text, logprob];
const restored = ([id, text, logprob]: [number, string, number]): Alternative => ({
  id,
  text,
  logprob,
});

export function writeConversation({ mode, model, conversation }: KeptConversation): string {
  conversation.forgetThoughts(MOST_THOUGHTS);
  const passages = conversation.passages().map((passage) => ({
    ...passage,
    tokens: passage.tokens.map((token): KeptToken => {
      return [...kept(token), token.rank, token.entropy, token.top.map(kept)];
    }),
  }));
  return JSON.stringify({ version: 1, mode, model, passages } satisfies z.input<typeof fileSchema>);
}

/** @throws GlassboxError `conversation-file` where the text is no conversation */
export function readConversation(text: string): KeptConversation {
  try {
    const { mode, model, passages } = fileSchema.parse(JSON.parse(text));
    const conversation = Conversation.of(
      passages.map((passage) => ({
        ...passage,
        parent: passage.parent,
        chosen: passage.chosen,
        ending: passage.ending,
        tokensBefore: passage.tokensBefore,
        tokens: passage.tokens.map(([id, text, logprob, rank, entropy, top]): Token => {
          return { id, text, logprob, rank, entropy, top: top.map(restored) };
        }),
      })),
    );
    return { mode, model, conversation };
  } catch (cause) {
    throw new GlassboxError('conversation-file', 'A kept conversation could not be read.', {
      remedy: 'Begin a new one.',
      cause,
    });
  }
}
