import { describe, expect, it } from '@jest/globals';
import { Permits, unlessAborted } from './permits.ts';

describe('Permits', () => {
  it('lets so many through, then others in their order as permits come back', async () => {
    const permits = new Permits(2);
    const order: string[] = [];
    const first = await permits.acquire();
    await permits.acquire();
    const third = permits.acquire().then((release) => {
      order.push('third');
      return release;
    });
    const fourth = permits.acquire().then(() => order.push('fourth'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual([]);
    first();
    first(); // a permit given back twice counts once
    const release = await third;
    expect(order).toEqual(['third']);
    release();
    await fourth;
    expect(order).toEqual(['third', 'fourth']);
  });

  it('loses no permit to a waiter that gives up', async () => {
    const permits = new Permits(1);
    const release = await permits.acquire();
    const controller = new AbortController();
    const doomed = permits.acquire(controller.signal);
    const next = permits.acquire();
    controller.abort();
    await expect(doomed).rejects.toMatchObject({ code: 'aborted' });
    release();
    (await next)();
    await expect(permits.acquire(controller.signal)).rejects.toMatchObject({ code: 'aborted' });
    await expect(permits.acquire()).resolves.toBeInstanceOf(Function);
  });
});

describe('unlessAborted', () => {
  it('gives what comes first', async () => {
    const never = new Promise<never>(() => undefined);
    const controller = new AbortController();
    const waiting = unlessAborted(never, controller.signal);
    await expect(unlessAborted(Promise.resolve(1), controller.signal)).resolves.toBe(1);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
    await expect(unlessAborted(never, controller.signal)).rejects.toMatchObject({
      code: 'aborted',
    });
  });
});
