/**
 * AdamW over plain arrays, in place, in one pass over memory: onnxruntime would need a dozen, one
 * for each elementwise operator, and would hand every parameter back as a copy.
 */
import type { Attributes } from '../../graph/graph';

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

export function adamwInPlace(
  { parameter, moment1, moment2, gradient }: AdamwTensors,
  { learningRate, correction1, correction2, gradientScale }: AdamwScalars,
  { beta1, beta2, epsilon, weightDecay, learningRateScale }: Attributes['adamw'],
): void {
  const rate = learningRate * learningRateScale;
  const keep = 1 - rate * weightDecay;
  const step = rate / correction1;
  const inverse = 1 / correction2;
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]! * gradientScale;
    const m = moment1[i]! * beta1 + g * (1 - beta1);
    const v = moment2[i]! * beta2 + g * g * (1 - beta2);
    moment1[i] = m;
    moment2[i] = v;
    parameter[i] = parameter[i]! * keep - (step * m) / (Math.sqrt(v * inverse) + epsilon);
  }
}
