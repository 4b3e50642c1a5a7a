/** What is still being worked on, and so may not be closed underneath. */
export interface PendingWork {
  /** A receipt that the epoch takes has arrived and is not recorded yet. */
  isBusy(epochId: number): boolean;
  /** Receipt id → arrival of the earliest answer that is not judged yet, unix milliseconds. */
  answersInFlight(): ReadonlyMap<string, number>;
  /** Told after each round, so that what ended is forgotten elsewhere too. */
  onExpired(nowMs: number): void;
}
