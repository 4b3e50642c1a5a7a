import { describe, expect, it } from '@jest/globals';
import { KernelError } from '@tops/kernel-spec';
import { Arena } from '../wasm/arena.ts';
import { NO_LEVELS, placeBytes, type WeightsPlace } from '../wasm/layout.ts';
import { WeightsCache } from './weights-cache.ts';

const small = placeBytes({ n: 64, k: 64, levels: NO_LEVELS }, 1);

function cacheOf(limitBytes: number, pack?: (place: WeightsPlace) => Promise<void>) {
  const packed: string[] = [];
  const cache = new WeightsCache(
    { threadCount: 1, limitBytes },
    {
      arena: new Arena(),
      pack: async (place) => {
        packed.push(`${place.n}x${place.k}`);
        await pack?.(place);
      },
    },
  );
  return { cache, packed };
}

/** Whether a promise is still pending after everything queued has run. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  const turn = new Promise((resolve) => setTimeout(resolve, 5, pending));
  return (await Promise.race([promise, turn])) === pending;
}

describe('WeightsCache', () => {
  it('packs a shape once, also for those who ask while it is being packed', async () => {
    const { cache, packed } = cacheOf(10 * small);
    const [first, second] = await Promise.all([
      cache.acquire({ n: 64, k: 64 }),
      cache.acquire({ n: 64, k: 64 }),
    ]);
    expect(first.place).toBe(second.place);
    expect(packed).toEqual(['64x64']);
  });

  it('serves a smaller shape from a larger one, not the other way round', async () => {
    const { cache, packed } = cacheOf(2 ** 24);
    await cache.acquire({ n: 128, k: 256 });
    await cache.acquire({ n: 64, k: 192 });
    expect(packed).toEqual(['128x256']);
    await cache.acquire({ n: 192, k: 64 });
    expect(packed).toEqual(['128x256', '192x64']);
  });

  it('serves only its own shape with levels, and attempts only with theirs', async () => {
    const { cache, packed } = cacheOf(2 ** 24);
    const levels = { layer1: 0, layer2: 1 };
    const place = (await cache.acquire({ n: 128, k: 256, levels })).place;
    expect(place).toMatchObject({ n: 128, k: 256, levels });
    expect((await cache.acquire({ n: 128, k: 256 })).place).toBe(place);
    expect((await cache.acquire({ n: 128, k: 256, levels })).place).toBe(place);
    expect(packed).toEqual(['128x256']);
    await cache.acquire({ n: 64, k: 64, levels });
    await cache.acquire({ n: 128, k: 192 });
    await cache.acquire({ n: 64, k: 128, levels: NO_LEVELS });
    expect(packed).toEqual(['128x256', '64x64', '128x192']);
  });

  it('drops the least recently used entry, never one in use', async () => {
    const { cache, packed } = cacheOf(
      placeBytes({ n: 64, k: 192, levels: NO_LEVELS }, 1) +
        placeBytes({ n: 192, k: 64, levels: NO_LEVELS }, 1),
    );
    const inUse = await cache.acquire({ n: 64, k: 192 });
    (await cache.acquire({ n: 128, k: 64 })).release();
    (await cache.acquire({ n: 192, k: 64 })).release();
    (await cache.acquire({ n: 128, k: 64 })).release(); // served by 192×64
    expect(packed).toEqual(['64x192', '128x64', '192x64']);
    (await cache.acquire({ n: 128, k: 128 })).release();
    (await cache.acquire({ n: 64, k: 192 })).release();
    expect(packed).toEqual(['64x192', '128x64', '192x64', '128x128']);
    inUse.release();
    (await cache.acquire({ n: 192, k: 64 })).release();
    expect(packed.slice(4)).toEqual(['192x64']);
  });

  it('makes a shape wait until there is room, and gives it its place then', async () => {
    const { cache, packed } = cacheOf(placeBytes({ n: 64, k: 128, levels: NO_LEVELS }, 1));
    const first = await cache.acquire({ n: 64, k: 128 });
    const waiting = cache.acquire({ n: 128, k: 64 });
    expect(await isPending(waiting)).toBe(true);
    first.release();
    expect((await waiting).place).toMatchObject({ n: 128, k: 64 });
    expect(packed).toEqual(['64x128', '128x64']);
  });

  it('gives a shape beyond the limit its place when nothing else is held', async () => {
    const { cache } = cacheOf(1);
    const lease = await cache.acquire({ n: 64, k: 64 });
    expect(lease.place).toMatchObject({ n: 64, k: 64 });
    expect(await isPending(cache.acquire({ n: 64, k: 128 }))).toBe(true);
  });

  it('ends a wait with the signal, both for room and for packing', async () => {
    const { cache } = cacheOf(1, () => new Promise(() => undefined));
    const controller = new AbortController();
    const packing = cache.acquire({ n: 64, k: 64 }, controller.signal);
    const waiting = cache.acquire({ n: 64, k: 128 }, controller.signal);
    controller.abort();
    await expect(packing).rejects.toMatchObject({ code: 'aborted' });
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
  });

  it('forgets an entry whose packing failed and packs it anew', async () => {
    let failures = 1;
    const { cache, packed } = cacheOf(small, async () => {
      if (failures-- > 0) throw new KernelError('thread_failed', 'crashed');
    });
    await expect(cache.acquire({ n: 64, k: 64 })).rejects.toMatchObject({ code: 'thread_failed' });
    await expect(cache.acquire({ n: 64, k: 64 })).resolves.toHaveProperty('place.n', 64);
    expect(packed).toHaveLength(2);
  });

  it('counts a lease released twice once', async () => {
    const { cache } = cacheOf(1);
    const first = await cache.acquire({ n: 64, k: 64 });
    const second = await cache.acquire({ n: 64, k: 64 });
    first.release();
    first.release();
    expect(await isPending(cache.acquire({ n: 64, k: 128 }))).toBe(true);
    second.release();
    await expect(cache.acquire({ n: 64, k: 64 })).resolves.toHaveProperty('place.n', 64);
  });
});
