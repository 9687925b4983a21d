/** The primitive operators: each method checks shapes and types, then adds one node. */
import { GraphDraft } from './draft';
import type { Shape, Value } from './operators';
import { broadcastShapes, lastTwo, sameShape, shapeError, sizeOf } from './shapes';

export class PrimitiveBuilder extends GraphDraft {
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
  isFinite = (x: Value): Value => this.#unary('isFinite', x);
  scale = (x: Value, factor: number): Value => this.multiply(x, this.scalar(factor));

  select(condition: Value, a: Value, b: Value): Value {
    const values = [condition, a, b];
    const branches = broadcastShapes(a.shape, b.shape);
    const shape = branches && broadcastShapes(condition.shape, branches);
    if (!shape) throw shapeError('select', values, 'shapes that broadcast');
    this.floats('select', ...values);
    return this.one('select', {}, values, 'f32', shape);
  }

  toFloat(x: Value): Value {
    if (x.dtype !== 'i32') throw shapeError('toFloat', [x], 'an i32');
    return this.one('toFloat', {}, [x], 'f32', x.shape);
  }

  // --- Shape --------------------------------------------------------------------------------

  reshape(x: Value, shape: Shape): Value {
    if (sizeOf(shape) !== sizeOf(x.shape)) {
      throw shapeError('reshape', [x], `as many elements as [${shape.join(', ')}] has`);
    }
    return sameShape(x.shape, shape) ? x : this.one('reshape', {}, [x], x.dtype, shape);
  }

  transpose(x: Value, permutation: readonly number[]): Value {
    const sorted = [...permutation].sort((a, b) => a - b);
    if (sorted.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
      throw shapeError('transpose', [x], `[${permutation.join(', ')}] to name each axis once`);
    }
    const shape = permutation.map((axis) => x.shape[axis]!);
    return this.one('transpose', { permutation }, [x], x.dtype, shape);
  }

  broadcast(x: Value, shape: Shape): Value {
    if (sameShape(x.shape, shape)) return x;
    const result = broadcastShapes(x.shape, shape);
    if (!result || !sameShape(result, shape)) {
      throw shapeError('broadcast', [x], `a shape that stretches to [${shape.join(', ')}]`);
    }
    return this.one('broadcast', {}, [x], x.dtype, shape);
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
    return this.one('slice', { starts }, [x], x.dtype, sizes);
  }

  pad(x: Value, before: readonly number[], shape: Shape): Value {
    const fits =
      before.length === x.shape.length &&
      shape.length === x.shape.length &&
      shape.every((length, axis) => before[axis]! >= 0 && before[axis]! + x.shape[axis]! <= length);
    if (!fits) throw shapeError('pad', [x], `to fit into [${shape.join(', ')}]`);
    return this.one('pad', { before }, [x], x.dtype, shape);
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
    return this.one('concatenate', { axis }, values, first.dtype, shape);
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
    this.floats('matmul', a, b);
    const attributes = { transposeA, transposeB, scale };
    return this.one('matmul', attributes, [a, b], 'f32', [...batch, m, n]);
  }

  embedding(table: Value, ids: Value): Value {
    if (table.shape.length !== 2 || ids.dtype !== 'i32') {
      throw shapeError('embedding', [table, ids], 'a table [V, W] and i32 ids');
    }
    this.floats('embedding', table);
    return this.one('embedding', {}, [table, ids], 'f32', [...ids.shape, table.shape[1]!]);
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
    this.floats('embeddingBackward', gradient);
    return this.one('embeddingBackward', { rows }, [ids, gradient], 'f32', [rows, width]);
  }

  // --- Inside -------------------------------------------------------------------------------

  #unary(
    op:
      | 'negate'
      | 'exp'
      | 'log'
      | 'sqrt'
      | 'tanh'
      | 'sigmoid'
      | 'isFinite'
      | 'softmax'
      | 'logSoftmax',
    x: Value,
  ): Value {
    this.floats(op, x);
    return this.one(op, {}, [x], 'f32', x.shape);
  }

  #binary(
    op: 'add' | 'subtract' | 'multiply' | 'divide' | 'maximum' | 'minimum' | 'less',
    a: Value,
    b: Value,
  ): Value {
    const shape = broadcastShapes(a.shape, b.shape);
    if (!shape) throw shapeError(op, [a, b], 'shapes that broadcast');
    this.floats(op, a, b);
    return this.one(op, {}, [a, b], 'f32', shape);
  }

  #reduction(op: 'sum' | 'max', x: Value, axes: readonly number[]): Value {
    if (axes.some((axis) => x.shape[axis] === undefined)) {
      throw shapeError(op, [x], `axes [${axes.join(', ')}] to exist`);
    }
    this.floats(op, x);
    if (axes.length === 0) return x;
    const shape = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
    const sorted = [...new Set(axes)].sort((a, b) => a - b);
    return this.one(op, { axes: sorted }, [x], 'f32', shape);
  }
}
