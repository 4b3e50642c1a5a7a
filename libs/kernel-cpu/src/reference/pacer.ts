/**
 * Lets the event loop turn about every `sliceMs` milliseconds of a long computation.
 *
 * @returns a function to call often; it gives a promise only when it is time to wait
 */
export function createPacer(sliceMs: number): () => Promise<void> | undefined {
  let sliceEnd = performance.now() + sliceMs;
  return () => {
    if (performance.now() < sliceEnd) return undefined;
    return new Promise((resolve) => {
      setTimeout(() => {
        sliceEnd = performance.now() + sliceMs;
        resolve();
      }, 0);
    });
  };
}
