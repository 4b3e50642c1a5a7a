/** Waits that are no settings; specs shorten them. */
export interface WorkerPace {
  readonly epochPollMs: number;
  readonly epochMinIntervalMs: number;
  readonly epochBackoffMaxMs: number;
  readonly retryDelayMaxMs: number;
  readonly circuitFailureCount: number;
  readonly circuitOpenMinMs: number;
  readonly circuitOpenMaxMs: number;
  readonly verifiedTopsMs: number;
  readonly failurePauseMs: number;
  readonly failurePauseMaxMs: number;
}

export const defaultPace: WorkerPace = {
  epochPollMs: 15_000,
  epochMinIntervalMs: 250,
  epochBackoffMaxMs: 5000,
  retryDelayMaxMs: 5000,
  circuitFailureCount: 5,
  circuitOpenMinMs: 500,
  // A verifier that comes back finds its fleet within this time.
  circuitOpenMaxMs: 5000,
  verifiedTopsMs: 10_000,
  failurePauseMs: 500,
  failurePauseMaxMs: 30_000,
};
