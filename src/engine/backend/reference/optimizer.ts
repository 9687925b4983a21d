/**
 * AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019) in the order of
 * PyTorch's torch.optim.AdamW: decay, moments, then the step with both moments corrected for bias.
 */
import type { Node } from '../../graph/graph';
import type { Rules } from './rule';

export const optimizer = {
  adamw: ({ attributes }: Node<'adamw'>, arrays: readonly Float64Array[]) => {
    const { beta1, beta2, epsilon, weightDecay, learningRateScale } = attributes;
    const [parameter, moment1, moment2, gradient, ...scalars] = arrays;
    const [learningRate, correction1, correction2, gradientScale] = scalars.map((each) => each[0]!);
    if (gradientScale === 0) return [parameter!, moment1!, moment2!];
    const rate = learningRate! * learningRateScale;
    const scaled = gradient!.map((g) => g * gradientScale!);
    const newMoment1 = moment1!.map((m, i) => beta1 * m + (1 - beta1) * scaled[i]!);
    const newMoment2 = moment2!.map((v, i) => beta2 * v + (1 - beta2) * scaled[i]! ** 2);
    const newParameter = parameter!.map((p, i) => {
      const direction =
        newMoment1[i]! / correction1! / (Math.sqrt(newMoment2[i]! / correction2!) + epsilon);
      return p * (1 - rate * weightDecay) - rate * direction;
    });
    return [newParameter, newMoment1, newMoment2];
  },
} satisfies Partial<Rules>;
