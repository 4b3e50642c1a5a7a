import type { Timing } from './timing.ts';
import type { VerifierApi } from './verifier-api.ts';

export interface VerifiedTopsWatchOptions {
  readonly did: string;
  readonly intervalMs: number;
}

export interface VerifiedTopsWatchDeps {
  readonly api: Pick<VerifierApi, 'getWorker'>;
  readonly timing: Timing;
  /** False while the verifier cannot know this worker yet. */
  readonly isKnown: () => boolean;
  readonly onRead: (verifiedTops: number) => void;
}

/** Asks the verifier now and then what it makes of this worker; failing that, the last figure stands. */
export class VerifiedTopsWatch {
  readonly #options: VerifiedTopsWatchOptions;
  readonly #deps: VerifiedTopsWatchDeps;

  constructor(options: VerifiedTopsWatchOptions, deps: VerifiedTopsWatchDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { did, intervalMs } = this.#options;
    const { api, timing, isKnown, onRead } = this.#deps;
    while (!signal.aborted) {
      try {
        await timing.sleep(intervalMs, signal);
        if (!isKnown()) continue;
        const result = await api.getWorker(did, signal);
        if (result.ok) onRead(result.value.verified_tops);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }
}
