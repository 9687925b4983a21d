/**
 * jax-js (npm `@jax-js/jax`) on WebGPU in Node, which its own table of platforms doesn't list: given a
 * `navigator.gpu` out of npm `webgpu`, and on Node 20 the iterator helpers that it calls, it runs. Here
 * are a matrix product and the training step of trainingStep.ts, written as its documentation writes
 * such things: one `jit` over loss, gradients, clipping and AdamW, its own dotProductAttention,
 * logSoftmax, silu and take.
 *
 * Its arrays are owned: an operator uses up what it is given, and `ref` keeps one for another use.
 */
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { create, globals } from 'webgpu';
import { rotaryTables } from '../../src/engine/model/rotary';
import { initialParameters } from '../../src/engine/model/model';
import { check, operands } from './matmulCase';
import type { MatmulCase } from './matmulCase';
import { timeRuns } from './rounds';
import type { Timing } from './rounds';
import { batches, LEARNING_RATE, SETTINGS } from './trainingStep';
import type { StepShape } from './trainingStep';

interface Tensor {
  readonly ref: Tensor;
  readonly shape: readonly number[];
  add(other: Tensor | number): Tensor;
  sub(other: Tensor | number): Tensor;
  mul(other: Tensor | number): Tensor;
  div(other: Tensor | number): Tensor;
  reshape(shape: readonly number[]): Tensor;
  transpose(): Tensor;
  slice(...ranges: readonly (readonly number[])[]): Tensor;
  data(): Promise<ArrayLike<number>>;
  dispose(): void;
}

type Tree = Tensor | readonly Tree[] | { readonly [name: string]: Tree };
type Named = Record<string, Tensor>;

/** As much of jax-js as is used here. */
interface Jax {
  init(device: string): Promise<readonly string[]>;
  defaultDevice(device: string): string;
  jit<F>(run: F): F;
  valueAndGrad<Rest extends readonly Tensor[]>(
    loss: (parameters: Named, ...rest: Rest) => Tensor,
  ): (parameters: Named, ...rest: Rest) => [Tensor, Named];
  blockUntilReady(tree: Tree): Promise<Tree>;
  readonly tree: { ref<T extends Tree>(tree: T): T; dispose(tree: Tree): void };
  readonly numpy: {
    readonly int32: string;
    array(
      data: Float32Array | Int32Array,
      options: { shape: readonly number[]; dtype?: string },
    ): Tensor;
    matmul(a: Tensor, b: Tensor): Tensor;
    mean(x: Tensor, axis?: number, options?: { keepdims: boolean }): Tensor;
    sum(x: Tensor, axis?: number): Tensor;
    square(x: Tensor): Tensor;
    sqrt(x: Tensor): Tensor;
    minimum(x: Tensor, y: Tensor | number): Tensor;
    reciprocal(x: Tensor): Tensor;
    take(x: Tensor, indices: Tensor, axis: number): Tensor;
    concatenate(parts: readonly Tensor[], axis: number): Tensor;
  };
  readonly nn: {
    silu(x: Tensor): Tensor;
    logSoftmax(x: Tensor, axis: number): Tensor;
    oneHot(x: Tensor, classes: number): Tensor;
    dotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: { isCausal: boolean }): Tensor;
  };
}

/** `modules`: the node_modules where it is installed. */
async function load(modules: string): Promise<Jax> {
  addIteratorHelpers();
  Object.assign(globalThis, globals);
  const gpu = create(['enable-dawn-features=allow_unsafe_apis']);
  const navigator = { gpu, userAgent: `Node.js/${process.versions.node}`, hardwareConcurrency: 2 };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  const entry = path.join(modules, '@jax-js', 'jax', 'dist', 'index.js');
  const jax = (await import(pathToFileURL(entry).href)) as Jax;
  const devices = await jax.init('webgpu');
  if (!devices.includes('webgpu')) throw new Error('jax-js found no WebGPU');
  jax.defaultDevice('webgpu');
  return jax;
}

