/**
 * The oracle against PyTorch in float64: outputs, gradients by our own differentiation, and three
 * steps of AdamW. The numbers come from `test/goldens/make_graph_goldens.py`.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { openReference } from '../../src/engine/backend/reference/reference';
import { differentiate, GraphBuilder, sameShape } from '../../src/engine/graph/graph';
import type { Value } from '../../src/engine/graph/graph';
import { expectClose } from './close';

const tensor = z.object({ shape: z.array(z.number()), data: z.array(z.number()) });
type Tensor = z.infer<typeof tensor>;
const tensors = z.record(z.string(), tensor);
const operatorCase = z.object({
  inputs: tensors,
  factors: tensor,
  outputs: tensors,
  gradients: tensors,
});
type OperatorCase = z.infer<typeof operatorCase>;
const adamwStep = z.object({
  learningRate: z.number(),
  gradient: tensor,
  parameter: tensor,
  moment1: tensor,
  moment2: tensor,
});
const goldens = z
  .object({
    rmsNorm: operatorCase.extend({ epsilon: z.number() }),
    rope: operatorCase,
    attention: operatorCase.extend({ scale: z.number() }),
    swiglu: operatorCase,
    crossEntropy: operatorCase,
    adamw: z.object({
      beta1: z.number(),
      beta2: z.number(),
      epsilon: z.number(),
      weightDecay: z.number(),
      start: tensor,
      steps: z.array(adamwStep).length(3),
    }),
  })
  .parse(
    JSON.parse(readFileSync(new URL('../goldens/graph-goldens.json', import.meta.url), 'utf8')),
  );

const EXACT = { relative: 1e-10, absolute: 1e-12 };

/** Inputs that are ids; the rest are states, because states take all digits. */
const IDS = new Set(['positions', 'segments', 'targets']);

/** Builds the operator over the golden inputs and compares its outputs and gradients. */
async function check(
  golden: OperatorCase,
  apply: (graph: GraphBuilder, of: (name: string) => Value) => Readonly<Record<string, Value>>,
): Promise<void> {
  const graph = new GraphBuilder();
  const inputs = Object.entries(golden.inputs);
  const values = new Map(
    inputs.map(([name, { shape }]) => [
      name,
      IDS.has(name) ? graph.input(name, 'i32', shape) : graph.state(name, shape),
    ]),
  );
  const outputs = Object.entries(apply(graph, (name) => values.get(name)!));
  for (const [name, value] of outputs) graph.output(name, value);
  const factors = graph.state('factors', golden.factors.shape);
  const loss = graph.total(graph.multiply(outputs[0]![1], factors));
  const differentiated = Object.keys(golden.gradients);
  const gradients = differentiate(
    graph,
    loss,
    differentiated.map((name) => values.get(name)!),
  );
  differentiated.forEach((name, i) => graph.output(`d ${name}`, gradients[i]!));

  const built = graph.build();
  const shapes = [...built.states].map(([name, { shape }]) => [name, shape] as const);
  const store = await (await openReference()).allocate(new Map(shapes));
  const feeds: Record<string, Int32Array> = {};
  for (const [name, { data }] of inputs) {
    if (IDS.has(name)) feeds[name] = Int32Array.from(data);
    else store.writeExact(name, Float64Array.from(data));
  }
  store.writeExact('factors', Float64Array.from(golden.factors.data));
  const results = (await store.compile(built)).runExact(feeds);

  const compare = (name: string, expected: Tensor): void => {
    expect(sameShape(built.outputs.get(name)!.shape, expected.shape), name).toBe(true);
    expectClose(results[name]!, expected.data, EXACT, name);
  };
  for (const [name, expected] of Object.entries(golden.outputs)) compare(name, expected);
  for (const [name, expected] of Object.entries(golden.gradients)) compare(`d ${name}`, expected);
}

it('rmsNorm is PyTorch’s', () =>
  check(goldens.rmsNorm, (graph, of) => ({
    ...graph.rmsNorm(of('x'), of('weight'), goldens.rmsNorm.epsilon),
  })));

it('rope is Hugging Face’s', () =>
  check(goldens.rope, (graph, of) => ({
    y: graph.rope(of('x'), of('positions'), of('cosine'), of('sine')),
  })));

it('attention with grouped heads and segments is PyTorch’s', () =>
  check(goldens.attention, (graph, of) => ({
    ...graph.attention(of('q'), of('k'), of('v'), {
      scale: goldens.attention.scale,
      segments: of('segments'),
    }),
  })));

it('swiglu is PyTorch’s', () =>
  check(goldens.swiglu, (graph, of) => ({ y: graph.swiglu(of('gate'), of('up')) })));

it('weighted cross-entropy is PyTorch’s', () =>
  check(goldens.crossEntropy, (graph, of) => {
    const { nll, logSumExp } = graph.crossEntropy(of('x'), of('weight'), of('targets'));
    const weighted = graph.total(graph.multiply(nll, of('weights')));
    return { mean: graph.divide(weighted, graph.total(of('weights'))), nll, logSumExp };
  }));

it('three steps of AdamW are PyTorch’s', async () => {
  const { start, steps, ...fixed } = goldens.adamw;
  const { shape } = start;
  const graph = new GraphBuilder();
  const state = (name: string) => graph.state(name, shape);
  const large = { parameter: state('parameter'), moment1: state('moment1') };
  const parameters = { ...large, moment2: state('moment2'), gradient: state('gradient') };
  const scalars = {
    learningRate: graph.state('learningRate', [1]),
    correction1: graph.state('correction1', [1]),
    correction2: graph.state('correction2', [1]),
    gradientScale: graph.scalar(1),
  };
  const next = graph.adamw(parameters, scalars, { ...fixed, learningRateScale: 1 });
  graph.assign(parameters.parameter, next.parameter);
  graph.assign(parameters.moment1, next.moment1);
  graph.assign(parameters.moment2, next.moment2);
  const built = graph.build();
  const shapes = [...built.states].map(([name, value]) => [name, value.shape] as const);
  const store = await (await openReference()).allocate(new Map(shapes));
  const program = await store.compile(built);
  store.writeExact('parameter', Float64Array.from(start.data));
  steps.forEach((step, index) => {
    store.writeExact('gradient', Float64Array.from(step.gradient.data));
    store.writeExact('learningRate', Float64Array.of(step.learningRate));
    store.writeExact('correction1', Float64Array.of(1 - fixed.beta1 ** (index + 1)));
    store.writeExact('correction2', Float64Array.of(1 - fixed.beta2 ** (index + 1)));
    program.runExact({});
    for (const name of ['parameter', 'moment1', 'moment2'] as const) {
      expectClose(store.readExact(name), step[name].data, EXACT, `${name} after ${index + 1}`);
    }
  });
});
