/**
 * A dispatch that would take a slow GPU too long is done in bands: several dispatches of the same
 * kernel, each over a stretch of its workgroups, so that they can be submitted one after the other
 * (pace.ts). Every workgroup computes what it did before, so no result changes by a bit. The kernel of
 * a band is told in a uniform buffer which workgroup it begins with and how many there are in all.
 */
import { bandKernel } from './kernel';
import type { Dispatch, Lowering } from './lowering';

/** Multiply-adds of one dispatch: half a second of a GPU of 0.4 TFLOP/s. */
export const MOST_WORK = 1e11;

export function inBands(dispatch: Dispatch, most: number, lowering: Lowering): Dispatch[] {
  const { kernel, workgroups, work } = dispatch;
  const wanted = Math.ceil(work / most);
  // The outermost axis that has enough workgroups, or the one that has the most.
  const axes = [2, 1, 0] as const;
  const axis =
    axes.find((each) => workgroups[each] >= wanted) ??
    axes.reduce((best, each) => (workgroups[each] > workgroups[best] ? each : best));
  const bands = Math.min(wanted, workgroups[axis]);
  if (bands <= 1) return [dispatch];
  return Array.from({ length: bands }, (_, index) => {
    const edge = (band: number): number => Math.floor((workgroups[axis] * band) / bands);
    const [begin, end] = [edge(index), edge(index + 1)];
    const first = workgroups.map((_, each) => (each === axis ? begin : 0));
    const own = workgroups.map((all, each) => (each === axis ? end - begin : all));
    return {
      ...dispatch,
      kernel: bandKernel(kernel),
      band: lowering.constant(Int32Array.from([...first, 0, ...workgroups, 0])),
      workgroups: [own[0]!, own[1]!, own[2]!],
      work: work / bands,
    };
  });
}
