import { KernelError } from '@tops/kernel-spec';

/** A bound on submissions in flight, handed out in the order of asking. */
export class Permits {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Waits for a permit.
   *
   * @returns a function that gives it back, once
   * @throws KernelError `aborted`
   */
  async acquire(signal?: AbortSignal): Promise<() => void> {
    throwIfAborted(signal);
    if (this.#free > 0) {
      this.#free--;
    } else {
      await new Promise<void>((resolve, reject) => {
        const abandon = (): void => {
          this.#waiting.delete(take);
          reject(abortError(signal));
        };
        const take = (): void => {
          signal?.removeEventListener('abort', abandon);
          resolve();
        };
        this.#waiting.add(take);
        signal?.addEventListener('abort', abandon, { once: true });
      });
    }
    let isHeld = true;
    return () => {
      if (isHeld) this.#giveBack();
      isHeld = false;
    };
  }

  #giveBack(): void {
    const [next] = this.#waiting;
    if (!next) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}

/** Rejects as soon as the signal fires; the promise itself goes on. @throws KernelError `aborted` */
export async function unlessAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  let abandon = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abandon = () => {
      reject(abortError(signal));
    };
    if (signal.aborted) abandon();
    else signal.addEventListener('abort', abandon, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}

/** @throws KernelError `aborted` */
export function throwIfAborted(signal?: AbortSignal): void {
  if (signal?.aborted) throw abortError(signal);
}

function abortError(signal: AbortSignal | undefined): KernelError {
  return new KernelError('aborted', 'the attempt was aborted', { cause: signal?.reason });
}
