/**
 * Questions about texts, written by a model: a passage is shown to it, and it writes a question whose
 * answer stands there (Llama 3, section 4.3.6). Only what can be checked is kept: a question whose
 * answer is words of the passage, and which doesn't give the answer away.
 *
 * Not covered: whether the question can be understood without its passage.
 */
import { throwIfAborted } from '../../base/errors';
import { Rng } from '../../base/rng';
import { wordsOf } from '../../base/words';
import { encodeConversation } from '../chat/chat';
import { readDocuments } from '../data/data';
import { generate } from '../infer/infer';
import type { LoadedModel } from '../infer/infer';
import { tooLong } from './question';
import type { KnowledgeQuestion, QuestionProblem } from './question';

export interface Passage {
  readonly text: string;
  readonly place: string;
}

const LONGEST_PASSAGE = 600;
const SHORTEST_PASSAGE = 40;
const LONGEST_ANSWER_WORDS = 10;
const MOST_TOKENS = 96;

/** Passages of documents, each as likely as any other (reservoir sampling, Vitter 1985). */
export async function choosePassages(
  paths: readonly string[],
  { count, seed, signal }: { count: number; seed: number; signal?: AbortSignal | undefined },
): Promise<Passage[]> {
  const rng = new Rng(seed ^ 0xfac7);
  const chosen: Passage[] = [];
  let seen = 0;
  for await (const { text, source } of readDocuments(paths, signal ? { signal } : {})) {
    for (const passage of passagesOf(text)) {
      const at = seen < count ? seen : rng.below(seen + 1);
      if (at < count) chosen[at] = { text: passage, place: source };
      seen++;
    }
    throwIfAborted(signal);
  }
  return chosen;
}

/** Paragraphs, and parts of long ones that end where sentences do. */
function* passagesOf(text: string): Generator<string> {
  for (const paragraph of text.split(/\n\s*\n/)) {
    let held = '';
    for (const sentence of paragraph.replace(/\s+/g, ' ').split(/(?<=[.!?]["')\]]?)\s+/)) {
      if (held !== '' && held.length + sentence.length > LONGEST_PASSAGE) {
        if (held.length >= SHORTEST_PASSAGE) yield held;
        held = '';
      }
      held = `${held} ${sentence}`.trim().slice(0, LONGEST_PASSAGE);
    }
    if (held.length >= SHORTEST_PASSAGE) yield held;
  }
}

const EXAMPLE =
  'Text: The lighthouse of Marrow was built in 1871 by two brothers from the north.\n' +
  'Question: In which year was the lighthouse of Marrow built?\n' +
  'Answer: 1871';

function promptFor(passage: string): string {
  return (
    'Write one question about the last text, and its answer in a few words of the text. ' +
    'Name what the question is about: whoever answers does not see the text.\n\n' +
    `${EXAMPLE}\n\nText: ${passage}\nQuestion:`
  );
}

/** @throws GlassboxError what `generate` throws, but for passages that are too long for the model */
export async function* writeQuestions(
  model: LoadedModel,
  passages: readonly Passage[],
  { seed, signal }: { readonly seed: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<KnowledgeQuestion | QuestionProblem, void, void> {
  for (const [at, { text, place }] of passages.entries()) {
    let written;
    try {
      written = await write(model, promptFor(text), (seed + at) % 2 ** 32, signal);
    } catch (thrown) {
      yield tooLong(thrown, place);
      continue;
    }
    yield checked(written, text, place);
  }
}

async function write(
  model: LoadedModel,
  prompt: string,
  seed: number,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { tokenizer, chatTemplate } = model;
  const asked =
    tokenizer && chatTemplate !== undefined
      ? encodeConversation([{ role: 'user', content: prompt }], chatTemplate, tokenizer).ids
      : prompt;
  const options = { temperature: 0, maxTokens: MOST_TOKENS, seed, stop: ['\n\n', 'Text:'] };
  for await (const event of generate(model, asked, options, signal))
    if (event.kind === 'done') return event.text;
  throw new Error('a text that does not fail ends with `done`');
}

const plain = (text: string): string => ` ${wordsOf(text).join(' ')} `;

/** What was written as a question, or why it is none. */
export function checked(
  written: string,
  passage: string,
  place: string,
): KnowledgeQuestion | QuestionProblem {
  const found = /^\s*(?:Question:)?\s*(\S[^\n]*\?)\s*\n?\s*Answer:\s*(\S[^\n]*)/i.exec(written);
  const [, question = '', answer = ''] = found ?? [];
  const wrong = (message: string): QuestionProblem => ({ place, message });
  if (!found) return wrong('the model wrote no question with an answer');
  const words = plain(answer);
  if (words.trim() === '') return wrong('the answer has no word');
  if (words.trim().split(' ').length > LONGEST_ANSWER_WORDS) return wrong('the answer is too long');
  if (!plain(passage).includes(words)) return wrong('the answer does not stand in the text');
  if (plain(question).includes(words)) return wrong('the question holds its answer');
  return { question, answer: answer.trim(), source: passage };
}
