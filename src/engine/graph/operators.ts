/**
 * The operators of the graph: one table from which the types of nodes, the backends' rule tables
 * and the gradient rules derive, so that an operator without a rule somewhere doesn't compile.
 *
 * Shapes below: B rows (sequences), T tokens in a row, S cached positions, H query heads, K key
 * heads, D width of a head, W width of the residual stream, V vocabulary, N = any number of tokens.
 */

/** `f32` is the only type of arithmetic; `i32` holds ids and positions. */
export type DType = 'f32' | 'i32';
export type Shape = readonly number[];

type None = Readonly<Record<string, never>>;

/** Operator -> its attributes, all static. What changes from step to step is an input instead. */
export interface Attributes {
  /** Given anew for each run. */
  input: { readonly name: string };
  /** Kept by the backend's store between runs: parameters, moments, caches. */
  state: { readonly name: string };
  constant: { readonly data: Float32Array | Int32Array };

  // Elementwise with NumPy's broadcasting.
  add: None;
  subtract: None;
  multiply: None;
  divide: None;
  maximum: None;
  minimum: None;
  /** 1 where a < b, else 0. Not differentiable. */
  less: None;
  negate: None;
  exp: None;
  log: None;
  sqrt: None;
  tanh: None;
  sigmoid: None;
  /** 1 where x is a number, 0 where it is NaN or infinite. Not differentiable. */
  isFinite: None;
  /** condition, a, b: a where the condition is not 0, else b; what is not chosen may be NaN. */
  select: None;
  /** i32 to f32. */
  toFloat: None;

  // Shape.
  reshape: None;
  transpose: { readonly permutation: readonly number[] };
  broadcast: None;
  slice: { readonly starts: readonly number[] };
  /** Zeros before and after, the gradient of `slice`. */
  pad: { readonly before: readonly number[] };
  concatenate: { readonly axis: number };

  // Reductions; reduced axes stay with length 1.
  sum: { readonly axes: readonly number[] };
  max: { readonly axes: readonly number[] };
  /** Over the last axis. */
  softmax: None;
  logSoftmax: None;

  /** `scale * op(a) @ op(b)`, batched with broadcasting batch axes; op swaps the last two axes. */
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean; readonly scale: number };
  /** table [V, W], ids [...] -> [..., W]. */
  embedding: None;
  /** ids [...], gradient [..., W] -> [V, W]: rows of equal ids are added up. */
  embeddingBackward: { readonly rows: number };

  // Fused, where a backend gains from seeing the whole.
  /** x [..., I] @ weight [O, I] transposed, + bias [O], + residual [..., O]. */
  linear: { readonly bias: boolean; readonly residual: boolean };
  /** x [..., W], weight [W] -> y, inverse root mean square [..., 1] (Zhang and Sennrich, 2019). */
  rmsNorm: { readonly epsilon: number };
  /** x, weight, inverse root mean square, gradient of y -> gradients of x and weight. */
  rmsNormBackward: None;
  /**
   * Rotary positions (Su et al., 2021) in the half-rotation form of Hugging Face: x [B, T, H, D],
   * positions [B, T], cosine and sine [positions, D/2]. `inverse` turns backwards: its gradient.
   */
  rope: { readonly inverse: boolean };
  /**
   * Causal softmax(scale * q kT) v with q [B, T, H, D], k and v [B, T, K, D], and, if `segments`,
   * a segment id for each token [B, T]: a token sees only its own segment. -> out [B, T, H, D],
   * log-sum-exp of the scaled scores [B, H, T]. Query head h reads key head floor(h / (H / K)).
   */
  attention: { readonly scale: number; readonly segments: boolean };
  /** q, k, v, out, log-sum-exp, gradient of out[, segments] -> gradients of q, k, v. */
  attentionBackward: { readonly scale: number; readonly segments: boolean };
  /**
   * Attention of T new tokens at `offset` [1] to `offset` cached positions and, causally, to
   * themselves: q [B, T, H, D], k and v [B, T, K, D], caches [B, K, S, D] -> out [B, T, H, D], and k
   * and v as [B, K, T, D], to be assigned into the caches at `offset`.
   */
  cachedAttention: { readonly scale: number };
  /** silu(gate) * up (Shazeer, 2020). */
  swiglu: None;
  /** gate, up, gradient -> gradients of gate and up. */
  swigluBackward: None;
  /**
   * Output projection and cross-entropy in one, so that a backend need not hold all logits at once:
   * x [N, W], weight [V, W], targets [N] -> negative log-likelihood of each target [N],
   * log-sum-exp of the logits [N]. Weighting tokens is a multiplication of the first.
   */
  crossEntropy: None;
  /** x, weight, targets, log-sum-exp, gradient of the likelihoods [N] -> gradients of x, weight. */
  crossEntropyBackward: None;
  /**
   * One step of AdamW (Loshchilov and Hutter, 2019) as PyTorch computes it: parameter, first and
   * second moment, gradient, and the scalars [1] learning rate, 1 - beta1^t, 1 - beta2^t, factor of
   * the gradient (clipping) -> the first three anew. The learning rate is times `learningRateScale`.
   * A factor of 0 leaves all three as they are, decay included, even where the gradient is NaN.
   */
  adamw: {
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
    readonly weightDecay: number;
    readonly learningRateScale: number;
  };
}

export type OperatorName = keyof Attributes;

/** What flows between nodes: one output of one node. Its shape and type are known when it is built. */
export interface Value {
  readonly id: number;
  readonly dtype: DType;
  readonly shape: Shape;
  /** For messages: where it came from. */
  readonly label: string;
}

/** One operator applied, as a union over the operators: `node.op` narrows `node.attributes`. */
export type Node<Name extends OperatorName = OperatorName> = {
  readonly [Each in Name]: {
    readonly op: Each;
    readonly attributes: Attributes[Each];
    readonly inputs: readonly Value[];
    readonly outputs: readonly Value[];
  };
}[Name];

/** A rule for every operator. */
export type RuleTable<Arguments extends readonly unknown[], Result> = {
  readonly [Name in OperatorName]: (node: Node<Name>, ...rest: Arguments) => Result;
};

/** Applies the rule of the node's own operator. */
export function applyRule<Name extends OperatorName, Arguments extends readonly unknown[], Result>(
  rules: { readonly [Each in Name]: (node: Node<Each>, ...rest: Arguments) => Result },
  node: Node<Name>,
  ...rest: Arguments
): Result {
  return rules[node.op](node, ...rest);
}

/** What a run leaves in the store. Every read within the run sees what was there before it. */
export interface Update {
  readonly state: string;
  readonly value: Value;
  /** Where set, only `value`'s extent along `axis`, from the run's value of `offset` [1] on. */
  readonly at: { readonly axis: number; readonly offset: Value } | undefined;
}

/** A finished graph: nodes in an order in which each comes after its inputs. */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly inputs: ReadonlyMap<string, Value>;
  readonly states: ReadonlyMap<string, Value>;
  readonly outputs: ReadonlyMap<string, Value>;
  readonly updates: readonly Update[];
}
