/**
 * What a model is asked to find out what it knows: a question, the right answer by its source, and
 * where it is known the words that a right answer does not hold.
 */
import * as z from 'zod';

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
