/**
 * Builds a static graph, node by node. Every method checks shapes and types when it is called, so
 * that a mistake is reported where it was made. Nothing is computed here.
 */
import { GlassboxError } from '../../base/errors';
import type {
  Attributes,
  DType,
  Graph,
  Node,
  OperatorName,
  Shape,
  Update,
  Value,
} from './operators';
import {
  broadcastShapes,
  checkHeads,
  checkLengths,
  lastTwo,
  sameShape,
  shapeError,
  sizeOf,
} from './shapes';

export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #producers = new Map<number, Node>();
  readonly #inputs = new Map<string, Value>();
  readonly #states = new Map<string, Value>();
  readonly #outputs = new Map<string, Value>();
  readonly #updates: Update[] = [];
  #values = 0;

  // --- Leaves -------------------------------------------------------------------------------

  input(name: string, dtype: DType, shape: Shape): Value {
    return this.#named(this.#inputs, 'input', name, dtype, shape);
  }

  state(name: string, shape: Shape): Value {
    return this.#named(this.#states, 'state', name, 'f32', shape);
  }

  constant(data: Float32Array | Int32Array, shape: Shape): Value {
    if (data.length !== sizeOf(shape)) {
      throw new GlassboxError(
        'graph-shape',
        `constant has ${data.length} elements, not the ${sizeOf(shape)} of [${shape.join(', ')}].`,
      );
    }
    const dtype = data instanceof Float32Array ? 'f32' : 'i32';
    return this.#one('constant', { data }, [], dtype, shape);
  }

  scalar(value: number): Value {
    return this.constant(Float32Array.of(value), [1]);
  }

  // --- Elementwise --------------------------------------------------------------------------

  add = (a: Value, b: Value): Value => this.#binary('add', a, b);
  subtract = (a: Value, b: Value): Value => this.#binary('subtract', a, b);
  multiply = (a: Value, b: Value): Value => this.#binary('multiply', a, b);
  divide = (a: Value, b: Value): Value => this.#binary('divide', a, b);
  maximum = (a: Value, b: Value): Value => this.#binary('maximum', a, b);
  minimum = (a: Value, b: Value): Value => this.#binary('minimum', a, b);
  less = (a: Value, b: Value): Value => this.#binary('less', a, b);
  negate = (x: Value): Value => this.#unary('negate', x);
  exp = (x: Value): Value => this.#unary('exp', x);
  log = (x: Value): Value => this.#unary('log', x);
  sqrt = (x: Value): Value => this.#unary('sqrt', x);
  tanh = (x: Value): Value => this.#unary('tanh', x);
  sigmoid = (x: Value): Value => this.#unary('sigmoid', x);
  scale = (x: Value, factor: number): Value => this.multiply(x, this.scalar(factor));

  toFloat(x: Value): Value {
    if (x.dtype !== 'i32') throw shapeError('toFloat', [x], 'an i32');
    return this.#one('toFloat', {}, [x], 'f32', x.shape);
  }

  // --- Shape --------------------------------------------------------------------------------

  reshape(x: Value, shape: Shape): Value {
    if (sizeOf(shape) !== sizeOf(x.shape)) {
      throw shapeError('reshape', [x], `as many elements as [${shape.join(', ')}] has`);
    }
    return sameShape(x.shape, shape) ? x : this.#one('reshape', {}, [x], x.dtype, shape);
  }

  transpose(x: Value, permutation: readonly number[]): Value {
    const sorted = [...permutation].sort((a, b) => a - b);
    if (sorted.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
      throw shapeError('transpose', [x], `[${permutation.join(', ')}] to name each axis once`);
    }
    const shape = permutation.map((axis) => x.shape[axis]!);
    return this.#one('transpose', { permutation }, [x], x.dtype, shape);
  }

  broadcast(x: Value, shape: Shape): Value {
    if (sameShape(x.shape, shape)) return x;
    const result = broadcastShapes(x.shape, shape);
    if (!result || !sameShape(result, shape)) {
      throw shapeError('broadcast', [x], `a shape that stretches to [${shape.join(', ')}]`);
    }
    return this.#one('broadcast', {}, [x], x.dtype, shape);
  }

  /** `sizes[i]` elements from `starts[i]` on, along each axis. */
  slice(x: Value, starts: readonly number[], sizes: Shape): Value {
    const fits =
      starts.length === x.shape.length &&
      sizes.length === x.shape.length &&
      x.shape.every((length, axis) => {
        const [start, size] = [starts[axis]!, sizes[axis]!];
        return start >= 0 && size > 0 && start + size <= length;
      });
    if (!fits) {
      const range = `[${starts.join(', ')}] + [${sizes.join(', ')}]`;
      throw shapeError('slice', [x], `${range} to lie inside`);
    }
    return this.#one('slice', { starts }, [x], x.dtype, sizes);
  }

  pad(x: Value, before: readonly number[], shape: Shape): Value {
    const fits =
      before.length === x.shape.length &&
      shape.length === x.shape.length &&
      shape.every((length, axis) => before[axis]! >= 0 && before[axis]! + x.shape[axis]! <= length);
    if (!fits) throw shapeError('pad', [x], `to fit into [${shape.join(', ')}]`);
    return this.#one('pad', { before }, [x], x.dtype, shape);
  }

  concatenate(values: readonly Value[], axis: number): Value {
    const [first, ...rest] = values;
    if (!first) throw shapeError('concatenate', values, 'at least one value');
    const others = (value: Value) => value.shape.map((length, i) => (i === axis ? 0 : length));
    if (
      first.shape[axis] === undefined ||
      rest.some((v) => v.dtype !== first.dtype || !sameShape(others(v), others(first)))
    ) {
      throw shapeError('concatenate', values, `shapes that differ only along axis ${axis}`);
    }
    const length = values.reduce((sum, value) => sum + value.shape[axis]!, 0);
    const shape = first.shape.map((each, i) => (i === axis ? length : each));
    return this.#one('concatenate', { axis }, values, first.dtype, shape);
  }

  // --- Reductions ---------------------------------------------------------------------------

  sum = (x: Value, axes: readonly number[]): Value => this.#reduction('sum', x, axes);
  max = (x: Value, axes: readonly number[]): Value => this.#reduction('max', x, axes);

  /** The sum of everything, as [1]. */
  total(x: Value): Value {
    const flat = this.reshape(x, [sizeOf(x.shape)]);
    return flat.shape[0] === 1 ? flat : this.sum(flat, [0]);
  }

  softmax = (x: Value): Value => this.#unary('softmax', x);
  logSoftmax = (x: Value): Value => this.#unary('logSoftmax', x);

  // --- Products -----------------------------------------------------------------------------

  matmul(
    a: Value,
    b: Value,
    options: { transposeA?: boolean; transposeB?: boolean; scale?: number } = {},
  ): Value {
    const { transposeA = false, transposeB = false, scale = 1 } = options;
    const [m, k1] = lastTwo(a.shape, transposeA);
    const [k2, n] = lastTwo(b.shape, transposeB);
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    if (m === undefined || n === undefined || k1 !== k2 || !batch) {
      throw shapeError('matmul', [a, b], 'equal inner lengths and batch axes that broadcast');
    }
    this.#floats('matmul', a, b);
    const attributes = { transposeA, transposeB, scale };
    return this.#one('matmul', attributes, [a, b], 'f32', [...batch, m, n]);
  }

  embedding(table: Value, ids: Value): Value {
    if (table.shape.length !== 2 || ids.dtype !== 'i32') {
      throw shapeError('embedding', [table, ids], 'a table [V, W] and i32 ids');
    }
    this.#floats('embedding', table);
    return this.#one('embedding', {}, [table, ids], 'f32', [...ids.shape, table.shape[1]!]);
  }

  embeddingBackward(ids: Value, gradient: Value, rows: number): Value {
    const width = gradient.shape.at(-1);
    if (
      width === undefined ||
      ids.dtype !== 'i32' ||
      !sameShape(ids.shape, gradient.shape.slice(0, -1))
    ) {
      throw shapeError('embeddingBackward', [ids, gradient], 'i32 ids [...], gradient [..., W]');
    }
    this.#floats('embeddingBackward', gradient);
    return this.#one('embeddingBackward', { rows }, [ids, gradient], 'f32', [rows, width]);
  }

  // --- Fused --------------------------------------------------------------------------------

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
    this.#floats('linear', ...inputs);
    const attributes = { bias: bias !== undefined, residual: residual !== undefined };
    return this.#one('linear', attributes, inputs, 'f32', shape);
  }

  rmsNorm(x: Value, weight: Value, epsilon: number): { y: Value; inverseRms: Value } {
    if (!sameShape(weight.shape, x.shape.slice(-1))) {
      throw shapeError('rmsNorm', [x, weight], 'x [..., W] and weight [W]');
    }
    this.#floats('rmsNorm', x, weight);
    const [y, inverseRms] = this.#node(
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
    this.#floats('rmsNormBackward', ...inputs);
    const [dx, dWeight] = this.#node('rmsNormBackward', {}, inputs, [x.shape, weight.shape]);
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
    this.#floats('rope', x, cosine, sine);
    return this.#one('rope', { inverse }, [x, positions, cosine, sine], 'f32', x.shape);
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
    this.#floats('attention', q, k, v);
    const attributes = { scale, segments: segments !== undefined };
    const [out, logSumExp] = this.#node('attention', attributes, inputs, [
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
    this.#floats('attentionBackward', ...floats);
    const inputs = [...floats, ...(segments ? [segments] : [])];
    const attributes = { scale, segments: segments !== undefined };
    const shapes = [q.shape, k.shape, v.shape];
    const [dq, dk, dv] = this.#node('attentionBackward', attributes, inputs, shapes);
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
    this.#floats('cachedAttention', q, k, v, cache.k, cache.v);
    const shape = [rows, keyHeads!, tokens, width!];
    const inputs = [q, k, v, cache.k, cache.v, cache.offset];
    const [out, newK, newV] = this.#node('cachedAttention', { scale }, inputs, [
      q.shape,
      shape,
      shape,
    ]);
    return { out: out!, k: newK!, v: newV! };
  }

  swiglu(gate: Value, up: Value): Value {
    if (!sameShape(gate.shape, up.shape)) throw shapeError('swiglu', [gate, up], 'equal shapes');
    this.#floats('swiglu', gate, up);
    return this.#one('swiglu', {}, [gate, up], 'f32', gate.shape);
  }

  swigluBackward(gate: Value, up: Value, gradient: Value): [Value, Value] {
    if (!sameShape(gate.shape, up.shape) || !sameShape(gate.shape, gradient.shape)) {
      throw shapeError('swigluBackward', [gate, up, gradient], 'equal shapes');
    }
    this.#floats('swigluBackward', gate, up, gradient);
    const shapes = [gate.shape, up.shape];
    const [dGate, dUp] = this.#node('swigluBackward', {}, [gate, up, gradient], shapes);
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
    this.#floats('crossEntropy', x, weight);
    const shapes = [[tokens!], [tokens!]];
    const [nll, logSumExp] = this.#node('crossEntropy', {}, [x, weight, targets], shapes);
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
    this.#floats('crossEntropyBackward', x, weight, logSumExp, gradient);
    const shapes = [x.shape, weight.shape];
    const [dx, dWeight] = this.#node('crossEntropyBackward', {}, inputs, shapes);
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
    this.#floats('adamw', ...large, ...small);
    const shapes = [shape, shape, shape];
    const [parameter, moment1, moment2] = this.#node(
      'adamw',
      attributes,
      [...large, ...small],
      shapes,
    );
    return { parameter: parameter!, moment1: moment1!, moment2: moment2! };
  }

  // --- Results ------------------------------------------------------------------------------

  output(name: string, value: Value): void {
    if (this.#outputs.has(name)) throw duplicate('output', name);
    this.producer(value);
    this.#floats(`output ${name}`, value);
    this.#outputs.set(name, value);
  }

  /** After the run, the state holds the value. */
  assign(state: Value, value: Value): void {
    if (!sameShape(state.shape, value.shape))
      throw shapeError('assign', [state, value], 'equal shapes');
    this.#update(state, value, undefined);
  }

  /** After the run, the state's part from `offset` [1] on along `axis` holds the value. */
  assignAt(state: Value, value: Value, axis: number, offset: Value): void {
    const fits =
      state.shape.length === value.shape.length &&
      state.shape[axis] !== undefined &&
      state.shape.every((length, i) =>
        i === axis ? value.shape[i]! <= length : value.shape[i] === length,
      );
    if (!fits)
      throw shapeError('assignAt', [state, value], `shapes that differ only along axis ${axis}`);
    if (offset.dtype !== 'i32' || !sameShape(offset.shape, [1]))
      throw shapeError('assignAt', [state, value, offset], 'an offset i32 [1]');
    this.#update(state, value, { axis, offset });
  }

  /** The node that made a value. */
  producer(value: Value): Node {
    const node = this.#producers.get(value.id);
    if (!node?.outputs.includes(value)) {
      throw new GlassboxError('graph-foreign', `${value.label} belongs to another graph.`);
    }
    return node;
  }

  /** All nodes so far, each after its inputs. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** The finished graph, without the nodes that no output and no update needs. */
  build(): Graph {
    const needed = new Set<Node>();
    const pending = [...this.#outputs.values()];
    for (const { value, at } of this.#updates) pending.push(value, ...(at ? [at.offset] : []));
    for (let value = pending.pop(); value; value = pending.pop()) {
      const node = this.producer(value);
      if (needed.has(node)) continue;
      needed.add(node);
      pending.push(...node.inputs);
    }
    return {
      nodes: this.#nodes.filter((node) => needed.has(node)),
      inputs: new Map(this.#inputs),
      states: new Map(this.#states),
      outputs: new Map(this.#outputs),
      updates: [...this.#updates],
    };
  }

  // --- Inside -------------------------------------------------------------------------------

  #update(state: Value, value: Value, at: Update['at']): void {
    const node = this.producer(state);
    if (node.op !== 'state') throw shapeError('assign', [state, value], 'a state to assign to');
    this.producer(value);
    this.#floats('assign', value);
    const name = node.attributes.name;
    if (this.#updates.some((update) => update.state === name)) throw duplicate('update of', name);
    this.#updates.push({ state: name, value, at });
  }

  #named(
    registry: Map<string, Value>,
    op: 'input' | 'state',
    name: string,
    dtype: DType,
    shape: Shape,
  ): Value {
    if (registry.has(name)) throw duplicate(op, name);
    const value = this.#one(op, { name }, [], dtype, shape, name);
    registry.set(name, value);
    return value;
  }

  #unary(
    op: 'negate' | 'exp' | 'log' | 'sqrt' | 'tanh' | 'sigmoid' | 'softmax' | 'logSoftmax',
    x: Value,
  ): Value {
    this.#floats(op, x);
    return this.#one(op, {}, [x], 'f32', x.shape);
  }

  #binary(
    op: 'add' | 'subtract' | 'multiply' | 'divide' | 'maximum' | 'minimum' | 'less',
    a: Value,
    b: Value,
  ): Value {
    const shape = broadcastShapes(a.shape, b.shape);
    if (!shape) throw shapeError(op, [a, b], 'shapes that broadcast');
    this.#floats(op, a, b);
    return this.#one(op, {}, [a, b], 'f32', shape);
  }

  #reduction(op: 'sum' | 'max', x: Value, axes: readonly number[]): Value {
    if (axes.some((axis) => x.shape[axis] === undefined)) {
      throw shapeError(op, [x], `axes [${axes.join(', ')}] to exist`);
    }
    this.#floats(op, x);
    if (axes.length === 0) return x;
    const shape = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
    const sorted = [...new Set(axes)].sort((a, b) => a - b);
    return this.#one(op, { axes: sorted }, [x], 'f32', shape);
  }

  #floats(op: string, ...values: readonly Value[]): void {
    if (values.some((value) => value.dtype !== 'f32')) throw shapeError(op, values, 'f32');
  }

  #one<Name extends OperatorName>(
    op: Name,
    attributes: Attributes[Name],
    inputs: readonly Value[],
    dtype: DType,
    shape: Shape,
    label?: string,
  ): Value {
    return this.#node(op, attributes, inputs, [shape], dtype, label)[0]!;
  }

  #node<Name extends OperatorName>(
    op: Name,
    attributes: Attributes[Name],
    inputs: readonly Value[],
    shapes: readonly Shape[],
    dtype: DType = 'f32',
    label: string = op,
  ): readonly Value[] {
    for (const input of inputs) this.producer(input);
    for (const shape of shapes) checkLengths(label, shape);
    const outputs = shapes.map((shape) => ({ id: this.#values++, dtype, shape, label }));
    // Sound, but beyond the checker: a Node<Name> for some Name is one of the union's members.
    const node = { op, attributes, inputs, outputs } satisfies Node<Name> as Node;
    this.#nodes.push(node);
    for (const output of outputs) this.#producers.set(output.id, node);
    return outputs;
  }
}

function duplicate(what: string, name: string): GlassboxError {
  return new GlassboxError('graph-duplicate', `The graph has the ${what} ${name} already.`);
}
