/** Cases of the lookups, the fused operators and their backward operators, and of the optimizer. */
import type { OperatorName, Shape } from '../../src/engine/graph/graph';
import type { Case, Cases } from './cases';
import { between, normal, normalTimes } from './sketch';
import type { Draw } from './sketch';

const show = (shape: Shape) => `[${shape.join(', ')}]`;

/** Builds the operator twice over: what the case outputs, forward or backward. */
type Pass = 'forward' | 'backward';

function embedding(pass: Pass): Cases {
  const over = (rows: number, width: number, ids: Shape, label = ''): Case => ({
    label: `${show([rows, width])} by ${show(ids)}${label}`,
    build: (sketch) => {
      const values = sketch.ids(ids, label ? 2 : rows);
      return pass === 'forward'
        ? [sketch.graph.embedding(sketch.tensor([rows, width]), values)]
        : [sketch.graph.embeddingBackward(values, sketch.tensor([...ids, width]), rows)];
    },
  });
  return [
    over(5, 3, [4]),
    over(1, 1, [1]),
    over(11, 7, [2, 5]),
    over(9, 4, [3, 7], ', ids often repeated'),
    over(300, 17, [1, 33]),
  ];
}

function linear(): Cases {
  const forms: Case[] = [];
  for (const bias of [false, true]) {
    for (const residual of [false, true]) {
      for (const x of [
        [5, 7],
        [2, 3, 7],
        [1, 7],
        [2, 1, 3, 7],
      ] as Shape[]) {
        forms.push({
          label: `${show(x)}${bias ? ' with bias' : ''}${residual ? ' onto a residual' : ''}`,
          build: (sketch) => [
            sketch.graph.linear(sketch.tensor(x), sketch.tensor([4, 7]), {
              ...(bias ? { bias: sketch.tensor([4]) } : {}),
              ...(residual ? { residual: sketch.tensor([...x.slice(0, -1), 4]) } : {}),
            }),
          ],
        });
      }
    }
  }
  const large: Case = {
    label: '[1, 37, 65] to 129',
    build: (sketch) => [sketch.graph.linear(sketch.tensor([1, 37, 65]), sketch.tensor([129, 65]))],
  };
  return [large, ...forms];
}

function rmsNorm(pass: Pass): Cases {
  const over = (shape: Shape, draw: Draw = normal, label = ''): Case => ({
    label: `${show(shape)}${label}`,
    build: (sketch) => {
      const { graph } = sketch;
      const x = sketch.tensor(shape, draw);
      const weight = sketch.tensor(shape.slice(-1), between(0.5, 1.5));
      const { y, inverseRms } = graph.rmsNorm(x, weight, 1e-5);
      return pass === 'forward'
        ? [y, inverseRms]
        : graph.rmsNormBackward(x, weight, inverseRms, sketch.tensor(shape));
    },
  });
  return [
    over([3, 8]),
    over([1, 1]),
    over([2, 5, 7]),
    over([1, 1, 33]),
    over([2, 1025], normal, ' wide rows'),
    over([2, 3, 6], normalTimes(0.003), ' near epsilon'),
    over([2, 6], normalTimes(300), ' large'),
  ];
}

function rope(): Cases {
  const over = (shape: Shape, first: number, inverse: boolean): Case => ({
    label: `${show(shape)} from position ${first}${inverse ? ', inverse' : ''}`,
    build: (sketch) => {
      const [rows, tokens, , width] = shape;
      const half = width! / 2;
      const angle = (position: number, i: number) => position * 100 ** (-i / half);
      const table = (turn: (angle: number) => number) =>
        sketch.graph.constant(
          Float32Array.from({ length: 16 * half }, (_, i) =>
            turn(angle(Math.floor(i / half), i % half)),
          ),
          [16, half],
        );
      const positions = Array.from({ length: rows! * tokens! }, (_, i) =>
        // Later rows start one position further on.
        Math.min(15, first + (i % tokens!) + Math.floor(i / tokens!)),
      );
      return [
        sketch.graph.rope(
          sketch.tensor(shape),
          sketch.integers(positions, [rows!, tokens!]),
          table(Math.cos),
          table(Math.sin),
          inverse,
        ),
      ];
    },
  });
  return [
    over([1, 1, 1, 2], 0, false),
    over([1, 1, 3, 4], 7, false),
    over([2, 5, 3, 6], 0, false),
    over([2, 5, 3, 6], 4, true),
    over([3, 7, 1, 10], 2, false),
    over([1, 9, 4, 8], 0, true),
  ];
}

