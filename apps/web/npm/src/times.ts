/** The last so many durations, for their quantiles. */
export class Times {
  readonly #values: Float64Array;
  #count = 0;

  constructor(capacity: number) {
    this.#values = new Float64Array(capacity);
  }

  add(value: number): void {
    this.#values[this.#count++ % this.#values.length] = value;
  }

  /** The value below which a share `q` lies; NaN while there is none. */
  quantile(q: number): number {
    const known = this.#values.slice(0, Math.min(this.#count, this.#values.length)).sort();
    return known[Math.min(known.length - 1, Math.floor(q * known.length))] ?? Number.NaN;
  }
}
