/** What the rules of the lowering share: the nodes emitted so far, and under which names values are. */
import { GlassboxError } from '../../../base/errors';
import type { Graph, Value } from '../../graph/graph';
import { Emitter } from './emitter';
import { findFusions } from './fusions';
import type { Fusions } from './fusions';

/** What a rule sees beside its node. */
export class Lowering {
  readonly emit = new Emitter();
  readonly fusions: Fusions;
  readonly #names = new Map<number, string>();

  constructor(graph: Graph) {
    this.fusions = findFusions(graph);
  }

  /** The ONNX name of a value. */
  of(value: Value): string {
    const name = this.#names.get(value.id);
    if (name !== undefined) return name;
    throw new GlassboxError('backend-compile', `${value.label} is needed before it is computed.`);
  }

  set(value: Value, name: string): void {
    this.#names.set(value.id, name);
  }

  /** The value as int64, which indices and positions must be. */
  asLong(value: Value): string {
    return this.emit.once(`long ${value.id}`, () =>
      this.emit.node('Cast', [this.of(value)], { to: 7 }),
    );
  }
}
