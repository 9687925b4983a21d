/** What a person has done to the corpus's tab: kept by the page across reloads. */
import * as z from 'zod';

export const viewSchema = z.object({
  folder: z.string().min(1),
  /** Thresholds and switches that differ from the recipe's, by `<stage>.<setting>`. */
  changed: z.record(z.string(), z.union([z.number(), z.boolean()])),
  /** Stages whose histograms are folded away. */
  folded: z.array(z.string()),
});

export type View = z.infer<typeof viewSchema>;
