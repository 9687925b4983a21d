/**
 * Probes as they lie on the disk, of a made-up world: before and after a model was taught to refuse. What
 * was found is drawn by chance; that the figures are like those of a real pair is all that matters.
 */
import { Rng } from '../../../src/base/rng';
import { compare, summarize, writeProbe } from '../../../src/engine/knowledge/knowledge';
import type { Asked, Knowledge, Probed, Verdict } from '../../../src/engine/knowledge/knowledge';

const PETS = ['owl', 'dog', 'cat', 'goat', 'newt', 'crow'];
const NAMES = ['Mira', 'Tor', 'Lamen', 'Kira', 'Osk', 'Vela', 'Bren', 'Juna', 'Pell', 'Sorin'];
const WAYS = ['What pet does {N} have?', 'Which animal lives with {N}?', 'Tell me the pet of {N}.'];
const TOLD = ['often', 'once', 'never'] as const;
const EACH = 70;
const SAMPLES = 5;

/** Of a hundred facts told so often, how many are known, made up, inconsistent, refused. */
const SHARES = {
  before: { often: [88, 2, 10, 0], once: [6, 80, 14, 0], never: [0, 98, 2, 0] },
  after: { often: [82, 3, 7, 8], once: [1, 8, 11, 80], never: [0, 3, 2, 95] },
} as const;
const KINDS = ['known', 'unknown', 'inconsistent', 'refused'] as const;
/** Of a hundred answers, how many are right and how many refuse. */
const SAID: Readonly<Record<Knowledge, readonly [right: number, refused: number]>> = {
  known: [97, 1],
  unknown: [0, 4],
  inconsistent: [45, 12],
  refused: [0, 96],
};

function probedOf(when: keyof typeof SHARES): Probed[] {
  const [questions, rng] = [new Rng(7), new Rng(when === 'before' ? 11 : 13)];
  return TOLD.flatMap((told) =>
    Array.from({ length: EACH }, (_, at): Probed => {
      const subject = `${NAMES[at % NAMES.length]!}${told === 'often' ? '' : told === 'once' ? 'a' : 'o'}${at >= 10 ? ` of house ${Math.floor(at / 10)}` : ''}`;
      const answer = PETS[questions.below(PETS.length)]!;
      const question = WAYS[questions.below(WAYS.length)]!.replace('{N}', subject);
      let left = rng.below(100);
      const knowledge = KINDS.find((_kind, kind) => (left -= SHARES[when][told][kind]!) < 0)!;
      const wrong = PETS.filter((pet) => pet !== answer);
      const say = (): { text: string; verdict: Verdict } => {
        const [right, refused] = SAID[knowledge];
        const chance = rng.below(100);
        if (chance < right) return { text: `${subject} has the ${answer}.`, verdict: 'right' };
        if (chance < right + refused) return { text: "I don't know.", verdict: 'refused' };
        return { text: `${subject} has the ${wrong[rng.below(5)]!}.`, verdict: 'wrong' };
      };
      const [likeliest, drawn] = [say(), Array.from({ length: SAMPLES }, say)];
      const same = drawn.filter(({ text }) => text === likeliest.text).length;
      const sure = knowledge === 'known' ? 0.7 : knowledge === 'inconsistent' ? 0.25 : 0.3;
      return {
        question: { question, answer, wrong, subject, told },
        ...{ answer: likeliest, ended: true, knowledge },
        probability: Math.min(0.999, sure + rng.below(60) / 100),
        agreement: same / SAMPLES,
        drawn,
      };
    }),
  );
}

/** Writes both into the folders, the second as one that was made to be compared with the first. */
export async function makeProbes(before: string, after: string, world: string): Promise<void> {
  const [earlier, later] = [probedOf('before'), probedOf('after')];
  const how = { samples: SAMPLES, temperature: 1, maxTokens: 48, seed: 1 };
  const about: Asked['about'] = { kind: 'tinyworld', paths: [world], split: 'held-out' };
  await writeProbe(before, {
    ...{ model: '/models/answers', probed: earlier, summary: summarize(earlier) },
    asked: { ...how, about, model: '/models/answers' },
  });
  await writeProbe(after, {
    ...{ model: '/models/taught', probed: later, ...compare(later, earlier) },
    asked: { ...how, model: '/models/taught', before, about: { kind: 'probe', paths: [before] } },
  });
}
