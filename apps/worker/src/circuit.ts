import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleType,
} from 'cockatiel';

/** What `VerifierCircuit.run` takes as a failure of the verifier (or of the way there), as opposed to its refusal. */
export class VerifierDownError extends Error {
  override readonly name = 'VerifierDownError';
}

export type CircuitStateName = 'closed' | 'half_open' | 'open';

export interface CircuitOptions {
  /** Opens after this many failures in a row, over all requests. */
  readonly failureCount: number;
  /** First and longest time the circuit stays open before one request may probe; doubles in between, with jitter. */
  readonly openMinMs: number;
  readonly openMaxMs: number;
}

/**
 * One circuit breaker (Nygard, Release It!, 2007) over every request to the verifier: while it is open nothing is sent
 * and nothing computed. The epoch watch is the only caller that probes; everybody else waits for `isClosed`.
 */
export class VerifierCircuit {
  readonly #policy: ReturnType<typeof circuitBreaker>;
  readonly #listeners: ((state: CircuitStateName) => void)[] = [];

  constructor(options: CircuitOptions) {
    this.#policy = circuitBreaker(handleType(VerifierDownError), {
      breaker: new ConsecutiveBreaker(options.failureCount),
      halfOpenAfter: new ExponentialBackoff({
        initialDelay: options.openMinMs,
        maxDelay: options.openMaxMs,
      }),
    });
    this.#policy.onStateChange(() => {
      for (const listener of this.#listeners) listener(this.state);
    });
  }

  get state(): CircuitStateName {
    const { state } = this.#policy;
    if (state === CircuitState.Closed) return 'closed';
    return state === CircuitState.HalfOpen ? 'half_open' : 'open';
  }

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  onStateChange(listener: (state: CircuitStateName) => void): void {
    this.#listeners.push(listener);
  }

  /** Runs one request. @throws whatever it throws, or an error that `isBrokenCircuit` knows while the circuit is open. */
  async run<T>(request: () => Promise<T>): Promise<T> {
    return await this.#policy.execute(request);
  }
}

export function isBrokenCircuit(error: unknown): boolean {
  return error instanceof BrokenCircuitError;
}
