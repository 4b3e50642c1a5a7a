import { createCpuKernel } from '@tops/kernel-cpu';
import type { VerifierClient } from '@tops/protocol';
import type { Dice } from './dice.ts';
import { type LoadBook, LoadWorker } from './load-worker.ts';

/** Of every attempt of the load. */
export const shape = { m: 64, n: 64, k: 64 };

/**
 * Runs eight workers while `action` does, then sees every receipt they have in hand through to its verdict. If either fails, both
 * end at once.
 *
 * @param clients - asked anew for every request: the verifiers there are, running or not.
 */
export async function underLoad<T>(
  clients: () => readonly VerifierClient[],
  deps: { readonly book: LoadBook; readonly dice: Dice },
  action: () => Promise<T>,
): Promise<T> {
  const { book, dice } = deps;
  const abort = new AbortController();
  const kernel = await createCpuKernel({ choice: 'wasm', threadCount: 1 });
  let over = false;
  const options = { shape, clients, signal: abort.signal };
  const load = Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      new LoadWorker(options, { book, kernel, dice: dice.derive(i) }).run(() => over),
    ),
  );
  try {
    const endedFirst = load.then(() => Promise.reject(new Error('the load ended first')));
    const result = await Promise.race([action(), endedFirst]);
    over = true;
    await load;
    return result;
  } finally {
    abort.abort(new Error('the load was ended'));
    await load.catch(() => undefined);
    await kernel.close();
  }
}
