/**
 * From a recipe's few words to a full shape. `depth` is the one dial: width is 64 a layer, heads are
 * 64 wide, and context grows in two steps. A preset is a depth with a few fields set otherwise; every
 * field that the recipe names overrides both.
 */
import { GlassboxError } from '../../base/errors';
import type { ModelConfig } from '../../recipe/model';
import type { Recipe } from '../../recipe/run';

type Shape = Omit<ModelConfig, 'vocab'>;
type Wishes = Recipe['model'];

/** Llama's rule for the hidden width, 8/3 of the stream, up to a multiple that tiles well. */
function intermediateFor(width: number): number {
  return Math.ceil((width * 8) / 3 / 32) * 32;
}

/** The shape that follows from a depth alone. */
function shapeOfDepth(depth: number): Shape {
  const width = 64 * depth;
  return {
    layers: depth,
    heads: depth,
    kvHeads: depth,
    headDim: 64,
    width,
    intermediate: intermediateFor(width),
    context: depth < 8 ? 256 : 1024,
    ropeTheta: 10_000,
    ropeScaling: null,
    normEpsilon: 1e-5,
    tieEmbeddings: true,
    qkvBias: false,
    qkNorm: false,
  };
}

const PRESETS: Readonly<Record<'tiny' | 'small' | 'base', Shape>> = {
  // Four layers at half their width: nanoGPT's CPU shape, with a longer context.
  tiny: {
    ...shapeOfDepth(4),
    width: 128,
    headDim: 32,
    intermediate: intermediateFor(128),
    context: 128,
  },
  small: shapeOfDepth(6),
  base: shapeOfDepth(12),
};

/** The full shape for a recipe's model and the tokenizer's vocabulary. Throws `model-shape`. */
export function resolveModel(wishes: Wishes, vocab: number): ModelConfig {
  const start =
    wishes.depth === undefined ? PRESETS[wishes.preset ?? 'tiny'] : shapeOfDepth(wishes.depth);
  const width = wishes.width ?? start.width;
  const heads = wishes.heads ?? start.heads;
  const headDim = wishes.headDim ?? width / heads;
  if (!Number.isInteger(headDim)) {
    throw shapeError(`model.heads ${heads} does not divide model.width ${width}`, {
      remedy: `Choose heads among ${divisors(width).join(', ')}, or set model.headDim.`,
      field: wishes.heads === undefined ? 'model.width' : 'model.heads',
    });
  }
  if (headDim % 2 !== 0) {
    throw shapeError(`a head is ${headDim} wide, but rotary positions need an even width`, {
      remedy: 'Choose model.heads or model.headDim so that a head has an even width.',
      field: wishes.headDim === undefined ? 'model.heads' : 'model.headDim',
    });
  }
  const kvHeads = wishes.kvHeads ?? (wishes.heads === undefined ? start.kvHeads : heads);
  if (heads % kvHeads !== 0) {
    throw shapeError(`model.kvHeads ${kvHeads} does not divide model.heads ${heads}`, {
      remedy: `Choose kvHeads among ${divisors(heads).join(', ')}.`,
      field: wishes.kvHeads === undefined ? 'model.heads' : 'model.kvHeads',
    });
  }
  const intermediate =
    wishes.intermediate ??
    (wishes.width === undefined ? start.intermediate : intermediateFor(width));
  return {
    vocab,
    layers: wishes.layers ?? start.layers,
    heads,
    kvHeads,
    headDim,
    width,
    intermediate,
    context: wishes.context ?? start.context,
    ropeTheta: wishes.ropeTheta ?? start.ropeTheta,
    ropeScaling: start.ropeScaling,
    normEpsilon: wishes.normEpsilon ?? start.normEpsilon,
    tieEmbeddings: wishes.tieEmbeddings ?? start.tieEmbeddings,
    qkvBias: wishes.qkvBias ?? start.qkvBias,
    qkNorm: wishes.qkNorm ?? start.qkNorm,
  };
}

function divisors(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1).filter((i) => n % i === 0);
}

/** @param options.field the recipe's field to change. */
function shapeError(what: string, options: { remedy: string; field: string }): GlassboxError {
  const { remedy, field } = options;
  return new GlassboxError('model-shape', `The model cannot have this shape: ${what}.`, {
    remedy,
    details: { field },
  });
}
