/**
 * What a model is asked to find out what it knows: a question, the right answer by its source, and
 * where it is known the words that a right answer does not hold.
 */
import * as z from 'zod';
import { hasCode } from '../../base/errors';

export const questionSchema = z.object({
  question: z.string().min(1),
  /** By the source: a word or two where the answer is judged by its words. */
  answer: z.string().min(1),
  /** Words of the same kind that a right answer does not hold; with them the judgement is exact. */
  wrong: z.array(z.string()).readonly().optional(),
  /** The text that the question was made from. */
  source: z.string().optional(),
  /** Who or what is asked about. */
  subject: z.string().optional(),
  /** How often the training text tells it, where that is known. */
  told: z.enum(['often', 'once', 'never']).optional(),
});

export type KnowledgeQuestion = z.infer<typeof questionSchema>;

/** A line of a file, or a document, that gave no question, and why. */
export interface QuestionProblem {
  readonly place: string;
  readonly message: string;
}

export interface Questions {
  readonly questions: readonly KnowledgeQuestion[];
  readonly problems: readonly QuestionProblem[];
}

/** Of a question, as the place of a problem. */
const LONGEST_PLACE = 80;

/** What is too long for a model, as a problem of what it was asked; anything else is thrown on. */
export function tooLong(thrown: unknown, place: string): QuestionProblem {
  if (!hasCode(thrown, 'prompt-too-long')) throw thrown;
  return { place: place.slice(0, LONGEST_PLACE), message: thrown.message };
}
