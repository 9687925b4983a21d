/**
 * Operators that compute each element by itself. A chain of them is one dispatch: found before lowering, it
 * reads what comes from outside of it once, keeps what is only used within it in registers, and writes what
 * others read. Where that is the new value of a state that nobody else reads any more, it is written in place.
 *
 * Not here: operands that broadcast otherwise than as one number, which are a dispatch each.
 */
import type { Graph, Node, Value } from '../../graph/graph';
import { sizeOf } from '../../graph/graph';
import { elementwise, elementwiseChain } from './kernels/elementwise';
import type { ChainOperand } from './kernels/elementwise';
import type { Lowering } from './lowering';
import type { Rules } from './rules';
import type { Found, Uses } from './uses';

/** WGSL for an element from those of the operands, in `f32` or `vec4<f32>`. */
type Expression = (operands: readonly string[], type: string) => string;

const EXPRESSIONS = {
  add: ([a, b]) => `${a!} + ${b!}`,
  subtract: ([a, b]) => `${a!} - ${b!}`,
  multiply: ([a, b]) => `${a!} * ${b!}`,
  divide: ([a, b]) => `${a!} / ${b!}`,
  maximum: ([a, b]) => `max(${a!}, ${b!})`,
  minimum: ([a, b]) => `min(${a!}, ${b!})`,
  less: ([a, b], type) => `select(${type}(0.0), ${type}(1.0), ${a!} < ${b!})`,
  negate: ([x]) => `-${x!}`,
  exp: ([x]) => `exp(${x!})`,
  log: ([x]) => `log(${x!})`,
  sqrt: ([x]) => `sqrt(${x!})`,
  // Beyond 15 tanh is 1 in f32, and exp of twice it would overflow on some drivers.
  tanh: ([x], type) => `tanh(clamp(${x!}, ${type}(-15.0), ${type}(15.0)))`,
  sigmoid: ([x]) => `1.0 / (1.0 + exp(-${x!}))`,
  // By the exponent's bits: a shader's compiler may assume that there is no NaN and no infinity.
  isFinite: ([x], type) => {
    const bits = type === 'f32' ? 'u32' : 'vec4<u32>';
    const finite = `(bitcast<${bits}>(${x!}) & ${bits}(0x7f800000u)) != ${bits}(0x7f800000u)`;
    return `select(${type}(0.0), ${type}(1.0), ${finite})`;
  },
  select: ([c, a, b], type) => `select(${b!}, ${a!}, ${c!} != ${type}(0.0))`,
  toFloat: ([x]) => `f32(${x!})`,
} as const satisfies Partial<Record<Node['op'], Expression>>;

type ElementwiseName = keyof typeof EXPRESSIONS;
type Elementwise = Node<ElementwiseName>;

export const isElementwise = (node: Node): node is Elementwise =>
  Object.hasOwn(EXPRESSIONS, node.op);

/** Buffers that a kernel may bind on the weakest devices. */
const MOST_BUFFERS = 8;
/** Operators in one dispatch: the text of a longer chain would help no compiler. */
const MOST_OPERATORS = 32;

const sizeIn = ({ outputs: [y] }: Elementwise): number => sizeOf(y!.shape);

/** Whether it can be part of a chain: all of its operands are as large as its result, or one number. */
function isEven(node: Elementwise): boolean {
  const size = sizeIn(node);
  return [...node.inputs, ...node.outputs].every(
    ({ dtype, shape }) => dtype === 'f32' && (sizeOf(shape) === size || sizeOf(shape) === 1),
  );
}

export function findElementwise(graph: Graph, uses: Uses): Found {
  const { makerOf, isTaken } = uses;
  const chains = new Map<Node, readonly Elementwise[]>();
  for (const node of graph.nodes) {
    if (!isElementwise(node) || isTaken(node) || !isEven(node)) continue;
    let chain: readonly Elementwise[] = [node];
    for (const input of node.inputs) {
      const maker = makerOf(input);
      const before = maker && chains.get(maker);
      if (!before || chain.includes(before[0]!)) continue;
      const joined = [...new Set([...before, ...chain])].sort(
        (one, other) => uses.placeOf(one) - uses.placeOf(other),
      );
      if (canBeOne(joined, uses)) chain = joined;
    }
    for (const each of chain) chains.set(each, chain);
  }
  const absorbed = new Set<Node>();
  const instead = new Map<Node, (lowering: Lowering) => void>();
  for (const chain of new Set(chains.values())) {
    for (const each of chain.slice(0, -1)) absorbed.add(each);
    instead.set(chain.at(-1)!, (lowering) => lowerChain(chain, uses, lowering));
  }
  return { absorbed, instead };
}

/** What a chain reads from outside, once each, numbers left out, and what of it others read. */
function surfaceOf(
  chain: readonly Elementwise[],
  { readersOf, makerOf }: Uses,
): { readonly reads: readonly Value[]; readonly written: readonly Elementwise[] } {
  const inside = new Set<Node | 'outside'>(chain);
  const own = new Set(chain.map(({ outputs: [y] }) => y!.id));
  const isNumber = (x: Value): boolean => makerOf(x)?.op === 'constant' && sizeOf(x.shape) === 1;
  const isRead = (x: Value): boolean => !own.has(x.id) && !isNumber(x);
  const reads = new Map(chain.flatMap(({ inputs }) => inputs.filter(isRead).map((x) => [x.id, x])));
  const written = chain.filter(({ outputs: [y] }) => {
    const readers = readersOf(y!);
    return readers.length === 0 || readers.some((reader) => !inside.has(reader));
  });
  return { reads: [...reads.values()], written };
}

