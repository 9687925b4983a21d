/**
 * The decoder of the Llama family as a graph: token ids in, normalised hidden states out, from which
 * a caller takes logits or a loss. One description serves training, evaluation, prefill and decode;
 * they differ in what attention reads: the row itself, or a cache as well. Parameters have Hugging
 * Face's names, so that a checkpoint is the store's content under the same names.
 */
import type { GraphBuilder, Shape, Value } from '../graph/graph';
import { adapterOf, parameterShapes } from '../interop/interop';
import type { ModelConfig } from '../../recipe/model';
import { rotaryTables } from './rotary';

export type Parameters = ReadonlyMap<string, Value>;

/** Declares every parameter of the model as a state of the graph. */
export function declareParameters(graph: GraphBuilder, config: ModelConfig): Parameters {
  return new Map(
    [...parameterShapes(config)].map(([name, shape]) => [name, graph.state(name, shape)]),
  );
}

/** The row is all there is: causal attention within [B, T], or within its segments. */
export interface WholeRows {
  readonly kind: 'rows';
  /** Segment ids i32 [B, T]: a token sees only its own segment. */
  readonly segments?: Value;
}

/** T new tokens after `offset` cached ones. */
export interface Cached {
  readonly kind: 'cache';
  /** Cached positions that the graph can see, at least those before the offset. */
  readonly capacity: number;
  /** i32 [1] */
  readonly offset: Value;
}

export interface DecoderInput {
  /** Ids i32 [B, T]. */
  readonly tokens: Value;
  /** i32 [B, T], each below `maxPositions`. */
  readonly positions: Value;
  readonly maxPositions: number;
  readonly attention: WholeRows | Cached;
}

/** The states of the cache: keys and values of each layer, [B, K, S, D]. */
export function cacheShapes(
  config: ModelConfig,
  rows: number,
  capacity: number,
): Map<string, Shape> {
  const shape = [rows, config.kvHeads, capacity, config.headDim];
  const shapes = new Map<string, Shape>();
  for (let layer = 0; layer < config.layers; layer++) {
    shapes.set(cacheName('k', layer, capacity), shape);
    shapes.set(cacheName('v', layer, capacity), shape);
  }
  return shapes;
}

function cacheName(part: 'k' | 'v', layer: number, capacity: number): string {
  return `cache.${capacity}.${part}.${layer}`;
}

/** Hidden states after the last norm, [B*T, W]. With a cache, the new keys and values go into it. */
export function decode(
  graph: GraphBuilder,
  config: ModelConfig,
  parameters: Parameters,
  input: DecoderInput,
): Value {
  const [rows, tokens] = [input.tokens.shape[0]!, input.tokens.shape[1]!];
  const tables = rotaryTables(config, input.maxPositions);
  const tableShape = [input.maxPositions, config.headDim / 2];
  const block: Block = {
    graph,
    config,
    parameters,
    input,
    cosine: graph.constant(tables.cosine, tableShape),
    sine: graph.constant(tables.sine, tableShape),
  };
  const ids = graph.reshape(input.tokens, [rows * tokens]);
  let x = graph.embedding(parameter(parameters, 'model.embed_tokens.weight'), ids);
  for (let layer = 0; layer < config.layers; layer++) {
    x = attend(block, x, layer);
    x = feedForward(block, x, layer);
  }
  return norm(block, x, 'model.norm');
}

/** The output projection: the embedding itself where they are tied. */
export function outputWeight(config: ModelConfig, parameters: Parameters): Value {
  return parameter(
    parameters,
    config.tieEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight',
  );
}

interface Block {
  readonly graph: GraphBuilder;
  readonly config: ModelConfig;
  readonly parameters: Parameters;
  readonly input: DecoderInput;
  readonly cosine: Value;
  readonly sine: Value;
}

function attend(block: Block, x: Value, layer: number): Value {
  const { graph, config, parameters, input } = block;
  const prefix = `model.layers.${layer}.self_attn`;
  const [rows, tokens] = [input.tokens.shape[0]!, input.tokens.shape[1]!];
  const normed = norm(block, x, `model.layers.${layer}.input_layernorm`);
  const heads = (name: string, count: number): Value => {
    const bias = parameters.get(`${prefix}.${name}.bias`);
    const projected = project(block, normed, `${prefix}.${name}`, bias ? { bias } : {});
    return graph.reshape(projected, [rows, tokens, count, config.headDim]);
  };
  const turned = (name: string, normName: string, count: number): Value => {
    const projected = heads(name, count);
    const weight = parameters.get(`${prefix}.${normName}.weight`);
    const normedHeads = weight ? graph.rmsNorm(projected, weight, config.normEpsilon).y : projected;
    return graph.rope(normedHeads, input.positions, block.cosine, block.sine);
  };
  const q = turned('q_proj', 'q_norm', config.heads);
  const k = turned('k_proj', 'k_norm', config.kvHeads);
  const v = heads('v_proj', config.kvHeads);
  const mixed = attention(block, { q, k, v }, layer);
  const flat = graph.reshape(mixed, [rows * tokens, config.heads * config.headDim]);
  return project(block, flat, `${prefix}.o_proj`, { residual: x });
}

/** A projection, with its low-rank adapters where it has some. */
function project(
  { graph, config, parameters }: Block,
  x: Value,
  name: string,
  more: { readonly bias?: Value; readonly residual?: Value } = {},
): Value {
  const weight = `${name}.weight`;
  const projected = graph.linear(x, parameter(parameters, weight), more);
  const adapter = adapterOf(config, weight);
  if (!adapter) return projected;
  const narrow = graph.linear(x, parameter(parameters, adapter.a));
  const scaled = graph.multiply(narrow, graph.scalar(adapter.scale));
  return graph.linear(scaled, parameter(parameters, adapter.b), { residual: projected });
}

function attention(block: Block, heads: { q: Value; k: Value; v: Value }, layer: number): Value {
  const { graph, config, input } = block;
  const scale = 1 / Math.sqrt(config.headDim);
  const { attention: mode } = input;
  if (mode.kind === 'rows') {
    const options = mode.segments ? { scale, segments: mode.segments } : { scale };
    return graph.attention(heads.q, heads.k, heads.v, options).out;
  }
  const { capacity, offset } = mode;
  const shape = [input.tokens.shape[0]!, config.kvHeads, capacity, config.headDim];
  const cacheK = graph.state(cacheName('k', layer, capacity), shape);
  const cacheV = graph.state(cacheName('v', layer, capacity), shape);
  const cached = graph.cachedAttention(heads, { k: cacheK, v: cacheV, offset }, scale);
  graph.assignAt(cacheK, cached.k, 2, offset);
  graph.assignAt(cacheV, cached.v, 2, offset);
  return cached.out;
}

function feedForward(block: Block, x: Value, layer: number): Value {
  const { graph } = block;
  const prefix = `model.layers.${layer}.mlp`;
  const normed = norm(block, x, `model.layers.${layer}.post_attention_layernorm`);
  const gate = project(block, normed, `${prefix}.gate_proj`);
  const up = project(block, normed, `${prefix}.up_proj`);
  return project(block, graph.swiglu(gate, up), `${prefix}.down_proj`, { residual: x });
}

function norm({ graph, config, parameters }: Block, x: Value, name: string): Value {
  return graph.rmsNorm(x, parameter(parameters, `${name}.weight`), config.normEpsilon).y;
}

function parameter(parameters: Parameters, name: string): Value {
  const value = parameters.get(name);
  if (!value) throw new Error(`The model has no parameter ${name}`);
  return value;
}
