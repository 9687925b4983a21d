/**
 * Ids, targets, positions and offsets that come straight from an input are checked on the host before a
 * run: a kernel can only keep an index within its tensor, not say that it was wrong. Those that a graph
 * computes are not seen here, and fall on the nearest row.
 */
import { GlassboxError } from '../../../base/errors';
import type { Graph, Value } from '../../graph/graph';
import type { Feeds } from '../backend';

/** Every element of an input must be at least 0 and less than `bound`. */
export interface Range {
  readonly input: string;
  readonly bound: number;
  /** For the message: what the elements are to whom. */
  readonly what: string;
}

/** The tightest range of each input that indexes something. */
export function rangesOf(graph: Graph): Range[] {
  const inputs = new Map([...graph.inputs].map(([name, { id }]) => [id, name]));
  const ranges = new Map<string, Range>();
  const add = (value: Value, bound: number, what: string): void => {
    const input = inputs.get(value.id);
    if (input === undefined || bound >= (ranges.get(input)?.bound ?? Infinity)) return;
    ranges.set(input, { input, bound, what });
  };
  for (const node of graph.nodes) {
    const [first, second, third] = node.inputs;
    switch (node.op) {
      case 'reshape': {
        const input = inputs.get(first!.id);
        if (input !== undefined) inputs.set(node.outputs[0]!.id, input);
        break;
      }
      case 'embedding':
        add(second!, first!.shape[0]!, 'a row of the table of embedding');
        break;
      case 'embeddingBackward':
        add(first!, node.attributes.rows, 'a row of the table of embeddingBackward');
        break;
      case 'rope':
        add(second!, third!.shape[0]!, 'a position in the tables of rope');
        break;
      case 'crossEntropy':
      case 'crossEntropyBackward':
        add(third!, second!.shape[0]!, `a target of ${node.op}`);
        break;
      case 'cachedAttention': {
        const [tokens, capacity] = [first!.shape[1]!, node.inputs[3]!.shape[2]!];
        const what = `where cachedAttention can put ${tokens} tokens into a cache of ${capacity}`;
        add(node.inputs[5]!, capacity - tokens + 1, what);
        break;
      }
      default:
      // The others index nothing.
    }
  }
  for (const { state, value, at } of graph.updates) {
    if (!at) continue;
    const [part, whole] = [value.shape[at.axis]!, graph.states.get(state)!.shape[at.axis]!];
    const what = `where state ${state} can take ${part} of ${whole} along axis ${at.axis}`;
    add(at.offset, whole - part + 1, what);
  }
  return [...ranges.values()];
}

/** Throws `backend-range` for the first element that lies outside. */
export function checkRanges(ranges: readonly Range[], feeds: Feeds): void {
  for (const { input, bound, what } of ranges) {
    const wrong = feeds[input]!.find((index) => index < 0 || index >= bound);
    if (wrong === undefined) continue;
    throw new GlassboxError(
      'backend-range',
      `Input ${input} was given ${wrong}, which is not ${what}: that is 0 to ${bound - 1}.`,
      { details: { input, index: wrong, bound } },
    );
  }
}
