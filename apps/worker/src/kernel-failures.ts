import type { BackoffOptions } from './backoff.ts';
import type { Pacer } from './pacer.ts';
import type { Recorder } from './recorder.ts';
import type { Timing } from './timing.ts';

/** A device that fails this often in a row is gone: the process ends, its supervisor starts it afresh. */
const failureCountMax = 5;

/** Failures of the compute device in a row, each with a longer pause after it. */
export class KernelFailures {
  readonly #options: { readonly failureBackoff: BackoffOptions };
  readonly #deps: { readonly pacer: Pacer; readonly recorder: Recorder; readonly timing: Timing };
  #count = 0;
  #failedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    options: { readonly failureBackoff: BackoffOptions },
    deps: { readonly pacer: Pacer; readonly recorder: Recorder; readonly timing: Timing },
  ) {
    this.#options = options;
    this.#deps = deps;
  }

  /** The device did its work: the next failure is the first again. */
  end(): void {
    this.#count = 0;
  }

  /**
   * @param startedAtMs - of the work that failed: what was under way together fails together and counts once
   * @throws the error when it was one too many.
   */
  add(error: unknown, startedAtMs = Number.POSITIVE_INFINITY): void {
    this.#deps.recorder.kernelFailed(error);
    if (startedAtMs < this.#failedAtMs) return;
    this.#failedAtMs = this.#deps.timing.monotonicMs();
    this.#count++;
    if (this.#count >= failureCountMax) throw error;
    const { baseMs } = this.#options.failureBackoff;
    this.#deps.pacer.pause(baseMs * 2 ** this.#count);
  }
}
