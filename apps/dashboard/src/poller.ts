export const POLL_INTERVAL_MS = 2000;
const BACKOFF_MAX_MS = 30_000;

/** Wait before the next poll: the interval while all is well, then twice as long for each failure in a row, up to 30 s. */
export function pollDelayMs(failureCount: number): number {
  return Math.min(POLL_INTERVAL_MS * 2 ** Math.min(failureCount, 10), BACKOFF_MAX_MS);
}

export interface PollOutcome {
  readonly failureCount: number;
  /** Unix milliseconds of the next attempt. */
  readonly nextAtMs: number;
  /** The reason of the failure; undefined after a success. */
  readonly error: unknown;
}

/**
 * Runs one poll at a time, forever. {@link Poller.restart} drops the running one (its signal aborts, its answer is ignored)
 * and polls at once: for a new route, a press on "retry" or a page that became visible again.
 */
export class Poller {
  readonly #poll: (signal: AbortSignal) => Promise<void>;
  readonly #onOutcome: (outcome: PollOutcome) => void;
  readonly #nowMs: () => number;
  #failureCount = 0;
  #running: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    poll: (signal: AbortSignal) => Promise<void>,
    onOutcome: (outcome: PollOutcome) => void,
    deps: { nowMs?: () => number } = {},
  ) {
    this.#poll = poll;
    this.#onOutcome = onOutcome;
    this.#nowMs = deps.nowMs ?? Date.now;
  }

  restart(): void {
    this.stop();
    void this.#run(new AbortController());
  }

  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
    clearTimeout(this.#timer);
  }

  async #run(controller: AbortController): Promise<void> {
    this.#running = controller;
    let error: unknown;
    try {
      await this.#poll(controller.signal);
      this.#failureCount = 0;
    } catch (caught) {
      error = caught ?? new Error('poll failed');
      if (controller.signal.aborted) return;
      this.#failureCount += 1;
    }
    if (this.#running !== controller) return;
    const delayMs = pollDelayMs(this.#failureCount);
    this.#timer = setTimeout(() => void this.#run(new AbortController()), delayMs);
    this.#onOutcome({ failureCount: this.#failureCount, nextAtMs: this.#nowMs() + delayMs, error });
  }
}
