/**
 * What a model knows, by asking it: each question once with its likeliest answer and several times with
 * answers drawn as its own distribution has them (Llama 3, Grattafiori et al. 2024, section 4.3.6).
 * What most of these get right it knows; what none gets right and most give an answer to it makes up;
 * what lies between is inconsistent.
 *
 * How sure it was is measured twice: by the probability of the token that it was least sure of, and by
 * how many of the drawn answers say what the likeliest says.
 *
 * Not covered: models without a chat template, which answer nobody.
 */
import { converse } from '../chat/chat';
import type { ConverseOptions } from '../chat/chat';
import type { LoadedModel } from '../infer/infer';
import type { Tool } from '../tools/tools';
import { gistOf, judgeByWords } from './judge';
import type { Verdict } from './judge';
import { tooLong } from './question';
import type { KnowledgeQuestion, QuestionProblem } from './question';

export const KNOWLEDGE = ['known', 'inconsistent', 'unknown', 'refused'] as const;
/** `unknown`: it made answers up. `refused`: it said that it doesn't know. */
export type Knowledge = (typeof KNOWLEDGE)[number];

export interface Answer {
  readonly text: string;
  readonly verdict: Verdict;
}

export interface Probed {
  readonly question: KnowledgeQuestion;
  /** The likeliest. */
  readonly answer: Answer;
  /** Whether the likeliest answer came to its end, and was not cut off. */
  readonly ended: boolean;
  /** Of the token of the answer that the model was least sure of. */
  readonly probability: number;
  /** The share of the drawn answers that say what the likeliest does. */
  readonly agreement: number;
  readonly drawn: readonly Answer[];
  readonly knowledge: Knowledge;
}

/** Says how an answer stands to what is right. */
export type Judge = (question: KnowledgeQuestion, text: string) => Promise<Verdict>;

export const wordJudge: Judge = (question, text) => Promise.resolve(judgeByWords(question, text));

export interface ProbeOptions {
  /** Answers that are drawn for each question. */
  readonly samples: number;
  readonly temperature: number;
  /** Of an answer; one that goes on is cut off, and told of (`ended`). */
  readonly maxTokens: number;
  readonly seed: number;
  /** What the model may call before it answers. */
  readonly tools?: readonly Tool[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a model said, not judged yet. */
export interface Said {
  readonly question: KnowledgeQuestion;
  readonly answer: string;
  readonly ended: boolean;
  readonly probability: number;
  readonly drawn: readonly string[];
}

/** Of the drawn answers, so many make a judgement of what the model knows. */
const MOST = 0.8;

/**
 * What is too long for the model is told of, and the others are asked.
 *
 * @throws GlassboxError `no-chat-template`, `no-tool-tokens`, and what `converse` throws
 */
export async function* askAll(
  model: LoadedModel,
  questions: readonly KnowledgeQuestion[],
  options: ProbeOptions,
): AsyncGenerator<Said | QuestionProblem, void, void> {
  for (const [at, question] of questions.entries()) {
    const seed = options.seed + at * options.samples;
    yield await ask(model, question, { ...options, seed }).catch((thrown: unknown) =>
      tooLong(thrown, question.question),
    );
  }
}

async function ask(
  model: LoadedModel,
  question: KnowledgeQuestion,
  { samples, temperature, maxTokens, seed, tools, signal }: ProbeOptions,
): Promise<Said> {
  const asked = question.question;
  const likeliest = await say(model, asked, { temperature: 0, maxTokens, tools }, signal);
  const drawn: string[] = [];
  for (let i = 0; i < samples; i++) {
    const sampling = { temperature, maxTokens, seed: (seed + i) % 2 ** 32, tools };
    drawn.push((await say(model, asked, sampling, signal)).text);
  }
  const { text: answer, ended, probability } = likeliest;
  return { question, answer, ended, probability, drawn };
}

async function say(
  model: LoadedModel,
  question: string,
  sampling: ConverseOptions,
  signal: AbortSignal | undefined,
): Promise<{ text: string; ended: boolean; probability: number }> {
  const messages = [{ role: 'user', content: question }] as const;
  let least = 0;
  for await (const event of converse(model, messages, sampling, signal)) {
    if (event.kind === 'token') least = Math.min(least, event.logprob);
    if (event.kind === 'done')
      return {
        text: event.text.trim(),
        ended: event.finishReason === 'end',
        probability: Math.exp(least),
      };
  }
  throw new Error('an answer that does not fail ends with `done`');
}

export async function judge(
  { question, answer, ended, probability, drawn }: Said,
  judgeOf: Judge,
): Promise<Probed> {
  const judged = async (text: string): Promise<Answer> => ({
    text,
    verdict: await judgeOf(question, text),
  });
  const likeliest = await judged(answer);
  const others: Answer[] = [];
  for (const text of drawn) others.push(await judged(text));
  const gist = gistOf(question, answer);
  const same = drawn.filter((text) => gistOf(question, text) === gist).length;
  return {
    ...{ question, answer: likeliest, ended, probability, drawn: others },
    agreement: drawn.length === 0 ? 1 : same / drawn.length,
    knowledge: knowledgeOf(others.length > 0 ? others : [likeliest]),
  };
}

export function knowledgeOf(answers: readonly Pick<Answer, 'verdict'>[]): Knowledge {
  const share = (wanted: Verdict): number =>
    answers.filter(({ verdict }) => verdict === wanted).length / answers.length;
  if (share('right') >= MOST) return 'known';
  if (share('refused') >= MOST) return 'refused';
  return share('right') === 0 && share('wrong') >= MOST ? 'unknown' : 'inconsistent';
}
