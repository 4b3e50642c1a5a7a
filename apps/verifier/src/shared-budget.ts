export interface SharedBudgetOptions {
  readonly max: number;
  readonly maxPerAddress: number;
}

/** So much of something at the same time, of which one address may hold a part only: the others find room. */
export class SharedBudget {
  readonly #options: SharedBudgetOptions;
  readonly #ofAddress = new Map<string, number>();
  #held = 0;

  constructor(options: SharedBudgetOptions) {
    this.#options = options;
  }

  /** Whether there was room; what was taken is given back by `give`. */
  take(address: string, amount: number): boolean {
    const ofAddress = (this.#ofAddress.get(address) ?? 0) + amount;
    const all = this.#held + amount;
    if (all > this.#options.max || ofAddress > this.#options.maxPerAddress) return false;
    this.#held = all;
    this.#ofAddress.set(address, ofAddress);
    return true;
  }

  give(address: string, amount: number): void {
    this.#held -= amount;
    const ofAddress = (this.#ofAddress.get(address) ?? 0) - amount;
    if (ofAddress > 0) this.#ofAddress.set(address, ofAddress);
    else this.#ofAddress.delete(address);
  }
}