interface Heads {
  readonly rows: number;
  readonly tokens: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly width: number;
  readonly segments?: readonly number[];
  readonly draw?: Draw;
  readonly label?: string;
}

const headings: readonly Heads[] = [
  { rows: 1, tokens: 1, heads: 1, keyHeads: 1, width: 2 },
  { rows: 2, tokens: 5, heads: 4, keyHeads: 4, width: 4 },
  { rows: 2, tokens: 5, heads: 4, keyHeads: 2, width: 8 },
  { rows: 1, tokens: 7, heads: 3, keyHeads: 1, width: 6 },
  { rows: 3, tokens: 3, heads: 6, keyHeads: 3, width: 2 },
  { rows: 1, tokens: 33, heads: 2, keyHeads: 1, width: 16 },
  { rows: 1, tokens: 6, heads: 2, keyHeads: 2, width: 4, draw: normalTimes(6), label: ', large' },
  { rows: 1, tokens: 5, heads: 2, keyHeads: 1, width: 4, segments: [0, 0, 1, 1, 1] },
  { rows: 2, tokens: 4, heads: 2, keyHeads: 2, width: 4, segments: [3, 3, 3, 3, 5, 6, 7, 7] },
  { rows: 1, tokens: 6, heads: 4, keyHeads: 2, width: 2, segments: [0, 1, 0, 1, 2, 0] },
];

function attention(pass: Pass): Cases {
  const over = (heading: Heads): Case => {
    const { rows, tokens, heads, keyHeads, width, segments: ids, draw, label = '' } = heading;
    return {
      label: `${show([rows, tokens, heads, width])}, ${keyHeads} key heads${ids ? `, segments ${ids.join(' ')}` : ''}${label}`,
      build: (sketch) => {
        const { graph } = sketch;
        const q = sketch.tensor([rows, tokens, heads, width], draw);
        const k = sketch.tensor([rows, tokens, keyHeads, width], draw);
        const v = sketch.tensor([rows, tokens, keyHeads, width]);
        const segments = ids ? { segments: sketch.integers(ids, [rows, tokens]) } : {};
        const options = { scale: width ** -0.5, ...segments };
        const { out, logSumExp } = graph.attention(q, k, v, options);
        if (pass === 'forward') return [out, logSumExp];
        const gradient = sketch.tensor(q.shape);
        return graph.attentionBackward({ q, k, v, out, logSumExp }, gradient, options);
      },
    };
  };
  const [first, ...rest] = headings.map(over);
  return [first!, ...rest];
}

function cachedAttention(): Cases {
  const over = (heading: Heads, offset: number, capacity: number): Case => {
    const { rows, tokens, heads, keyHeads, width } = heading;
    return {
      label: `${tokens} tokens at ${offset} of ${capacity}, ${rows} rows, ${heads} heads, ${keyHeads} key heads`,
      build: (sketch) => {
        const { graph } = sketch;
        const q = sketch.tensor([rows, tokens, heads, width]);
        const k = sketch.tensor([rows, tokens, keyHeads, width]);
        const v = sketch.tensor([rows, tokens, keyHeads, width]);
        const cache = {
          k: sketch.tensor([rows, keyHeads, capacity, width]),
          v: sketch.tensor([rows, keyHeads, capacity, width]),
          offset: sketch.integers([offset], [1]),
        };
        const result = graph.cachedAttention({ q, k, v }, cache, width ** -0.5);
        graph.assignAt(cache.k, result.k, 2, cache.offset);
        graph.assignAt(cache.v, result.v, 2, cache.offset);
        return [result.out, result.k, result.v];
      },
    };
  };
  const one: Heads = { rows: 1, tokens: 1, heads: 4, keyHeads: 2, width: 6 };
  return [
    over(one, 0, 1),
    over(one, 0, 8),
    over(one, 3, 8),
    over(one, 7, 8),
    over({ ...one, rows: 2 }, 5, 9),
    over({ ...one, tokens: 3 }, 0, 8),
    over({ ...one, tokens: 3, keyHeads: 4 }, 2, 8),
    over({ ...one, tokens: 4, rows: 2, keyHeads: 1 }, 4, 8),
    over({ ...one, tokens: 5, heads: 1, keyHeads: 1, width: 2 }, 28, 33),
  ];
}

function swiglu(pass: Pass): Cases {
  const over = (shape: Shape, draw: Draw = normal, label = ''): Case => ({
    label: `${show(shape)}${label}`,
    build: (sketch) => {
      const [gate, up] = [sketch.tensor(shape, draw), sketch.tensor(shape)];
      return pass === 'forward'
        ? [sketch.graph.swiglu(gate, up)]
        : sketch.graph.swigluBackward(gate, up, sketch.tensor(shape));
    },
  });
  return [
    over([1]),
    over([3, 5]),
    over([2, 3, 7]),
    over([2, 11], normalTimes(40), ' large gates'),
    over([1, 130]),
  ];
}

