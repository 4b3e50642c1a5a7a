/** What has arrived and is not finished, by key, so that nobody closes it underneath. */
export class InFlight<K> {
  readonly #entries = new Set<{ readonly key: K; readonly arrivedAtMs: number }>();

  /** Marks `key` busy at once; the returned function ends that, and does nothing when called again. */
  enter(key: K, arrivedAtMs: number): () => void {
    const entry = { key, arrivedAtMs };
    this.#entries.add(entry);
    return () => {
      this.#entries.delete(entry);
    };
  }

  has(key: K): boolean {
    return this.earliestArrivals().has(key);
  }

  /**
   * Of each key that is busy now, when the earliest of what keeps it so had arrived. What ended does not count: a chain of
   * overlapping requests is only as old as its links.
   */
  earliestArrivals(): ReadonlyMap<K, number> {
    const earliest = new Map<K, number>();
    for (const { key, arrivedAtMs } of this.#entries) {
      earliest.set(key, Math.min(arrivedAtMs, earliest.get(key) ?? arrivedAtMs));
    }
    return earliest;
  }
}
