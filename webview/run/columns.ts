/** Numbers in columns of equal length that grow at the end, in typed arrays: a table of a run's records. */
export class Columns<Name extends string> {
  readonly #columns: Record<Name, Float64Array>;
  #length = 0;

  /** @param columns names, each with an empty array. */
  constructor(columns: Record<Name, Float64Array>) {
    this.#columns = columns;
  }

  get length(): number {
    return this.#length;
  }

  push(row: Readonly<Record<Name, number>>): void {
    for (const name in this.#columns) {
      let column = this.#columns[name];
      if (column.length === this.#length) {
        const wider = new Float64Array(Math.max(256, column.length * 2));
        wider.set(column);
        column = wider;
        this.#columns[name] = wider;
      }
      column[this.#length] = row[name];
    }
    this.#length++;
  }

  /** The column's values; looks at them, and is out of date after the next push or cut. */
  get(name: Name): Float64Array {
    return this.#columns[name].subarray(0, this.#length);
  }

  at(name: Name, row: number): number | undefined {
    return row < this.#length ? this.#columns[name][row] : undefined;
  }

  last(name: Name): number | undefined {
    return this.at(name, this.#length - 1);
  }

  /** Leaves the first rows alone. */
  cut(length: number): void {
    this.#length = Math.min(this.#length, length);
  }
}

/** How many of the ascending values are at most `limit`. */
export const countUpTo = (values: Float64Array, limit: number): number =>
  countFirst(values, (value) => value <= limit);

/** How many of the ascending values are below `limit`. */
export const countBelow = (values: Float64Array, limit: number): number =>
  countFirst(values, (value) => value < limit);

/** How many values from the start on are so; those behind the first that is not are not, either. */
function countFirst(values: Float64Array, isSo: (value: number) => boolean): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isSo(values[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
