/**
 * AdamW over plain arrays, in place, in one pass over memory: onnxruntime would need a dozen, one
 * for each elementwise operator, and would hand every parameter back as a copy. The arithmetic is a
 * WebAssembly loop (see adamw.wat) on blocks that stay in the processor's first cache; copying them
 * in and out costs less than moving every state into WebAssembly's memory would forbid.
 */
import type { Attributes } from '../../graph/graph';
import { adamwModule } from './adamwModule';

export interface AdamwScalars {
  readonly learningRate: number;
  /** 1 - beta1^t */
  readonly correction1: number;
  /** 1 - beta2^t */
  readonly correction2: number;
  readonly gradientScale: number;
}

export interface AdamwTensors {
  readonly parameter: Float32Array;
  readonly moment1: Float32Array;
  readonly moment2: Float32Array;
  readonly gradient: Float32Array;
}

/** Floats of each array in a block. */
const BLOCK = 4096;

interface Kernel {
  readonly parameter: Float32Array;
  readonly moment1: Float32Array;
  readonly moment2: Float32Array;
  readonly gradient: Float32Array;
  readonly run: (count: number, ...scalars: number[]) => void;
}

let kernel: Kernel | undefined;

function loadKernel(): Kernel {
  const { exports } = new WebAssembly.Instance(
    new WebAssembly.Module(Buffer.from(adamwModule, 'base64')),
  );
  const memory = exports['memory'];
  const adamw = exports['adamw'];
  if (!(memory instanceof WebAssembly.Memory) || typeof adamw !== 'function') {
    throw new Error('adamwModule.ts holds another module: run npm run wasm');
  }
  const part = (index: number): Float32Array =>
    new Float32Array(memory.buffer, index * BLOCK * 4, BLOCK);
  return {
    parameter: part(0),
    moment1: part(1),
    moment2: part(2),
    gradient: part(3),
    run: (count, ...scalars) => void adamw(count, ...scalars),
  };
}

export function adamwInPlace(
  { parameter, moment1, moment2, gradient }: AdamwTensors,
  { learningRate, correction1, correction2, gradientScale }: AdamwScalars,
  { beta1, beta2, epsilon, weightDecay, learningRateScale }: Attributes['adamw'],
): void {
  if (gradientScale === 0) return;
  const block = (kernel ??= loadKernel());
  const rate = learningRate * learningRateScale;
  for (let start = 0; start < parameter.length; start += BLOCK) {
    const end = Math.min(parameter.length, start + BLOCK);
    const count = end - start;
    block.parameter.set(parameter.subarray(start, end));
    block.moment1.set(moment1.subarray(start, end));
    block.moment2.set(moment2.subarray(start, end));
    block.gradient.set(gradient.subarray(start, end));
    block.run(
      count,
      1 - rate * weightDecay,
      rate / correction1,
      1 / correction2,
      epsilon,
      beta1,
      1 - beta1,
      beta2,
      1 - beta2,
      gradientScale,
    );
    parameter.set(block.parameter.subarray(0, count), start);
    moment1.set(block.moment1.subarray(0, count), start);
    moment2.set(block.moment2.subarray(0, count), start);
  }
}
