/**
 * The tokens that stand behind what a model wrote once a tool has answered: what the template makes of
 * the result, and where the model goes on. What the model wrote itself stays as it wrote it, though a
 * template may write it otherwise; so the two are joined at the token that closes the call.
 */
import { GlassboxError } from '../../base/errors';
import type { Tokenizer } from '../tokenizer/tokenizer';
import type { ToolSchema } from '../tools/tools';
import { encodeConversation } from './conversation';
import type { ChatMessage } from './message';
import type { ChatTemplate } from './template';

export interface TemplateUse {
  readonly template: ChatTemplate;
  readonly tokenizer: Tokenizer;
  /** What the template is told of tools. */
  readonly schemas: readonly ToolSchema[];
}

/**
 * What the template writes behind the last call. The result is found by writing another one in its
 * place: what stands before the two differ, up to the token that closes the call, is the model's.
 *
 * @param messages the last two are the call and its result
 * @param closes the token that closes a call
 * @throws GlassboxError `chat-template`: it does not write the result, or the call as others
 */
export function forcedBy(
  messages: readonly ChatMessage[],
  { template, tokenizer, schemas }: TemplateUse,
  closes: number,
): readonly number[] {
  const encode = (all: readonly ChatMessage[]): readonly number[] =>
    encodeConversation(all, template, tokenizer, schemas).ids;
  const ids = encode(messages);
  const result = messages.at(-1)?.content.trimStart();
  const another: ChatMessage = { role: 'tool', content: result?.startsWith('a') ? 'b' : 'a' };
  const otherwise = encode([...messages.slice(0, -1), another]);
  const begins = sameBefore(ids, otherwise);
  if (begins === ids.length && begins === otherwise.length)
    throw new GlassboxError('chat-template', 'The chat template leaves out what a tool gives.', {
      remedy: 'Leave out the tools, or use a template that has a place for the role tool.',
    });
  const end = ids.slice(0, begins).lastIndexOf(closes);
  // What closes an earlier call, or ends an earlier turn, does not close this one.
  if (end < sameBefore(ids, encode(messages.slice(0, -2))))
    throw new GlassboxError(
      'chat-template',
      `The chat template writes this call without the token ${tokenizer.tokenText(closes)} that closes others.`,
      { remedy: 'Leave out the tools, or use a template that writes all calls in one form.' },
    );
  return ids.slice(end + 1);
}

/** How many ids two lists begin with alike. */
export function sameBefore(one: readonly number[], other: readonly number[]): number {
  const differs = one.findIndex((id, at) => id !== other[at]);
  return differs < 0 ? one.length : differs;
}