/** Whether operators, in the graph's order, can all be computed where the last one stands. */
function canBeOne(chain: readonly Elementwise[], uses: Uses): boolean {
  const { readersOf, placeOf, lasts, lastReaderOf, isTaken } = uses;
  const last = chain.at(-1)!;
  const [place, size] = [placeOf(last), sizeIn(last)];
  const { reads, written } = surfaceOf(chain, uses);
  if (chain.length > MOST_OPERATORS || reads.length + written.length > MOST_BUFFERS) return false;
  if (chain.some((each) => sizeIn(each) !== size && sizeIn(each) !== 1)) return false;
  // Whether what was just computed is finite, a compiler may think that it knows.
  const made = new Set(chain.map(({ outputs: [y] }) => y));
  if (chain.some(({ op, inputs }) => op === 'isFinite' && made.has(inputs[0]))) return false;
  const inside = new Set<Node | undefined>(chain);
  // A pattern may compute its nodes before they stand.
  const comesLater = (reader: Node | 'outside'): boolean =>
    reader === 'outside' || inside.has(reader) || (placeOf(reader) > place && !isTaken(reader));
  return (
    written.every(
      (each) =>
        each === last || (sizeIn(each) === size && readersOf(each.outputs[0]!).every(comesLater)),
    ) && reads.every((x) => lasts(x, place) || inside.has(lastReaderOf(x)))
  );
}

function lowerChain(chain: readonly Elementwise[], uses: Uses, lowering: Lowering): void {
  const { reads, written } = surfaceOf(chain, uses);
  const steps = new Map(chain.map(({ outputs: [y] }, index) => [y!.id, index]));
  const places = new Map(reads.map(({ id }, index) => [id, index]));
  const operandOf = (x: Value): ChainOperand => {
    const [step, read] = [steps.get(x.id), places.get(x.id)];
    if (step !== undefined) return { step };
    return read === undefined ? { number: lowering.scalarOf(x)! } : { read };
  };
  const over = new Map<number, Value>();
  for (const { outputs } of written) {
    const [y] = outputs;
    const old = reads.find((x) => canReplace(x, y!, { chain, reads, lowering }));
    if (old && ![...over.values()].includes(old)) over.set(y!.id, old);
  }
  const replaced = new Set(over.values());
  const { kernel, workgroups } = elementwiseChain({
    name: chain.length === 1 ? chain[0]!.op : chain.map(({ op }) => op).join(' '),
    size: sizeIn(chain.at(-1)!),
    reads: reads.map(({ shape }) => ({ size: sizeOf(shape) })),
    steps: chain.map((node) => ({
      size: sizeIn(node),
      operands: node.inputs.map(operandOf),
      expression: EXPRESSIONS[node.op],
    })),
    written: written.map(({ outputs: [y] }) => {
      const old = over.get(y!.id);
      return { step: steps.get(y!.id)!, ...(old ? { over: places.get(old.id)! } : {}) };
    }),
  });
  const others = reads.filter((x) => !replaced.has(x)).map((x) => lowering.of(x));
  const targets = written.map(({ outputs: [y] }) => {
    const old = over.get(y!.id);
    return old ? lowering.replace(old, y!) : lowering.of(y!);
  });
  lowering.dispatch(kernel, others, targets, workgroups);
}

/** Whether `y` may be written over the state `x`, which the kernel binds once only. */
function canReplace(
  x: Value,
  y: Value,
  {
    chain,
    reads,
    lowering,
  }: { chain: readonly Elementwise[]; reads: readonly Value[]; lowering: Lowering },
): boolean {
  if (sizeOf(x.shape) !== sizeOf(y.shape)) return false;
  const tensor = lowering.of(x);
  const bound = reads.filter((each) => lowering.of(each) === tensor);
  return bound.length === 1 && chain.some((node) => lowering.replaces(node, x, y));
}

/**
 * For what is in no chain, other broadcasts and ids: one kernel with one expression. Operands that are constants
 * of one element are written into it.
 */
function alone(node: Elementwise, lowering: Lowering): void {
  const { op, inputs, outputs } = node;
  const [y] = outputs;
  const numbers = inputs.map((input) => lowering.scalarOf(input));
  const { kernel, workgroups } = elementwise(
    op,
    y!.shape,
    inputs.map((input, index) => numbers[index] ?? input.shape),
    (operands, type) => [EXPRESSIONS[op](operands, type)],
    inputs[0]!.dtype === 'i32',
  );
  const reads = inputs.filter((_, index) => numbers[index] === undefined);
  lowering.dispatch(
    kernel,
    reads.map((input) => lowering.of(input)),
    [lowering.of(y!)],
    workgroups,
  );
}

export const elementwiseRules = {
  add: alone,
  subtract: alone,
  multiply: alone,
  divide: alone,
  maximum: alone,
  minimum: alone,
  less: alone,
  negate: alone,
  exp: alone,
  log: alone,
  sqrt: alone,
  tanh: alone,
  sigmoid: alone,
  isFinite: alone,
  select: alone,
  toFloat: alone,
} satisfies Partial<Rules>;
