/**
 * The protocol's requests about conversations in terms of the rooms; and what a run on conversations
 * needs of the chat room, which `train` does not know.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { yieldReports } from '../base/asyncQueue';
import { GlassboxError, throwIfAborted } from '../base/errors';
import type { RenderRequest, TinyworldEvent } from '../protocol/chatMessages';
import type { Handlers } from '../protocol/protocol';
import {
  callFormOf,
  ChatTemplate,
  checkEncoded,
  chooseTemplate,
  encodeConversation,
  encodeForTraining,
  prepareDataset,
  readDataset,
  readDatasetText,
  saidIn,
} from './chat/chat';
import type {
  ChatMessage,
  DatasetEntry,
  DatasetProblem,
  Taught,
  TrainingConversation,
} from './chat/chat';
import { writeTinyworld } from './data/data';
import type { TinyworldSummary } from './data/data';
import { readChatTemplate, readModelFolder } from './interop/interop';
import { readTokenizer } from './tokenizer/tokenizer';
import { openTokenizer } from './tokenizerNames';
import { describeTool } from './tools/tools';
import type { Tool, ToolSchema, ToolWish } from './tools/tools';
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

export function createConversationService(
  toolbox: (wishes: readonly ToolWish[]) => Promise<readonly Tool[]>,
): Handlers<'chatForm' | 'renderConversations' | 'readConversations' | 'makeTinyworld'> {
  const teachers = new Teachers();
  return {
    async chatForm({ model }) {
      const folder = await modelFolder(path.resolve(model));
      const template = await readChatTemplate(folder);
      if (template === undefined) return {};
      const form = callFormOf(new ChatTemplate(template), await readTokenizer(folder));
      return form ? { call: { opens: form.opens, closes: form.closes } } : {};
    },

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
      const { taught, context } = await teachers.get(request);
      const usual = (await toolbox(request.tools ?? [])).map(describeTool);
      const { source, limit = Infinity, line: wanted, problemsOnly = false } = request;
      const { longest = Infinity } = request;
      const all =
        'paths' in source
          ? readDataset(source.paths, signal)
          : readDatasetText(source.name, source.text);
      const entries = wanted === undefined ? all : recordAt(all, wanted);
      const sums = { conversations: 0, broken: 0, tokens: 0, learnt: 0 };
      for await (const { file, line, messages, tools = usual, problems } of entries) {
        if (sums.conversations + sums.broken >= limit) break;
        throwIfAborted(signal);
        const place = { file, line };
        const characters = longest < Infinity ? JSON.stringify([messages, tools]).length : 0;
        if (characters > longest) {
          yield { kind: 'long', ...place, problems: [...problems], characters };
          continue;
        }
        const encoded = messages ? encoding(messages, tools, taught) : undefined;
        if (!encoded || encoded.kind === 'refused') {
          sums.broken++;
          const refused = encoded ? [encoded.problem] : [];
          yield { kind: 'broken', ...place, problems: [...problems, ...refused] };
          continue;
        }
        const { text, ids, mask, offsets } = encoded.conversation;
        const found = [...problems, ...checkEncoded(encoded.conversation, context)];
        sums.conversations++;
        sums.tokens += ids.length;
        sums.learnt += mask.reduce((sum, each) => sum + each, 0);
        if (!problemsOnly)
          yield {
            ...{ kind: 'conversation', ...place, problems: found, text },
            ids: [...ids],
            mask: [...mask],
            offsets: offsets.map(([start, end]) => [start, end]),
            said: saidIn(text, messages ?? []).map(([start, end]) => [start, end]),
          };
        else if (found.length > 0) yield { kind: 'flawed', ...place, problems: found };
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

/** The conversations of the record that begins last at or before a line. */
async function* recordAt(
  entries: AsyncIterable<DatasetEntry> | Iterable<DatasetEntry>,
  line: number,
): AsyncGenerator<DatasetEntry> {
  let found: DatasetEntry[] = [];
  for await (const entry of entries) {
    if (entry.line > line && found.length > 0) break;
    if (entry.line !== found[0]?.line) found = [];
    found.push(entry);
    if (entry.line > line) break;
  }
  yield* found;
}

type Encoding =
  | { readonly kind: 'encoded'; readonly conversation: TrainingConversation }
  | { readonly kind: 'refused'; readonly problem: DatasetProblem };

function encoding(
  messages: readonly ChatMessage[],
  tools: readonly ToolSchema[],
  { template, tokenizer }: Taught,
): Encoding {
  try {
    const conversation = encodeForTraining(messages, template, tokenizer, tools);
    return { kind: 'encoded', conversation };
  } catch (thrown) {
    if (!(thrown instanceof GlassboxError)) throw thrown;
    const { code, message } = thrown;
    return { kind: 'refused', problem: { severity: 'error', code, message } };
  }
}

interface Teacher {
  readonly taught: Taught;
  readonly context: number | undefined;
}

/** The one that was asked for last: who looks at records one by one does not wait for it each time. */
class Teachers {
  #last: { readonly key: string; readonly teacher: Promise<Teacher> } | undefined;

  async get(request: RenderRequest): Promise<Teacher> {
    const { template, model, tokenizer, context } = request;
    const files = [
      ...(model === undefined ? [] : ['tokenizer.json', 'chat_template.jinja', 'config.json']).map(
        (name) => path.join(model ?? '', name),
      ),
      ...[template, tokenizer ?? ''].filter((name) => path.isAbsolute(name)),
    ];
    const times = await Promise.all(
      files.map((file) =>
        stat(file).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
      ),
    );
    const key = JSON.stringify([template, model, tokenizer, context, times]);
    if (this.#last?.key === key) return this.#last.teacher;
    const teacher = teacherOf(request);
    this.#last = { key, teacher };
    teacher.catch(() => (this.#last = undefined));
    return teacher;
  }
}

async function teacherOf({
  template,
  model,
  tokenizer: named = 'gpt2',
  context,
}: RenderRequest): Promise<Teacher> {
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