function crossEntropy(pass: Pass): Cases {
  const over = (shape: readonly [number, number, number], draw = normal, label = ''): Case => ({
    label: `${shape[0]} tokens, width ${shape[1]}, vocabulary ${shape[2]}${label}`,
    build: (sketch) => {
      const { graph } = sketch;
      const [tokens, width, vocabulary] = shape;
      const x = sketch.tensor([tokens, width], draw);
      const weight = sketch.tensor([vocabulary, width]);
      const targets = sketch.ids([tokens], vocabulary);
      const { nll, logSumExp } = graph.crossEntropy(x, weight, targets);
      if (pass === 'forward') return [nll, logSumExp];
      const gradient = sketch.tensor([tokens]);
      return graph.crossEntropyBackward({ x, weight, targets, logSumExp }, gradient);
    },
  });
  return [
    over([1, 1, 1]),
    over([1, 3, 5]),
    over([6, 4, 11]),
    over([5, 8, 2]),
    over([7, 5, 1031], normal, ', wide rows'),
    over([4, 6, 9], normalTimes(50), ', large logits'),
  ];
}

const broken: Draw = (rng) => [NaN, Infinity, -Infinity, 1][rng.below(4)]!;

interface AdamwForm {
  readonly weightDecay?: number;
  readonly learningRateScale?: number;
  readonly epsilon?: number;
  /** Nothing learnt yet and nothing to learn, as for a token that never occurred. */
  readonly untouched?: true;
  readonly updatesOnly?: true;
  /** A step that is left out, however broken its gradient. */
  readonly leftOut?: true;
}

function adamw(): Cases {
  const over = (shape: Shape, label: string, form: AdamwForm): Case => ({
    label: `${show(shape)} ${label}`,
    build: (sketch) => {
      const { graph } = sketch;
      const { weightDecay = 0.1, learningRateScale = 1, epsilon = 1e-8 } = form;
      const drawn = (draw: Draw) => sketch.tensor(shape, form.untouched ? () => 0 : draw);
      const tensors = {
        parameter: sketch.tensor(shape),
        moment1: drawn(normalTimes(0.1)),
        moment2: drawn(between(0, 0.02)),
        gradient: form.leftOut
          ? graph.scale(sketch.fed(shape, broken), 0.5)
          : graph.scale(drawn(normal), 0.5),
      };
      const scalar = (value: number) => sketch.fed([1], () => value);
      const scalars = {
        learningRate: scalar(0.01),
        correction1: scalar(1 - 0.9 ** 3),
        correction2: scalar(1 - 0.95 ** 3),
        gradientScale: scalar(form.leftOut ? 0 : 0.7),
      };
      const fixed = { beta1: 0.9, beta2: 0.95, epsilon, weightDecay, learningRateScale };
      const next = graph.adamw(tensors, scalars, fixed);
      graph.assign(tensors.parameter, next.parameter);
      graph.assign(tensors.moment1, next.moment1);
      graph.assign(tensors.moment2, next.moment2);
      return form.updatesOnly ? [] : [next.parameter, next.moment1, next.moment2];
    },
  });
  return [
    over([5], 'with decay', {}),
    over([3, 7], 'without decay', { weightDecay: 0 }),
    over([2, 3, 5], 'slower than the rest', { learningRateScale: 0.25 }),
    over([4, 3], 'with an epsilon that counts', { epsilon: 0.05 }),
    over([2, 6], 'untouched', { untouched: true }),
    over([17, 9], 'updates only', { updatesOnly: true }),
    over([3, 5], 'left out', { leftOut: true }),
    over([8, 6], 'left out, updates only', { leftOut: true, updatesOnly: true }),
  ];
}

export const fusedCases = {
  embedding: embedding('forward'),
  embeddingBackward: embedding('backward'),
  linear: linear(),
  rmsNorm: rmsNorm('forward'),
  rmsNormBackward: rmsNorm('backward'),
  rope: rope(),
  attention: attention('forward'),
  attentionBackward: attention('backward'),
  cachedAttention: cachedAttention(),
  swiglu: swiglu('forward'),
  swigluBackward: swiglu('backward'),
  crossEntropy: crossEntropy('forward'),
  crossEntropyBackward: crossEntropy('backward'),
  adamw: adamw(),
} satisfies Partial<Record<OperatorName, Cases>>;
