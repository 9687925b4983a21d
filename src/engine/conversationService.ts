/**
 * The protocol's requests about conversations in terms of the rooms; and what a run on conversations
 * needs of the chat room, which `train` does not know.
 */
import path from 'node:path';
import { yieldReports } from '../base/asyncQueue';
import { GlassboxError, throwIfAborted } from '../base/errors';
import type { RenderRequest, TinyworldEvent } from '../protocol/chatMessages';
import type { Handlers } from '../protocol/protocol';
import {
  checkEncoded,
  chooseTemplate,
  encodeConversation,
  encodeForTraining,
  prepareDataset,
  readDataset,
  readDatasetText,
} from './chat/chat';
import type { ChatMessage, DatasetProblem, Taught, TrainingConversation } from './chat/chat';
import { writeTinyworld } from './data/data';
import type { TinyworldSummary } from './data/data';
import { readModelFolder } from './interop/interop';
import { readTokenizer } from './tokenizer/tokenizer';
import { openTokenizer } from './tokenizerNames';
import { modelFolder } from './train/train';
import type { Conversations } from './train/train';

export const conversations: Conversations = {
  async prepare({ template: name, ownTemplate, tokenizer: before, hash, ...request }) {
    const { template, tokenizer, added } = await chooseTemplate(name, ownTemplate, before);
    if (added.length > 0)
      request.onNote(`New tokens: ${added.map((id) => tokenizer.tokenText(id)).join(' ')}`);
    const tokenizerHash = hash(tokenizer);
    const { questions } = await prepareDataset({ ...request, template, tokenizer, tokenizerHash });
    return { tokenizer, template: template.source, questions };
  },

  ask: (question, template, tokenizer) =>
    encodeConversation([{ role: 'user', content: question }], template, tokenizer).ids,
};

export function createConversationService(): Handlers<
  'renderConversations' | 'readConversations' | 'makeTinyworld'
> {
  return {
    async *makeTinyworld({ out, bytes, seed, people }, signal) {
      const folder = path.resolve(out);
      const write = (
        ends: AbortSignal,
        report: (event: TinyworldEvent) => void,
      ): Promise<TinyworldSummary> =>
        writeTinyworld(folder, {
          ...{ bytes, seed, people, signal: ends },
          onProgress: (progress) => report({ kind: 'progress', ...progress }),
        });
      const summary = yield* yieldReports<TinyworldEvent, TinyworldSummary>(signal, write);
      yield { kind: 'done', folder, ...summary };
    },

    async *renderConversations(request, signal) {
      const { taught, context } = await teacherOf(request);
      const { source, limit = Infinity } = request;
      const entries =
        'paths' in source
          ? readDataset(source.paths, signal)
          : readDatasetText(source.name, source.text);
      const sums = { conversations: 0, broken: 0, tokens: 0, learnt: 0 };
      for await (const { file, line, messages, problems } of entries) {
        if (sums.conversations + sums.broken >= limit) break;
        throwIfAborted(signal);
        const place = { file, line };
        const encoded = messages ? encoding(messages, taught) : undefined;
        if (!encoded || encoded.kind === 'refused') {
          sums.broken++;
          const refused = encoded ? [encoded.problem] : [];
          yield { kind: 'broken', ...place, problems: [...problems, ...refused] };
          continue;
        }
        const { text, ids, mask, offsets } = encoded.conversation;
        sums.conversations++;
        sums.tokens += ids.length;
        sums.learnt += mask.reduce((sum, each) => sum + each, 0);
        yield {
          kind: 'conversation',
          ...place,
          problems: [...problems, ...checkEncoded(encoded.conversation, context)],
          text,
          ids: [...ids],
          mask: [...mask],
          offsets: offsets.map(([start, end]) => [start, end]),
        };
        await new Promise(setImmediate);
      }
      yield { kind: 'done', ...sums };
    },

    async *readConversations({ paths }, signal) {
      for await (const { file, line, messages, problems } of readDataset(paths, signal)) {
        const read = messages?.map(({ role, content, toolCalls }) => {
          return { role, content, ...(toolCalls && { toolCalls: [...toolCalls] }) };
        });
        yield { file, line, problems: [...problems], ...(read && { messages: read }) };
      }
    },
  };
}

type Encoding =
  | { readonly kind: 'encoded'; readonly conversation: TrainingConversation }
  | { readonly kind: 'refused'; readonly problem: DatasetProblem };

function encoding(messages: readonly ChatMessage[], { template, tokenizer }: Taught): Encoding {
  try {
    return { kind: 'encoded', conversation: encodeForTraining(messages, template, tokenizer) };
  } catch (thrown) {
    if (!(thrown instanceof GlassboxError)) throw thrown;
    const { code, message } = thrown;
    return { kind: 'refused', problem: { severity: 'error', code, message } };
  }
}

async function teacherOf({
  template,
  model,
  tokenizer: named = 'gpt2',
  context,
}: RenderRequest): Promise<{ taught: Taught; context: number | undefined }> {
  if (model === undefined)
    return {
      taught: await chooseTemplate(template, undefined, await openTokenizer(named)),
      context,
    };
  const folder = await modelFolder(path.resolve(model));
  const { tensors, config, chatTemplate } = await readModelFolder(folder);
  await tensors.close();
  const taught = await chooseTemplate(template, chatTemplate, await readTokenizer(folder));
  return { taught, context: context ?? config.context };
}