/** Node has them from version 22 on. */
function addIteratorHelpers(): void {
  const prototypeOf = (value: object): object => Object.getPrototypeOf(value) as object;
  const prototype = prototypeOf(prototypeOf([][Symbol.iterator]()));
  const helpers = {
    *map<T, U>(this: Iterable<T>, each: (value: T, index: number) => U): Generator<U> {
      let index = 0;
      for (const value of this) yield each(value, index++);
    },
    *filter<T>(this: Iterable<T>, keeps: (value: T) => boolean): Generator<T> {
      for (const value of this) if (keeps(value)) yield value;
    },
    toArray<T>(this: Iterable<T>): T[] {
      return [...this];
    },
  };
  for (const [name, value] of Object.entries(helpers))
    if (!(name in prototype)) Object.defineProperty(prototype, name, { value, configurable: true });
}

export async function measureJaxMatmul(
  product: MatmulCase,
  repeats: number,
  modules: string,
): Promise<Timing> {
  const { numpy } = await load(modules);
  const { rows, inner, columns } = product;
  const { a, b } = operands(product);
  const kept = numpy.array(b, { shape: [inner, columns] });
  let y: ArrayLike<number> = [];
  const timing = await timeRuns(repeats, async () => {
    y = await numpy.matmul(numpy.array(a, { shape: [rows, inner] }), kept.ref).data();
  });
  check(product, { a, b }, y);
  return timing;
}

/** The timing of a step, and the loss of each. */
export async function measureJaxStep(
  shape: StepShape,
  repeats: number,
  modules: string,
): Promise<Timing & { losses: number[] }> {
  const jax = await load(modules);
  const { numpy, tree } = jax;
  const { config, batch } = shape;
  const size = batch * config.context;
  const step = jax.jit(stepOf(jax, shape));
  let parameters: Named = {};
  let [moments1, moments2]: [Named, Named] = [{}, {}];
  for (const { name, shape: of, data } of initialParameters(config, 1)) {
    parameters[name] = numpy.array(data, { shape: of });
    moments1[name] = numpy.array(new Float32Array(data.length), { shape: of });
    moments2[name] = numpy.array(new Float32Array(data.length), { shape: of });
  }
  const ids = (data: Int32Array): Tensor =>
    numpy.array(data, { shape: [size], dtype: numpy.int32 });
  const number = (value: number): Tensor => numpy.array(Float32Array.of(value), { shape: [1] });
  const drawn = batches(shape);
  const losses: number[] = [];
  const timing = await timeRuns(repeats, async () => {
    const { tokens, targets } = drawn.next().value;
    const time = losses.length + 1;
    const corrections = [SETTINGS.beta1, SETTINGS.beta2].map((beta) => number(1 - beta ** time));
    const [loss, ...updated] = step(
      parameters,
      moments1,
      moments2,
      ids(tokens),
      ids(targets),
      corrections[0]!,
      corrections[1]!,
    );
    [parameters, moments1, moments2] = updated;
    losses.push((await loss.data())[0]!);
    await jax.blockUntilReady(parameters);
  });
  tree.dispose([parameters, moments1, moments2]);
  return { ...timing, losses };
}

type StepFunction = (
  parameters: Named,
  moments1: Named,
  moments2: Named,
  tokens: Tensor,
  targets: Tensor,
  correction1: Tensor,
  correction2: Tensor,
) => [Tensor, Named, Named, Named];

