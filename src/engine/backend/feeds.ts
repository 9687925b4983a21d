/** The checks of what goes into a store and a run, the same for every backend. */
import { GlassboxError } from '../../base/errors';
import { describe, sameShape, sizeOf } from '../graph/graph';
import type { Graph, Shape } from '../graph/graph';
import type { Feeds } from './backend';

/** Throws `backend-feed` unless `feeds` names each input of the graph, rightly sized and typed. */
export function checkFeeds(graph: Graph, feeds: Feeds): void {
  for (const [name, value] of graph.inputs) {
    const data = feeds[name];
    const typed = value.dtype === 'f32' ? Float32Array : Int32Array;
    if (!(data instanceof typed) || data.length !== sizeOf(value.shape)) {
      const got = data ? `${data.constructor.name} of ${data.length}` : 'nothing';
      throw new GlassboxError('backend-feed', `Input ${describe(value)} was given ${got}.`);
    }
  }
  for (const name of Object.keys(feeds)) {
    if (!graph.inputs.has(name)) {
      throw new GlassboxError('backend-feed', `The graph has no input ${name}.`);
    }
  }
}

/** Throws `backend-compile` unless the store holds each state of the graph in its shape. */
export function checkStates(graph: Graph, states: ReadonlyMap<string, Shape>): void {
  for (const [name, value] of graph.states) {
    const shape = states.get(name);
    if (!shape || !sameShape(shape, value.shape)) {
      const got = shape ? `has [${shape.join(', ')}]` : 'has no such state';
      throw new GlassboxError(
        'backend-compile',
        `The graph wants ${describe(value)}; the store ${got}.`,
      );
    }
  }
}

/** Throws `backend-feed` if a state that is to be added is there already. */
export function refuseKnown(
  known: ReadonlyMap<string, Shape>,
  added: ReadonlyMap<string, Shape>,
): void {
  for (const name of added.keys()) {
    if (known.has(name)) {
      throw new GlassboxError('backend-feed', `The store has the state ${name} already.`);
    }
  }
}
