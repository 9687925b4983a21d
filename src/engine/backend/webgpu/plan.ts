/**
 * Where the values of a run lie: each gets a slot for the time from the dispatch that writes it to the
 * last that reads it, and a slot serves one value after the other. Largest first into the first slot
 * that is free for its time (greedy by size: Pisarchyk and Lee, "Efficient Memory Management for
 * Deep Neural Net Inference", 2020), which for the step of a transformer, whose layers repeat the
 * same few sizes, is at the lower bound or close to it.
 *
 * A slot is a buffer of its own: WebGPU forbids that one dispatch reads and writes parts of one buffer.
 */
import { wholeOf } from './lowering';
import type { Lowered, Tensor } from './lowering';

/** Every tensor with memory of its own that a run touches, once. */
export function tensorsOf(lowered: Lowered): ReadonlySet<Tensor> {
  const { dispatches, parts, outputs, saves, copies } = lowered;
  const all = [
    ...[...dispatches, ...parts].flatMap(({ reads, writes, band }) => [
      ...[...reads, ...writes],
      ...(band ? [band] : []),
    ]),
    ...[...saves, ...copies].flatMap(({ from, to }) => [from, to]),
    ...outputs.values(),
  ];
  return new Set(all.map(wholeOf));
}

interface Life {
  readonly tensor: Tensor;
  /** The first and the last dispatch that need it, both included. */
  readonly from: number;
  to: number;
}

export interface MemoryPlan {
  /** Sizes of the slots, in elements. */
  readonly slots: readonly number[];
  /** Computed tensor's id -> its slot. */
  readonly slotOf: ReadonlyMap<number, number>;
}

export function planMemory({ dispatches, outputs, saves, parts, copies }: Lowered): MemoryPlan {
  const lives = new Map<number, Life>();
  const use = (each: Tensor, at: number): void => {
    const tensor = wholeOf(each);
    if (tensor.from.kind !== 'computed') return;
    const life = lives.get(tensor.id);
    if (life) life.to = at;
    else lives.set(tensor.id, { tensor, from: at, to: at });
  };
  dispatches.forEach(({ reads, writes }, at) => {
    for (const tensor of [...reads, ...writes]) use(tensor, at);
  });
  // What is copied or assigned after the dispatches stays until all of that is done.
  const end = dispatches.length;
  for (const tensor of outputs.values()) use(tensor, end);
  for (const { from, to } of [...saves, ...copies])
    for (const tensor of [from, to]) use(tensor, end);
  for (const { reads } of parts) for (const tensor of reads) use(tensor, end);

  const slots: { size: number; lives: Life[] }[] = [];
  const slotOf = new Map<number, number>();
  for (const life of [...lives.values()].sort((a, b) => b.tensor.size - a.tensor.size)) {
    const free = slots.findIndex((slot) =>
      slot.lives.every((other) => other.to < life.from || life.to < other.from),
    );
    const slot = free < 0 ? slots.push({ size: life.tensor.size, lives: [] }) - 1 : free;
    slots[slot]!.lives.push(life);
    slotOf.set(life.tensor.id, slot);
  }
  return { slots: slots.map(({ size }) => size), slotOf };
}
