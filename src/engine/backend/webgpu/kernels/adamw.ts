/**
 * One step of AdamW (Loshchilov and Hutter, 2019), in place, as PyTorch computes it: decay, moments,
 * then the step with both moments corrected for bias. Bound by bytes: parameter, moments and gradient
 * are read once and the first three written, 28 bytes a parameter, four parameters a lane. The
 * numbers that change from step to step come in buffers, so that a run is replayed as it is.
 */
import type { Attributes } from '../../../graph/graph';
import { kernel, LANES, literal, spread } from '../kernel';
import type { Sized } from '../kernel';
import { eachElement } from './indexing';

/**
 * Gradient and the scalars [1] learning rate, 1 - beta1^t, 1 - beta2^t, factor of the gradient are
 * read; parameter, first and second moment are updated. Eight buffers, as many as a kernel may have.
 */
export function adamw(
  size: number,
  { beta1, beta2, epsilon, weightDecay, learningRateScale }: Attributes['adamw'],
): Sized {
  const wide = size % 4 === 0;
  const type = wide ? 'vec4f' : 'f32';
  const count = wide ? size / 4 : size;
  const scalars = ['learningRate', 'correction1', 'correction2', 'gradientScale'];
  return {
    kernel: kernel({
      name: `adamw [${size}]`,
      reads: [['gradient', type], ...scalars],
      writes: [
        ['parameter', type],
        ['moment1', type],
        ['moment2', type],
      ],
      body: `${eachElement(count, LANES)}
  if (gradientScale[0] == 0.0) { return; }
  let rate = learningRate[0] * ${literal(learningRateScale)};
  let g = gradient[i] * gradientScale[0];
  let m = ${literal(beta1)} * moment1[i] + ${literal(1 - beta1)} * g;
  let v = ${literal(beta2)} * moment2[i] + ${literal(1 - beta2)} * g * g;
  let direction = m / correction1[0] / (sqrt(v / correction2[0]) + ${literal(epsilon)});
  parameter[i] = parameter[i] * (1.0 - rate * ${literal(weightDecay)}) - rate * direction;
  moment1[i] = m;
  moment2[i] = v;`,
    }),
    workgroups: spread(Math.ceil(count / LANES)),
  };
}
