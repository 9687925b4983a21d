/**
 * The loss without its noise: an exponential moving average, freed of its bias towards the zero that
 * it starts from (as Adam does, Kingma and Ba 2015, section 3). What is not a number is passed over.
 */
export class Smoothed {
  #weight = 0;
  #cuts = 0;
  #values = new Float64Array();
  #length = 0;
  /** The average before the correction, and the part of it that is still the zero it began with. */
  #mean = 0;
  #zero = 1;

  /**
   * @param values grows at its end from call to call; only what is new is computed.
   * @param weight of what came before, 0 to 1, 1 left out. Another one computes anew.
   * @param cuts changes when values were taken back.
   */
  of(values: Float64Array, weight: number, cuts: number): Float64Array {
    if (weight !== this.#weight || cuts !== this.#cuts) {
      [this.#weight, this.#cuts] = [weight, cuts];
      [this.#length, this.#mean, this.#zero] = [0, 0, 1];
    }
    if (this.#values.length < values.length) {
      const wider = new Float64Array(values.length * 2);
      wider.set(this.#values.subarray(0, this.#length));
      this.#values = wider;
    }
    for (let i = this.#length; i < values.length; i++) {
      const value = values[i]!;
      if (Number.isFinite(value)) {
        this.#mean = weight * this.#mean + (1 - weight) * value;
        this.#zero *= weight;
        this.#values[i] = this.#mean / (1 - this.#zero);
      } else this.#values[i] = NaN;
    }
    this.#length = values.length;
    return this.#values.subarray(0, this.#length);
  }
}
