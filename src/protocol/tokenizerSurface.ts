/**
 * What the tokenizer explorer asks of the extension host. A tokenizer is named as the engine names it;
 * the host answers for those of its catalog only.
 */
import * as z from 'zod';
import { tokenizerSummarySchema } from './catalogMessages';
import { call, stream } from './descriptors';
import {
  explainTokenAnswerSchema,
  learnMergesAnswerSchema,
  learnMergesRequestSchema,
  vocabularyAnswerSchema,
  vocabularyRequestSchema,
} from './documentMessages';
import { count } from './fields';

/** Longer texts are for the editor's own overlay. */
export const LONGEST_TEXT = 20_000;

const text = z.string().max(LONGEST_TEXT);
const tokenizer = z.string().min(1);

const explorerStateSchema = z.object({
  tokenizers: z.array(tokenizerSummarySchema),
  /** The one that editors show. */
  chosen: tokenizer,
  /** A text to begin with: what was selected when the explorer was opened. */
  text: text.optional(),
  /** The one that the explorer was opened with. */
  opened: tokenizer.optional(),
});

/** A token of the text: `[start, end)` in UTF-16 code units. */
const cutTokenSchema = z.object({ id: count, start: count, end: count, partial: z.boolean() });

export const tokenizerSurface = {
  /** What the host knows, now and whenever it changes. */
  state: stream('state', z.object({}), explorerStateSchema),
  cut: call('cut', z.object({ tokenizer, text }), z.array(cutTokenSchema)),
  explain: call(
    'explain',
    z.object({ tokenizer, text, position: count }),
    explainTokenAnswerSchema,
  ),
  learnMerges: call('learnMerges', learnMergesRequestSchema, learnMergesAnswerSchema),
  vocabulary: call('vocabulary', vocabularyRequestSchema, vocabularyAnswerSchema),
};

export type ExplorerState = z.infer<typeof explorerStateSchema>;
export type CutToken = z.infer<typeof cutTokenSchema>;