function stepOf(jax: Jax, shape: StepShape): StepFunction {
  const { numpy, tree } = jax;
  const { beta1, beta2, epsilon, weightDecay, gradientClip } = SETTINGS;
  const lossAndGradients = jax.valueAndGrad(lossOf(jax, shape));
  return (parameters, moments1, moments2, tokens, targets, correction1, correction2) => {
    const [loss, gradients] = lossAndGradients(tree.ref(parameters), tokens, targets);
    const squares = Object.values(gradients).map(({ ref }) => numpy.sum(numpy.square(ref)));
    const norm = numpy.sqrt(squares.reduce((all, each) => all.add(each)));
    const scale = numpy.minimum(numpy.reciprocal(norm.add(1e-6)).mul(gradientClip), 1);
    const next: [Named, Named, Named] = [{}, {}, {}];
    for (const [name, parameter] of Object.entries(parameters)) {
      const gradient = gradients[name]!.mul(scale.ref);
      const decay = parameter.shape.length >= 2 ? weightDecay : 0;
      const m = moments1[name]!.mul(beta1).add(gradient.ref.mul(1 - beta1));
      const v = moments2[name]!.mul(beta2).add(numpy.square(gradient).mul(1 - beta2));
      const root = numpy.sqrt(v.ref.div(correction2.ref)).add(epsilon);
      const direction = m.ref.div(correction1.ref).div(root);
      next[0][name] = parameter.mul(1 - LEARNING_RATE * decay).sub(direction.mul(LEARNING_RATE));
      [next[1][name], next[2][name]] = [m, v];
    }
    for (const used of [scale, correction1, correction2]) used.dispose();
    return [loss, ...next];
  };
}

function lossOf(
  { numpy, nn }: Jax,
  { config, batch }: StepShape,
): (parameters: Named, tokens: Tensor, targets: Tensor) => Tensor {
  const { context, heads, headDim, width, vocab, normEpsilon, layers } = config;
  const pairs = headDim / 2;
  const tables = rotaryTables(config, context);
  const linear = (x: Tensor, weight: Tensor): Tensor => numpy.matmul(x, weight.transpose());
  const norm = (x: Tensor, weight: Tensor): Tensor => {
    const mean = numpy.mean(numpy.square(x.ref), -1, { keepdims: true });
    return x.mul(numpy.reciprocal(numpy.sqrt(mean.add(normEpsilon)))).mul(weight);
  };
  return (parameters, tokens, targets) => {
    const table = (data: Float32Array): Tensor =>
      numpy.array(data, { shape: [1, context, 1, pairs] });
    const [cosine, sine] = [table(tables.cosine), table(tables.sine)];
    const turned = (x: Tensor): Tensor => {
      const first = x.ref.slice([], [], [], [0, pairs]);
      const second = x.slice([], [], [], [pairs, headDim]);
      return numpy.concatenate(
        [
          first.ref.mul(cosine.ref).sub(second.ref.mul(sine.ref)),
          second.mul(cosine.ref).add(first.mul(sine.ref)),
        ],
        -1,
      );
    };
    const weight = (name: string): Tensor => parameters[`${name}.weight`]!.ref;
    let x = numpy.take(weight('model.embed_tokens'), tokens, 0);
    for (let layer = 0; layer < layers; layer++) {
      const prefix = `model.layers.${layer}`;
      const normed = norm(x.ref, weight(`${prefix}.input_layernorm`));
      const split = (name: string): Tensor =>
        linear(normed.ref, weight(`${prefix}.self_attn.${name}_proj`)).reshape([
          batch,
          context,
          heads,
          headDim,
        ]);
      const [q, k, v] = [turned(split('q')), turned(split('k')), split('v')];
      normed.dispose();
      const mixed = nn.dotProductAttention(q, k, v, { isCausal: true });
      const flat = mixed.reshape([batch * context, width]);
      x = x.add(linear(flat, weight(`${prefix}.self_attn.o_proj`)));
      const wide = norm(x.ref, weight(`${prefix}.post_attention_layernorm`));
      const gate = nn.silu(linear(wide.ref, weight(`${prefix}.mlp.gate_proj`)));
      const gated = gate.mul(linear(wide, weight(`${prefix}.mlp.up_proj`)));
      x = x.add(linear(gated, weight(`${prefix}.mlp.down_proj`)));
    }
    for (const used of [cosine, sine]) used.dispose();
    const logits = linear(norm(x, weight('model.norm')), weight('model.embed_tokens'));
    for (const parameter of Object.values(parameters)) parameter.dispose();
    const likelihoods = nn.logSoftmax(logits, -1).mul(nn.oneHot(targets, vocab));
    return numpy.mean(numpy.sum(likelihoods, -1)).mul(-1);
  };
}
