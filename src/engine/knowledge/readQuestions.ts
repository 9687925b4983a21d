/**
 * Questions from files: records with `question` and `answer` (and `wrong`, `subject`, `told`, as
 * Tinyworld's questions have them), or conversations, whose first question and answer count. A record
 * that is broken is told of with its line, and the others are kept.
 */
import { GlassboxError } from '../../base/errors';
import { readDataset, readDatasetText } from '../chat/chat';
import type { DatasetEntry } from '../chat/chat';
import { listTextFiles, readTextLines } from '../data/data';
import { questionSchema } from './question';
import type { KnowledgeQuestion, QuestionProblem, Questions } from './question';

const NAMES = /\.(jsonl|json|chatml)$/i;

/** @throws GlassboxError `no-questions`, or the file system's reason */
export async function readQuestions(
  paths: readonly string[],
  { limit = Infinity, signal }: { limit?: number | undefined; signal?: AbortSignal } = {},
): Promise<Questions> {
  const questions: KnowledgeQuestion[] = [];
  const problems: QuestionProblem[] = [];
  const take = (found: KnowledgeQuestion | QuestionProblem): void => {
    if ('question' in found) questions.push(found);
    else problems.push(found);
  };
  for (const file of await listTextFiles(paths, NAMES)) {
    if (/\.jsonl$/i.test(file)) {
      for await (const { line, number } of readTextLines(file, { signal })) {
        if (questions.length >= limit) break;
        take(ofLine(line, `${file}:${number}`));
      }
    } else {
      for await (const entry of readDataset([file], signal)) {
        if (questions.length >= limit) break;
        take(ofConversation(entry, `${entry.file}:${entry.line}`));
      }
    }
  }
  if (questions.length > 0) return { questions, problems };
  const [first] = problems;
  const what = first === undefined ? '' : ` The first record: ${first.place}: ${first.message}`;
  throw new GlassboxError('no-questions', `There is no question in ${paths.join(', ')}.${what}`, {
    remedy: 'Give .jsonl files whose records have question and answer, or conversations.',
  });
}

function ofLine(line: string, place: string): KnowledgeQuestion | QuestionProblem {
  const record = questionSchema.safeParse(jsonOf(line));
  if (record.success) return record.data;
  const [entry] = readDatasetText('line.jsonl', line);
  return entry ? ofConversation(entry, place) : { place, message: 'there is no record' };
}

function ofConversation(
  { messages = [], problems }: DatasetEntry,
  place: string,
): KnowledgeQuestion | QuestionProblem {
  const question = messages.find(({ role }) => role === 'user')?.content.trim();
  const answer = messages.find(({ role }) => role === 'assistant')?.content.trim();
  if (question && answer) return { question, answer };
  return { place, message: problems[0]?.message ?? 'it has no question with an answer' };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
