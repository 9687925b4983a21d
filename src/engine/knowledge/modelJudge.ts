/**
 * A model as the judge of answers that words alone can't judge: it sees the source, the right answer
 * and what was said, and whether it would begin its reply with Yes or with No decides. What the words
 * show to be right or a refusal is not asked.
 *
 * Not covered: how good a judge the model is; ask it of answers whose judgement you know.
 */
import { encodeConversation } from '../chat/chat';
import { logitsOf } from '../infer/infer';
import type { LoadedModel } from '../infer/infer';
import { judgeByWords } from './judge';
import type { Judge } from './probe';
import type { KnowledgeQuestion } from './question';

/** @throws GlassboxError what `logitsOf` throws */
export function modelJudge(model: LoadedModel, signal?: AbortSignal): Judge {
  return async (question, text) => {
    const verdict = judgeByWords(question, text);
    if (verdict !== 'wrong') return verdict;
    const logits = await logitsOf(model, promptOf(model, question, text), signal);
    const best = (words: readonly string[]): number =>
      Math.max(...words.map((word) => logits[firstOf(model, word)] ?? -Infinity));
    return best(['Yes', ' Yes', 'yes', ' yes']) > best(['No', ' No', 'no', ' no'])
      ? 'right'
      : 'wrong';
  };
}

function firstOf({ tokenizer }: LoadedModel, word: string): number {
  return tokenizer?.encode(word, { special: 'text', continues: true })[0] ?? -1;
}

function promptOf(
  { tokenizer, chatTemplate }: LoadedModel,
  { question, answer, source }: KnowledgeQuestion,
  said: string,
): readonly number[] {
  const text =
    (source === undefined ? '' : `Text: ${source}\n`) +
    `Question: ${question}\nRight answer: ${answer}\nGiven answer: ${said}\n` +
    'Does the given answer say the same as the right answer? Reply with Yes or No.';
  if (!tokenizer) return [];
  return chatTemplate === undefined
    ? tokenizer.encode(`${text}\nReply:`, { addSpecial: true })
    : encodeConversation([{ role: 'user', content: text }], chatTemplate, tokenizer).ids;
}
