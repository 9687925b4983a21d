/** The form of a rule of the oracle: arrays in, arrays out, all float64, none of them changed. */
import { GlassboxError } from '../../../base/errors';
import type { RuleTable } from '../../graph/graph';

/** What a run is given from outside the graph. Ids are whole numbers in float64, which is exact. */
export interface Given {
  readonly inputs: ReadonlyMap<string, Float64Array>;
  readonly states: ReadonlyMap<string, Float64Array>;
}

/** The values of the node's inputs, row-major -> the values of its outputs, row-major. */
export type Rules = RuleTable<
  [inputs: readonly Float64Array[], given: Given],
  readonly Float64Array[]
>;

/** An id, target or position that must be a row of a table. Throws `backend-range`. */
export function checkedRow(row: number, rows: number, operator: string): number {
  if (row >= 0 && row < rows) return row;
  throw new GlassboxError(
    'backend-range',
    `${operator} was given the id ${row}, outside its table of ${rows} rows.`,
    { details: { operator, row, rows } },
  );
}
