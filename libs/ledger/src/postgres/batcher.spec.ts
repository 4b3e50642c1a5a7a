import { describe, expect, it } from '@jest/globals';
import { LedgerError } from '../ledger-error.ts';
import { Batcher, type Answer } from './batcher.ts';

/** A batcher over a transaction that is held until released. */
function makeBatcher(options: { queueLimit?: number; batchLimit?: number } = {}) {
  const batches: number[][] = [];
  let fail: (batch: readonly number[]) => LedgerError | undefined = () => undefined;
  let held: Promise<void> = Promise.resolve();
  const batcher = new Batcher<number, string>(
    { queueLimit: 100, batchLimit: 100, ...options },
    async (inputs): Promise<Answer<string>[]> => {
      batches.push([...inputs]);
      await held;
      const error = fail(inputs);
      if (error !== undefined) throw error;
      return inputs.map((input) =>
        input < 0 ? { error: new LedgerError('epoch_sealed', 'no') } : { value: `done ${input}` },
      );
    },
  );
  const hold = () => {
    let release: () => void = () => undefined;
    held = new Promise((resolve) => (release = resolve));
    return release;
  };
  return { batcher, batches, hold, failWith: (next: typeof fail) => (fail = next) };
}

describe('Batcher', () => {
  it('takes what arrives in a turn together, and then what arrived meanwhile', async () => {
    const { batcher, batches, hold } = makeBatcher();
    const release = hold();
    const first = [1, 2].map((input) => batcher.run(input));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const second = [3, 4, 5].map((input) => batcher.run(input));
    release();
    expect(await Promise.all([...first, ...second])).toEqual(
      [1, 2, 3, 4, 5].map((n) => `done ${n}`),
    );
    expect(batches).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
  });

  it('gives a member its own error, and the others their values', async () => {
    const { batcher, batches } = makeBatcher();
    const results = await Promise.allSettled([1, -2, 3].map((input) => batcher.run(input)));
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(batches).toHaveLength(1);
  });

  it('runs a batch with a fault one by one, but not one that the database cannot take at all', async () => {
    const { batcher, batches, failWith } = makeBatcher();
    failWith((batch) => (batch.includes(2) ? new LedgerError('input_invalid', 'two') : undefined));
    const results = await Promise.allSettled([1, 2, 3].map((input) => batcher.run(input)));
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(batches).toEqual([[1, 2, 3], [1], [2], [3]]);
    batches.length = 0;
    failWith(() => new LedgerError('connection_lost', 'gone'));
    const lost = await Promise.allSettled([4, 5].map((input) => batcher.run(input)));
    for (const result of lost)
      expect(result).toMatchObject({ reason: { code: 'connection_lost' } });
    expect(batches).toEqual([[4, 5]]);
  });

  it('bounds the queue and each batch', async () => {
    const { batcher, batches, hold } = makeBatcher({ queueLimit: 4, batchLimit: 3 });
    const release = hold();
    const waiting = [1, 2, 3, 4].map((input) => batcher.run(input));
    await expect(batcher.run(5)).rejects.toMatchObject({ code: 'overloaded' });
    release();
    await Promise.all(waiting);
    expect(batches).toEqual([[1, 2, 3], [4]]);
    expect(await batcher.run(6)).toBe('done 6');
  });

  it('finishes what waits on close and takes nothing after', async () => {
    const { batcher } = makeBatcher({ batchLimit: 1 });
    const waiting = Promise.all([1, 2, 3].map((input) => batcher.run(input)));
    await batcher.close();
    await expect(batcher.run(4)).rejects.toMatchObject({ code: 'closed' });
    expect(await waiting).toHaveLength(3);
  });
});
