/**
 * The graphs that a loaded model runs: some new tokens after those in the cache, and the logits of
 * one of them; or a whole row at once without a cache, and the logits of all of it.
 */
import type { ModelConfig } from '../../recipe/model';
import { GraphBuilder } from '../graph/graph';
import type { Graph } from '../graph/graph';
import { declareParameters, decode, outputWeight } from '../model/model';

/**
 * `tokens` new tokens after `offset` [1] cached ones: inputs `tokens` and `positions` i32
 * [1, tokens], and, where there is more than one token, `row` [1], the one whose logits are wanted.
 * Output `logits` [1, V]; keys and values go into the cache of that capacity.
 */
export function cachedGraph(config: ModelConfig, tokens: number, capacity: number): Graph {
  const graph = new GraphBuilder();
  const parameters = declareParameters(graph, config);
  const hidden = decode(graph, config, parameters, {
    tokens: graph.input('tokens', 'i32', [1, tokens]),
    positions: graph.input('positions', 'i32', [1, tokens]),
    maxPositions: capacity,
    attention: { kind: 'cache', capacity, offset: graph.input('offset', 'i32', [1]) },
  });
  const row = tokens === 1 ? hidden : graph.embedding(hidden, graph.input('row', 'i32', [1]));
  graph.output('logits', graph.linear(row, outputWeight(config, parameters)));
  return graph.build();
}

/** A row of `tokens` without a cache: input `tokens` [1, tokens], output `logits` [tokens, V]. */
export function rowGraph(config: ModelConfig, tokens: number): Graph {
  const graph = new GraphBuilder();
  const parameters = declareParameters(graph, config);
  const positions = Int32Array.from({ length: tokens }, (_, position) => position);
  const hidden = decode(graph, config, parameters, {
    tokens: graph.input('tokens', 'i32', [1, tokens]),
    positions: graph.constant(positions, [1, tokens]),
    maxPositions: tokens,
    attention: { kind: 'rows' },
  });
  graph.output('logits', graph.linear(hidden, outputWeight(config, parameters)));
  return graph.build();
}
