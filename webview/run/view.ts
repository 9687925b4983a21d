/**
 * How a person looks at the runs: the part that is seen, the axes, what is hidden, how far back the
 * samples are. Plain values and pure steps from one to the next; the page keeps it across reloads.
 */
import * as z from 'zod';

const rangeSchema = z.object({ from: z.number(), to: z.number() });

export const viewSchema = z.object({
  folders: z.array(z.string().min(1)),
  axis: z.enum(['step', 'tokens', 'seconds']),
  logarithmic: z.boolean(),
  /** The weight of what came before, 0 to 0.999. */
  smoothing: z.number().min(0).max(0.999),
  /** What is seen of the horizontal axis; all of it where absent. */
  range: rangeSchema.optional(),
  /** Folders of runs, and `training` or `validation`. */
  hidden: z.array(z.string()),
  /** The step whose samples are read; the newest one's where absent. */
  sampleStep: z.number().optional(),
  tableOpen: z.boolean(),
  recipeOpen: z.boolean(),
});

export type View = z.infer<typeof viewSchema>;
export type Range = z.infer<typeof rangeSchema>;

export const FIRST_VIEW: View = {
  folders: [],
  axis: 'step',
  logarithmic: false,
  smoothing: 0.9,
  hidden: [],
  tableOpen: false,
  recipeOpen: false,
};

/** The smallest part of the whole that can be zoomed to. */
const SMALLEST = 1e-5;

/** A range within the whole; `undefined` where it is the whole. */
export function within({ from, to }: Range, whole: Range): Range | undefined {
  const size = whole.to - whole.from;
  const wanted = Math.max(to - from, size * SMALLEST);
  if (!(wanted < size)) return undefined;
  const start = Math.min(Math.max(from, whole.from), whole.to - wanted);
  return { from: start, to: start + wanted };
}

/** Zooms around a place that stays where it is. @param factor below 1: closer. */
export function zoomed(range: Range, whole: Range, around: number, factor: number) {
  const place = Math.min(Math.max(around, range.from), range.to);
  const from = place - (place - range.from) * factor;
  return within({ from, to: from + (range.to - range.from) * factor }, whole);
}

/** Moves by a part of what is seen. @param share below 0: to the left. */
export function panned(range: Range, whole: Range, share: number): Range | undefined {
  const by = (range.to - range.from) * share;
  return within({ from: range.from + by, to: range.to + by }, whole);
}

export function toggled(hidden: readonly string[], name: string): string[] {
  return hidden.includes(name) ? hidden.filter((each) => each !== name) : [...hidden, name];
}

/** The smoothing of a slider from 0 to 100: finer towards the end, where it matters. */
export const smoothingAt = (slider: number): number =>
  slider <= 0 ? 0 : 1 - 10 ** (-3 * (Math.min(slider, 100) / 100));

export const sliderAt = (smoothing: number): number =>
  smoothing <= 0 ? 0 : Math.round((-Math.log10(1 - smoothing) / 3) * 100);
