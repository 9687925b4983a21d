/**
 * Attention as ONNX operators: scores are materialised, [B, K, G*T, T] for G query heads that share
 * a key head, so that grouped heads are one larger product and nothing is repeated. The forward pass
 * keeps the probabilities and the head-major copies of q, k, v for the backward pass. Memory grows
 * with T squared: long contexts are the WebGPU backend's business.
 */
import type { Node, Value } from '../../graph/graph';
import type { Lowering } from './loweringContext';

const MICROSOFT = { domain: 'com.microsoft' } as const;
/** Far below any score, yet finite, so that a fully masked row cannot give NaN. */
const MASKED = -1e30;

interface Heads {
  readonly rows: number;
  readonly tokens: number;
  readonly keyHeads: number;
  /** Query heads that share a key head. */
  readonly group: number;
  readonly width: number;
}

function headsOf(q: Value, k: Value): Heads {
  const [rows, tokens, heads, width] = q.shape;
  const keyHeads = k.shape[2]!;
  return { rows: rows!, tokens: tokens!, keyHeads, group: heads! / keyHeads, width: width! };
}

/** [B, T, K*G, D] -> [B, K, G*T, D]. */
function headMajor(lowering: Lowering, x: Value, name: string, heads: Heads): string {
  const { emit } = lowering;
  const { rows, tokens, keyHeads, width } = heads;
  const group = x.shape[2]! / keyHeads;
  if (tokens === 1) return emit.reshape(name, [rows, keyHeads, group, width]);
  if (group === 1) return emit.node('Transpose', [name], { perm: [0, 2, 1, 3] });
  const split = emit.reshape(name, [rows, tokens, keyHeads, group, width]);
  const moved = emit.node('Transpose', [split], { perm: [0, 2, 3, 1, 4] });
  return emit.reshape(moved, [rows, keyHeads, group * tokens, width]);
}

/** [B, K, G*T, D] -> [B, T, K*G, D]. */
function tokenMajor(lowering: Lowering, name: string, group: number, heads: Heads): string {
  const { emit } = lowering;
  const { rows, tokens, keyHeads, width } = heads;
  if (tokens === 1) return emit.reshape(name, [rows, 1, keyHeads * group, width]);
  if (group === 1) return emit.node('Transpose', [name], { perm: [0, 2, 1, 3] });
  const split = emit.reshape(name, [rows, keyHeads, group, tokens, width]);
  const moved = emit.node('Transpose', [split], { perm: [0, 3, 1, 2, 4] });
  return emit.reshape(moved, [rows, tokens, keyHeads * group, width]);
}

const headMajorOnce = (lowering: Lowering, x: Value, heads: Heads): string =>
  lowering.emit.once(`heads ${x.id}`, () => headMajor(lowering, x, lowering.of(x), heads));

function product(
  lowering: Lowering,
  a: string,
  b: string,
  options: { transA?: number; transB?: number; alpha?: number } = {},
): string {
  const { transA = 0, transB = 0, alpha = 1 } = options;
  const attributes = { transA, transB, alpha: { float: alpha } };
  return lowering.emit.node('FusedMatMul', [a, b], attributes, MICROSOFT);
}

/** 0 where a token may be seen and MASKED elsewhere: [T, T], or [B, 1, 1, T, T] with segments. */
function mask(lowering: Lowering, tokens: number, segments: Value | undefined): string {
  const { emit } = lowering;
  const causal = emit.once(`causal ${tokens}`, () => {
    const data = new Float32Array(tokens * tokens);
    for (let i = 0; i < tokens; i++) data.fill(MASKED, i * tokens + i + 1, (i + 1) * tokens);
    return emit.floats(data, [tokens, tokens]);
  });
  if (!segments) return causal;
  return emit.once(`segments ${segments.id}`, () => {
    const [rows] = segments.shape;
    const ids = lowering.of(segments);
    const queries = emit.reshape(ids, [rows!, 1, 1, tokens, 1]);
    const keys = emit.reshape(ids, [rows!, 1, 1, 1, tokens]);
    const equal = emit.node('Equal', [queries, keys]);
    return emit.node('Where', [equal, causal, emit.scalar(MASKED)]);
  });
}

/** The scaled and masked scores, [B, K, G, T, T]. */
function maskedScores(
  lowering: Lowering,
  [q, k, segments]: [Value, Value, Value | undefined],
  scale: number,
): string {
  const { emit } = lowering;
  const heads = headsOf(q, k);
  const { rows, tokens, keyHeads, group } = heads;
  const scores = product(
    lowering,
    headMajorOnce(lowering, q, heads),
    headMajorOnce(lowering, k, heads),
    { transB: 1, alpha: scale },
  );
  const split = emit.reshape(scores, [rows, keyHeads, group, tokens, tokens]);
  return emit.node('Add', [split, mask(lowering, tokens, segments)]);
}

const probabilitiesKey = (q: Value, k: Value, segments: Value | undefined, scale: number) =>
  `probabilities ${q.id} ${k.id} ${segments?.id ?? ''} ${scale}`;

