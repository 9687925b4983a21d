/**
 * What a model says in the second turn of a conversation: about people that it was told of often, and
 * about people that no text tells of, each after a question of the other sort and after one of its own.
 *
 *   npm run bench -- laterTurns --world WORLD --model MODEL [--questions 150] [--threads 2]
 *
 * People and ways to ask are in no conversation that was trained on. The first answer is the model's
 * own; answers are the likeliest, judged by their words against the table of truth.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { Rng } from '../src/base/rng';
import { shareText } from '../src/base/wilson';
import { openOnnx } from '../src/engine/backend/onnx/onnx';
import { converse } from '../src/engine/chat/chat';
import type { ChatMessage } from '../src/engine/chat/chat';
import { loadModel } from '../src/engine/infer/infer';
import { judgeByWords, questionSchema } from '../src/engine/knowledge/knowledge';

const { values: options } = parseArgs({
  options: {
    world: { type: 'string' },
    model: { type: 'string' },
    questions: { type: 'string', default: '150' },
    threads: { type: 'string', default: '2' },
  },
});
if (options.world === undefined || options.model === undefined)
  throw new Error('Expected --world and --model.');

const heldOutSchema = questionSchema.extend({ heldOutPerson: z.boolean() });
type Asked = z.infer<typeof heldOutSchema>;
const questions = readFileSync(path.join(options.world, 'questions.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .flatMap((line) => {
    const { data } = heldOutSchema.safeParse(JSON.parse(line));
    return data?.heldOutPerson ? [data] : [];
  });
const sorts = {
  often: questions.filter(({ told }) => told === 'often'),
  never: questions.filter(({ told }) => told === 'never'),
};
const NAMES = { often: 'told of often', never: 'never told of' };

const backend = await openOnnx({ threads: Number(options.threads) });
const model = await loadModel(options.model, backend);

async function answer(messages: readonly ChatMessage[]): Promise<ChatMessage> {
  for await (const event of converse(model, messages, { temperature: 0, maxTokens: 48 }))
    if (event.kind === 'done') return { role: 'assistant', content: event.text };
  throw new Error('The answer has no end.');
}

const rng = new Rng(1);
const one = (of: readonly Asked[], but: Asked): Asked => {
  const others = of.filter(({ subject }) => subject !== but.subject);
  return others[rng.below(others.length)]!;
};

console.log('| First asked about | Then about | Questions | Right | Wrong or made up | Refused |');
console.log('|---|---|---|---|---|---|');
for (const first of ['often', 'never'] as const)
  for (const then of ['often', 'never'] as const) {
    const counts = { right: 0, wrong: 0, refused: 0 };
    const every = Math.max(1, Math.floor(sorts[then].length / Number(options.questions)));
    const asked = sorts[then].filter((_, i) => i % every === 0).slice(0, Number(options.questions));
    for (const question of asked) {
      const said: ChatMessage[] = [{ role: 'user', content: one(sorts[first], question).question }];
      said.push(await answer(said), { role: 'user', content: question.question });
      counts[judgeByWords(question, (await answer(said)).content)]++;
    }
    const cells = Object.values(counts).map((count) => shareText(count, asked.length));
    console.log(`| ${[NAMES[first], NAMES[then], asked.length, ...cells].join(' | ')} |`);
  }
await model.store.dispose();
