/** Counts what is being worked on, by key, so that nobody closes it underneath. */
export class BusyCounts<K> {
  readonly #counts = new Map<K, number>();

  /** Marks `key` busy at once; the returned function ends that, and does nothing when called again. */
  enter(key: K): () => void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      const count = (this.#counts.get(key) ?? 1) - 1;
      if (count > 0) this.#counts.set(key, count);
      else this.#counts.delete(key);
    };
  }

  has(key: K): boolean {
    return this.#counts.has(key);
  }

  get size(): number {
    return this.#counts.size;
  }

  keys(): ReadonlySet<K> {
    return new Set(this.#counts.keys());
  }
}
