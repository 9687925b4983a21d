/**
 * Builds a static graph, node by node. Every method checks shapes and types when it is called, so
 * that a mistake is reported where it was made. Nothing is computed here.
 *
 * Leaves and results come from `GraphDraft`, elementwise operators, reductions and products from
 * `PrimitiveBuilder`; here are the fused operators and their backward forms.
 */
import type { Attributes, Value } from './operators';
import { PrimitiveBuilder } from './primitives';
import { checkHeads, sameShape, shapeError } from './shapes';

export class GraphBuilder extends PrimitiveBuilder {
  linear(x: Value, weight: Value, options: { bias?: Value; residual?: Value } = {}): Value {
    const { bias, residual } = options;
    const [outputs, inner] = weight.shape;
    const shape = [...x.shape.slice(0, -1), outputs ?? 0];
    if (weight.shape.length !== 2 || outputs === undefined || x.shape.at(-1) !== inner) {
      throw shapeError('linear', [x, weight], 'x [..., I] and weight [O, I]');
    }
    if (bias && !sameShape(bias.shape, [outputs]))
      throw shapeError('linear', [weight, bias], 'bias [O]');
    if (residual && !sameShape(residual.shape, shape)) {
      throw shapeError('linear', [x, weight, residual], 'a residual of the result’s shape');
    }
    const inputs = [x, weight, ...(bias ? [bias] : []), ...(residual ? [residual] : [])];
    this.floats('linear', ...inputs);
    const attributes = { bias: bias !== undefined, residual: residual !== undefined };
    return this.one('linear', attributes, inputs, 'f32', shape);
  }

  rmsNorm(x: Value, weight: Value, epsilon: number): { y: Value; inverseRms: Value } {
    if (!sameShape(weight.shape, x.shape.slice(-1))) {
      throw shapeError('rmsNorm', [x, weight], 'x [..., W] and weight [W]');
    }
    this.floats('rmsNorm', x, weight);
    const [y, inverseRms] = this.node(
      'rmsNorm',
      { epsilon },
      [x, weight],
      [x.shape, [...x.shape.slice(0, -1), 1]],
    );
    return { y: y!, inverseRms: inverseRms! };
  }

  rmsNormBackward(x: Value, weight: Value, inverseRms: Value, gradient: Value): [Value, Value] {
    const inputs = [x, weight, inverseRms, gradient];
    if (
      !sameShape(weight.shape, x.shape.slice(-1)) ||
      !sameShape(inverseRms.shape, [...x.shape.slice(0, -1), 1]) ||
      !sameShape(gradient.shape, x.shape)
    ) {
      const expected = 'x [..., W], weight [W], inverse [..., 1] and a gradient of the shape of x';
      throw shapeError('rmsNormBackward', inputs, expected);
    }
    this.floats('rmsNormBackward', ...inputs);
    const [dx, dWeight] = this.node('rmsNormBackward', {}, inputs, [x.shape, weight.shape]);
    return [dx!, dWeight!];
  }

  rope(x: Value, positions: Value, cosine: Value, sine: Value, inverse = false): Value {
    const [rows, tokens, , width] = x.shape;
    if (
      x.shape.length !== 4 ||
      positions.dtype !== 'i32' ||
      !sameShape(positions.shape, [rows!, tokens!]) ||
      cosine.shape.length !== 2 ||
      cosine.shape[1] !== width! / 2 ||
      !sameShape(cosine.shape, sine.shape)
    ) {
      const expected = 'x [B, T, H, D], positions [B, T], cosine and sine [P, D/2]';
      throw shapeError('rope', [x, positions, cosine, sine], expected);
    }
    this.floats('rope', x, cosine, sine);
    return this.one('rope', { inverse }, [x, positions, cosine, sine], 'f32', x.shape);
  }

  attention(
    q: Value,
    k: Value,
    v: Value,
    options: { scale: number; segments?: Value },
  ): { out: Value; logSumExp: Value } {
    const { scale, segments } = options;
    const [rows, tokens, heads] = checkHeads('attention', q, k, v);
    if (segments && (segments.dtype !== 'i32' || !sameShape(segments.shape, [rows, tokens]))) {
      throw shapeError('attention', [q, segments], 'segments i32 [B, T]');
    }
    const inputs = [q, k, v, ...(segments ? [segments] : [])];
    this.floats('attention', q, k, v);
    const attributes = { scale, segments: segments !== undefined };
    const [out, logSumExp] = this.node('attention', attributes, inputs, [
      q.shape,
      [rows, heads, tokens],
    ]);
    return { out: out!, logSumExp: logSumExp! };
  }

  attentionBackward(
    forward: { q: Value; k: Value; v: Value; out: Value; logSumExp: Value },
    gradient: Value,
    options: { scale: number; segments?: Value },
  ): [Value, Value, Value] {
    const { q, k, v, out, logSumExp } = forward;
    const { scale, segments } = options;
    const floats = [q, k, v, out, logSumExp, gradient];
    const [rows, tokens, heads] = checkHeads('attentionBackward', q, k, v);
    if (
      !sameShape(out.shape, q.shape) ||
      !sameShape(gradient.shape, q.shape) ||
      !sameShape(logSumExp.shape, [rows, heads, tokens])
    ) {
      const expected = 'out and gradient of the shape of q, log-sum-exp [B, H, T]';
      throw shapeError('attentionBackward', floats, expected);
    }
    this.floats('attentionBackward', ...floats);
    const inputs = [...floats, ...(segments ? [segments] : [])];
    const attributes = { scale, segments: segments !== undefined };
    const shapes = [q.shape, k.shape, v.shape];
    const [dq, dk, dv] = this.node('attentionBackward', attributes, inputs, shapes);
    return [dq!, dk!, dv!];
  }

