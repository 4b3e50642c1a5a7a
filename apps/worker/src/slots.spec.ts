import { describe, expect, it } from '@jest/globals';
import { Slots } from './slots.ts';

const patient = new AbortController().signal;

describe('Slots', () => {
  it('admits as many as there are, in order of arrival', async () => {
    const slots = new Slots(2);
    const admitted: number[] = [];
    const all = [0, 1, 2, 3].map(async (guest) => {
      await slots.acquire(patient);
      admitted.push(guest);
    });
    await Promise.all(all.slice(0, 2));
    expect(admitted).toEqual([0, 1]);
    slots.release();
    await all[2];
    slots.release();
    await all[3];
    expect(admitted).toEqual([0, 1, 2, 3]);
    expect(slots.inUse).toBe(2);
  });

  it('forgets who gave up waiting', async () => {
    const slots = new Slots(1);
    await slots.acquire(patient);
    const impatient = new AbortController();
    const waiting = slots.acquire(impatient.signal);
    impatient.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    slots.release();
    expect(slots.inUse).toBe(0);
    await slots.acquire(patient);
    expect(slots.inUse).toBe(1);
  });

  it('gives a place back that was won in the instant of giving up', async () => {
    const slots = new Slots(1);
    await slots.acquire(patient);
    const impatient = new AbortController();
    const waiting = slots.acquire(impatient.signal);
    impatient.abort(new Error('gone'));
    slots.release();
    await expect(waiting).rejects.toThrow('gone');
    await slots.idle();
    expect(slots.inUse).toBe(0);
  });

  it('is idle when the last one leaves', async () => {
    const slots = new Slots(2);
    await slots.idle();
    await slots.acquire(patient);
    let isIdle = false;
    const idle = slots.idle().then(() => (isIdle = true));
    await Promise.resolve();
    expect(isIdle).toBe(false);
    slots.release();
    await idle;
    expect(isIdle).toBe(true);
  });
});
