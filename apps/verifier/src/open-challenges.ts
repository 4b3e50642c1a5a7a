export interface OpenChallengesOptions {
  readonly maxPerAddress: number;
  /** Entries kept in all; when full, nobody gets another one until some end. */
  readonly maxTotal: number;
}

/**
 * How many challenges each address holds open. In memory only: after a restart an address starts at zero, while the
 * ledger's cap per key still holds. Every entry ends at its deadline at the latest.
 */
export class OpenChallenges {
  readonly #options: OpenChallengesOptions;
  readonly #holders = new Map<string, { readonly address: string; readonly endsMs: number }>();
  readonly #counts = new Map<string, number>();

  constructor(options: OpenChallengesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#holders.size;
  }

  countOf(address: string): number {
    return this.#counts.get(address) ?? 0;
  }

  /** Whether `address` may hold `receiptId` open until `endsMs`; a receipt already held stays with its first holder. */
  hold(input: { receiptId: string; address: string; endsMs: number }): boolean {
    if (this.#holders.has(input.receiptId)) return true;
    if (this.#holders.size >= this.#options.maxTotal) return false;
    const count = this.countOf(input.address);
    if (count >= this.#options.maxPerAddress) return false;
    this.#holders.set(input.receiptId, { address: input.address, endsMs: input.endsMs });
    this.#counts.set(input.address, count + 1);
    return true;
  }

  release(receiptId: string): void {
    const holder = this.#holders.get(receiptId);
    if (holder === undefined) return;
    this.#holders.delete(receiptId);
    const count = this.countOf(holder.address) - 1;
    if (count > 0) this.#counts.set(holder.address, count);
    else this.#counts.delete(holder.address);
  }

  releaseEnded(nowMs: number): void {
    for (const [receiptId, holder] of this.#holders) {
      if (holder.endsMs < nowMs) this.release(receiptId);
    }
  }
}
