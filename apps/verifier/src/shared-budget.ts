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

  get held(): number {
    return this.#held;
  }

  heldBy(address: string): number {
    return this.#ofAddress.get(address) ?? 0;
  }

  /** Whether `take` would find room. */
  hasRoom(address: string, amount: number): boolean {
    const { max, maxPerAddress } = this.#options;
    return this.#held + amount <= max && this.heldBy(address) + amount <= maxPerAddress;
  }

  /** Whether there was room; what was taken is given back by `give`. */
  take(address: string, amount: number): boolean {
    if (!this.hasRoom(address, amount)) return false;
    this.#held += amount;
    this.#ofAddress.set(address, this.heldBy(address) + amount);
    return true;
  }

  give(address: string, amount: number): void {
    this.#held -= amount;
    const ofAddress = this.heldBy(address) - amount;
    if (ofAddress > 0) this.#ofAddress.set(address, ofAddress);
    else this.#ofAddress.delete(address);
  }
}
