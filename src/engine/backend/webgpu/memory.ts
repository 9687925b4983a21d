/**
 * What a run takes of the GPU's memory, known from its plan before anything is allocated, and whether
 * there is room for it. A plan, and whether its largest tensor can be, takes no device, only an
 * adapter's word. WebGPU tells no one how much memory a GPU has, so it is tried: as much is allocated in
 * large buffers and freed again. On a software adapter the machine's free memory is asked instead, for
 * there an allocation is only a promise.
 */
import { freemem } from 'node:os';
import { hasCode } from '../../../base/errors';
import { sizeOf } from '../../graph/graph';
import type { BackendMemory, MemoryNeeds, MemoryPlan } from '../backend';
import { megabytes } from './device';
import type { Device, Traits } from './device';
import { bytesOf } from './lowering';
import type { Lowered, LoweringOptions } from './lowering';
import { planMemory, tensorsOf } from './plan';
import { lower } from './rules';
import type { Tuner } from './tuning';

/** Of a program, its states apart; the largest tensor may be a state. */
function programNeeds(lowered: Lowered): MemoryNeeds {
  const sizes = planMemory(lowered).slots.map((size) => bytesOf({ size }));
  let states = 0;
  for (const tensor of tensorsOf(lowered)) {
    const { kind } = tensor.from;
    if (kind === 'state') states = Math.max(states, bytesOf(tensor));
    else if (kind !== 'computed') sizes.push(bytesOf(tensor));
  }
  const results = [...lowered.outputs.values()].reduce((sum, { size }) => sum + size, 0);
  sizes.push(bytesOf({ size: results }));
  return { bytes: total(sizes), largest: largest([...sizes, states]) };
}

const total = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0);
const largest = (sizes: readonly number[]): number =>
  sizes.reduce((most, size) => Math.max(most, size), 0);

/** By the lowering for something with traits: a device, which may lose some, or what would be one. */
export function memoryPlan(
  of: { readonly traits: Traits },
  options: LoweringOptions = {},
): MemoryPlan {
  return {
    statesNeed: (states) => {
      const sizes = [...states.values()].map((shape) => bytesOf({ size: sizeOf(shape) }));
      return { bytes: total(sizes), largest: largest(sizes) };
    },
    programNeeds: (graph) => programNeeds(lower(graph, of.traits, options)),
    tooLarge: ({ largest: bytes }) => {
      const { maxStorageBufferBindingSize: most } = of.traits;
      return bytes > most
        ? `the largest tensor has ${megabytes(bytes)}, and this GPU's driver takes no more than ${megabytes(most)} for one`
        : undefined;
    },
  };
}

export function memoryOf(
  device: Device,
  software: boolean,
  tuner: Tuner | undefined,
): BackendMemory {
  const plan = memoryPlan(device, {
    mostWork: device.options.work,
    planFor: (product) => tuner?.planFor(product),
  });
  return {
    ...plan,
    refusal: async (needs) => {
      const tooLarge = plan.tooLarge(needs);
      if (tooLarge !== undefined) return tooLarge;
      const free = await freeFor(device, software, needs.bytes);
      return free < needs.bytes ? `${megabytes(free)} are free` : undefined;
    },
  };
}

/** What is allocated at a time when it is tried. */
const TRIAL = 2 ** 28;

/** How much of `wanted` bytes there is. */
async function freeFor(device: Device, software: boolean, wanted: number): Promise<number> {
  const allowed = device.options.memory - device.held;
  if (allowed < wanted) return allowed;
  if (software) return freemem();
  const tried: GPUBuffer[] = [];
  let free = 0;
  try {
    while (free < wanted) {
      const bytes = Math.min(TRIAL, wanted - free, device.traits.maxStorageBufferBindingSize);
      tried.push(await device.buffer(Math.ceil(bytes / 4), 'a trial'));
      free += bytes;
    }
  } catch (thrown) {
    if (!hasCode(thrown, 'backend-memory')) throw thrown;
  } finally {
    for (const buffer of tried) device.free(buffer);
    // The driver has them back only then.
    await device.gpu.queue.onSubmittedWorkDone();
  }
  return free;
}
