export interface CheckState {
  readonly ok: boolean;
  readonly reason?: string;
}

export interface ReadinessReport {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, CheckState>>;
}

/** The named conditions under which a service takes work; it is ready when there is at least one and all hold. */
export class Readiness {
  readonly #checks = new Map<string, CheckState>();

  /** @param expected - checks that stand as failed until they are first set. */
  constructor(expected: readonly string[] = []) {
    for (const check of expected) this.set(check, false, 'not checked yet');
  }

  /** @param reason - shown to anyone who asks /ready: constant words, no secrets. */
  set(check: string, ok: boolean, reason?: string): void {
    this.#checks.set(check, reason === undefined ? { ok } : { ok, reason });
  }

  report(): ReadinessReport {
    const entries = [...this.#checks].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      ready: entries.length > 0 && entries.every(([, state]) => state.ok),
      checks: Object.fromEntries(entries),
    };
  }
}
