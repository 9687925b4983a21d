/**
 * Conversations that teach a model to say what it doesn't know, made of what a probe found (Llama 3,
 * Grattafiori et al. 2024, section 4.3.6): what it made up, consistently and wrongly, becomes a
 * refusal; what it knows keeps its own answer; what is inconsistent teaches nothing and is left out.
 * And conversations about itself, from a profile that a person writes.
 */
import { GlassboxError } from '../../base/errors';
import { Rng } from '../../base/rng';
import type { Probed } from './probe';

export interface TaughtTalk {
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[];
}

export interface TeachOptions {
  /** Ways to refuse; `{subject}` stands for who or what is asked about. */
  readonly refusals?: readonly string[] | undefined;
  readonly seed: number;
}

/** `{subject}` is left out where the question names none. */
export const USUAL_REFUSALS = [
  "I don't know.",
  "I don't know {subject}.",
  "I have never heard of {subject}, so I don't know.",
];

export interface Lesson {
  readonly talks: readonly TaughtTalk[];
  readonly answers: number;
  readonly refusals: number;
  /** Questions that were inconsistent, of which nothing is taught. */
  readonly leftOut: number;
}

/**
 * The training set, in an order of chance.
 *
 * @throws GlassboxError `refusal-placeholder` for one that stands for nothing
 */
export function lessonOf(
  probed: readonly Probed[],
  { refusals = USUAL_REFUSALS, seed }: TeachOptions,
): Lesson {
  const unknown = /\{(?!subject\})[\w ]*\}/.exec(refusals.join('\n'))?.[0];
  if (unknown !== undefined)
    throw new GlassboxError('refusal-placeholder', `${unknown} in a refusal stands for nothing.`, {
      remedy: 'Write {subject} for who or what is asked about.',
    });
  const rng = new Rng(seed);
  const talks: TaughtTalk[] = [];
  let [answers, refused] = [0, 0];
  for (const each of probed) {
    const content = answerFor(each, refusals, rng);
    if (content === undefined) continue;
    if (each.knowledge === 'known') answers++;
    else refused++;
    talks.push({
      messages: [
        { role: 'user', content: each.question.question },
        { role: 'assistant', content },
      ],
    });
  }
  for (let i = talks.length - 1; i > 0; i--) {
    const j = rng.below(i + 1);
    [talks[i], talks[j]] = [talks[j]!, talks[i]!];
  }
  const leftOut = probed.length - talks.length;
  return { talks: inTurns(talks, rng), answers, refusals: refused, leftOut };
}

/**
 * Of the conversations some go on with the next one: what is known and what is not is asked for side
 * by side, and a refusal or an answer before says nothing about what comes after it.
 */
function inTurns(talks: readonly TaughtTalk[], rng: Rng): TaughtTalk[] {
  const joined: TaughtTalk[] = [];
  for (let i = 0; i < talks.length; i++) {
    const { messages } = talks[i]!;
    const next = talks[i + 1];
    if (next && rng.below(3) === 0) {
      joined.push({ messages: [...messages, ...next.messages] });
      i++;
    } else joined.push({ messages });
  }
  return joined;
}

function answerFor(
  { knowledge, answer, drawn, question }: Probed,
  refusals: readonly string[],
  rng: Rng,
): string | undefined {
  if (knowledge === 'inconsistent') return undefined;
  if (knowledge === 'known')
    return [answer, ...drawn].find(({ verdict }) => verdict === 'right')?.text;
  const { subject } = question;
  const fitting = refusals.filter((text) => subject !== undefined || !text.includes('{subject}'));
  const chosen = fitting.length > 0 ? fitting[rng.below(fitting.length)]! : USUAL_REFUSALS[0]!;
  return chosen.replaceAll('{subject}', subject ?? '');
}
