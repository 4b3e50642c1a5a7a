import type { Database } from './database.ts';

/** How far this machine's clock is ahead of the database's. */
export class ClockComparison {
  readonly #nowMs: () => number;
  #skewMs = 0;

  /** @param dependencies - `nowMs`: this machine's clock, unix milliseconds. */
  constructor(dependencies: { readonly nowMs: () => number }) {
    this.#nowMs = dependencies.nowMs;
  }

  /** As it was found last; 0 before. */
  get skewMs(): number {
    return this.#skewMs;
  }

  /** Asks the database for its time. */
  compare(database: Database): Promise<void> {
    return database.read(async (session) => {
      const askedAtMs = this.#nowMs();
      const [row] = await session.query(
        'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms',
      );
      const heardAtMs = this.#nowMs();
      if (row === undefined) return;
      // It was read somewhere between asking and hearing: what that leaves open is no reason to move.
      const errorMs = (heardAtMs - askedAtMs) / 2 + 1;
      const skewMs = Math.round(askedAtMs + errorMs - row.integer('now_ms'));
      if (Math.abs(skewMs - this.#skewMs) > errorMs) this.#skewMs = skewMs;
    });
  }
}