export function lowerAttention(node: Node<'attention'>, lowering: Lowering): void {
  const { emit } = lowering;
  const { scale } = node.attributes;
  const [q, k, v, segments] = [node.inputs[0]!, node.inputs[1]!, node.inputs[2]!, node.inputs[3]];
  const [out, logSumExp] = [node.outputs[0]!, node.outputs[1]!];
  const heads = headsOf(q, k);
  const { rows, tokens, keyHeads, group } = heads;
  const masked = maskedScores(lowering, [q, k, segments], scale);
  const softmax = emit.node('Softmax', [masked], { axis: -1 });
  const probabilities = emit.reshape(softmax, [rows, keyHeads, group * tokens, tokens]);
  emit.keep(probabilitiesKey(q, k, segments, scale), probabilities);
  const mixed = product(lowering, probabilities, headMajorOnce(lowering, v, heads));
  emit.keep(`heads ${out.id}`, mixed);
  lowering.set(out, tokenMajor(lowering, mixed, group, heads));

  // Our own backward pass has the probabilities; only others need their normalisers.
  const consumers = lowering.fusions.consumers.get(logSumExp.id) ?? [];
  if (
    lowering.fusions.exported.has(logSumExp.id) ||
    consumers.some((n) => n.op !== 'attentionBackward')
  ) {
    const sums = emit.node('ReduceLogSumExp', [masked, emit.longs([-1])], { keepdims: 0 });
    lowering.set(logSumExp, emit.reshape(sums, logSumExp.shape));
  }
}

export function lowerAttentionBackward(node: Node<'attentionBackward'>, lowering: Lowering): void {
  const { emit } = lowering;
  const { scale } = node.attributes;
  const [q, k, v, out, logSumExp, gradient] = node.inputs;
  const segments = node.inputs[6];
  const [dq, dk, dv] = node.outputs;
  const heads = headsOf(q!, k!);
  const { rows, tokens, keyHeads, group } = heads;
  const probabilities = emit.once(probabilitiesKey(q!, k!, segments, scale), () => {
    const masked = maskedScores(lowering, [q!, k!, segments], scale);
    const sums = emit.reshape(lowering.of(logSumExp!), [rows, keyHeads, group, tokens, 1]);
    const exponents = emit.node('Exp', [emit.node('Sub', [masked, sums])]);
    return emit.reshape(exponents, [rows, keyHeads, group * tokens, tokens]);
  });
  const [qHeads, kHeads, vHeads, oHeads] = [q!, k!, v!, out!].map((x) =>
    headMajorOnce(lowering, x, heads),
  );
  const g = headMajor(lowering, gradient!, lowering.of(gradient!), heads);

  lowering.set(
    dv!,
    tokenMajor(lowering, product(lowering, probabilities, g, { transA: 1 }), 1, heads),
  );
  // dS = P (dP - rowsum(dO O)): the row sum equals rowsum(dP P) and is far smaller to compute.
  const dProbabilities = product(lowering, g, vHeads!, { transB: 1 });
  const along = emit.node('ReduceSum', [emit.node('Mul', [g, oHeads!]), emit.longs([-1])]);
  const centred = emit.node('Sub', [dProbabilities, along]);
  const dScores = emit.node('Mul', [centred, probabilities]);
  const toQ = product(lowering, dScores, kHeads!, { alpha: scale });
  const toK = product(lowering, dScores, qHeads!, { transA: 1, alpha: scale });
  lowering.set(dq!, tokenMajor(lowering, toQ, group, heads));
  lowering.set(dk!, tokenMajor(lowering, toK, 1, heads));
}

/**
 * The cache is read where it lies: scores against the cached and against the new keys are computed
 * apart and meet in the softmax, so that no token copies the cache.
 */
export function lowerCachedAttention(node: Node<'cachedAttention'>, lowering: Lowering): void {
  const { emit } = lowering;
  const { scale } = node.attributes;
  const [q, k, v, cacheK, cacheV, offset] = node.inputs;
  const [out, newK, newV] = node.outputs;
  const heads = headsOf(q!, k!);
  const { rows, tokens, keyHeads, group } = heads;
  const capacity = cacheK!.shape[2]!;
  const qHeads = headMajorOnce(lowering, q!, heads);
  const kHeads = headMajorOnce(lowering, k!, heads);
  const vHeads = headMajorOnce(lowering, v!, heads);

  const old = product(lowering, qHeads, lowering.of(cacheK!), { transB: 1, alpha: scale });
  const filled = emit.once(`filled ${offset!.id} ${capacity}`, () => {
    const positions = emit.ints(
      Int32Array.from({ length: capacity }, (_, i) => i),
      [capacity],
    );
    const before = emit.node('Less', [positions, lowering.of(offset!)]);
    return emit.node('Where', [before, emit.scalar(0), emit.scalar(MASKED)]);
  });
  const oldMasked = emit.node('Add', [old, filled]);
  let freshMasked = product(lowering, qHeads, kHeads, { transB: 1, alpha: scale });
  if (tokens > 1) {
    const split = emit.reshape(freshMasked, [rows, keyHeads, group, tokens, tokens]);
    const causal = emit.node('Add', [split, mask(lowering, tokens, undefined)]);
    freshMasked = emit.reshape(causal, [rows, keyHeads, group * tokens, tokens]);
  }
  const scores = emit.node('Concat', [oldMasked, freshMasked], { axis: 3 });
  const probabilities = emit.node('Softmax', [scores], { axis: -1 });
  const [toOld, toFresh] = [emit.name(), emit.name()];
  emit.nodeWith('Split', [probabilities, emit.longs([capacity, tokens])], [toOld, toFresh], {
    axis: 3,
  });
  const mixed = emit.node('Add', [
    product(lowering, toOld, lowering.of(cacheV!)),
    product(lowering, toFresh, vHeads),
  ]);
  lowering.set(out!, tokenMajor(lowering, mixed, group, heads));
  lowering.set(newK!, kHeads);
  lowering.set(newV!, vHeads);
}