  cachedAttention(
    fresh: { q: Value; k: Value; v: Value },
    cache: { k: Value; v: Value; offset: Value },
    scale: number,
  ): { out: Value; k: Value; v: Value } {
    const { q, k, v } = fresh;
    const [rows, tokens] = checkHeads('cachedAttention', q, k, v);
    const [, , keyHeads, width] = k.shape;
    const capacity = cache.k.shape[2]!;
    if (
      !sameShape(cache.k.shape, [rows, keyHeads!, capacity, width!]) ||
      !sameShape(cache.k.shape, cache.v.shape) ||
      cache.offset.dtype !== 'i32' ||
      !sameShape(cache.offset.shape, [1])
    ) {
      const values = [k, cache.k, cache.v, cache.offset];
      throw shapeError('cachedAttention', values, 'caches [B, K, S, D] and offset i32 [1]');
    }
    this.floats('cachedAttention', q, k, v, cache.k, cache.v);
    const shape = [rows, keyHeads!, tokens, width!];
    const inputs = [q, k, v, cache.k, cache.v, cache.offset];
    const [out, newK, newV] = this.node('cachedAttention', { scale }, inputs, [
      q.shape,
      shape,
      shape,
    ]);
    return { out: out!, k: newK!, v: newV! };
  }

  swiglu(gate: Value, up: Value): Value {
    if (!sameShape(gate.shape, up.shape)) throw shapeError('swiglu', [gate, up], 'equal shapes');
    this.floats('swiglu', gate, up);
    return this.one('swiglu', {}, [gate, up], 'f32', gate.shape);
  }

  swigluBackward(gate: Value, up: Value, gradient: Value): [Value, Value] {
    if (!sameShape(gate.shape, up.shape) || !sameShape(gate.shape, gradient.shape)) {
      throw shapeError('swigluBackward', [gate, up, gradient], 'equal shapes');
    }
    this.floats('swigluBackward', gate, up, gradient);
    const shapes = [gate.shape, up.shape];
    const [dGate, dUp] = this.node('swigluBackward', {}, [gate, up, gradient], shapes);
    return [dGate!, dUp!];
  }

  crossEntropy(x: Value, weight: Value, targets: Value): { nll: Value; logSumExp: Value } {
    const [tokens, width] = x.shape;
    if (
      x.shape.length !== 2 ||
      weight.shape.length !== 2 ||
      weight.shape[1] !== width ||
      targets.dtype !== 'i32' ||
      !sameShape(targets.shape, [tokens!])
    ) {
      throw shapeError(
        'crossEntropy',
        [x, weight, targets],
        'x [N, W], weight [V, W], targets [N]',
      );
    }
    this.floats('crossEntropy', x, weight);
    const shapes = [[tokens!], [tokens!]];
    const [nll, logSumExp] = this.node('crossEntropy', {}, [x, weight, targets], shapes);
    return { nll: nll!, logSumExp: logSumExp! };
  }

  crossEntropyBackward(
    forward: { x: Value; weight: Value; targets: Value; logSumExp: Value },
    gradient: Value,
  ): [Value, Value] {
    const { x, weight, targets, logSumExp } = forward;
    const inputs = [x, weight, targets, logSumExp, gradient];
    if (!sameShape(logSumExp.shape, targets.shape) || !sameShape(gradient.shape, targets.shape)) {
      throw shapeError('crossEntropyBackward', inputs, 'log-sum-exp and gradient [N]');
    }
    this.floats('crossEntropyBackward', x, weight, logSumExp, gradient);
    const shapes = [x.shape, weight.shape];
    const [dx, dWeight] = this.node('crossEntropyBackward', {}, inputs, shapes);
    return [dx!, dWeight!];
  }

  adamw(
    tensors: { parameter: Value; moment1: Value; moment2: Value; gradient: Value },
    scalars: { learningRate: Value; correction1: Value; correction2: Value; gradientScale: Value },
    attributes: Attributes['adamw'],
  ): { parameter: Value; moment1: Value; moment2: Value } {
    const large = [tensors.parameter, tensors.moment1, tensors.moment2, tensors.gradient];
    const { learningRate, correction1, correction2, gradientScale } = scalars;
    const small = [learningRate, correction1, correction2, gradientScale];
    const shape = tensors.parameter.shape;
    if (
      large.some((v) => !sameShape(v.shape, shape)) ||
      small.some((v) => !sameShape(v.shape, [1]))
    ) {
      throw shapeError('adamw', [...large, ...small], 'four equal shapes and four scalars [1]');
    }
    this.floats('adamw', ...large, ...small);
    const shapes = [shape, shape, shape];
    const [parameter, moment1, moment2] = this.node(
      'adamw',
      attributes,
      [...large, ...small],
      shapes,
    );
    return { parameter: parameter!, moment1: moment1!, moment2: moment2! };
  }
}
