import { describe, expect, it } from '@jest/globals';
import { FairGate } from './fair-gate.ts';

/** A gate with one place, taken until `free` is called; `order` is who ran, in turn. */
function busyGate(maxWaiting: number) {
  const gate = new FairGate({ concurrency: 1, maxWaiting });
  const order: string[] = [];
  let free: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (free = resolve));
  const first = gate.run('first', () => held);
  const send = (address: string) =>
    gate
      .run(address, async () => {
        order.push(address);
      })
      .then(({ kind }) => kind);
  return { gate, order, free, first, send };
}

describe('FairGate', () => {
  it('runs as many at a time as it may, and again after one failed', async () => {
    const gate = new FairGate({ concurrency: 2, maxWaiting: 10 });
    let running = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      throw new Error('work failed');
    };
    const runs = Array.from({ length: 8 }, () => gate.run('a', work));
    for (const run of runs) await expect(run).rejects.toThrow('work failed');
    expect(most).toBe(2);
    expect(await gate.run('a', async () => 7)).toEqual({ kind: 'done', value: 7 });
  });

  it('gives the addresses turns: much from one does not delay the others', async () => {
    const { order, free, send, first } = busyGate(100);
    const all = [...Array(5).fill('flood'), 'b', 'c'].map(send);
    free();
    await Promise.all([first, ...all]);
    expect(order).toEqual(['flood', 'b', 'c', 'flood', 'flood', 'flood', 'flood']);
  });

  it('when full refuses the address that has the most, not the newcomer', async () => {
    const { order, free, send, first } = busyGate(3);
    const flood = [send('flood'), send('flood'), send('flood')];
    expect(await send('flood')).toBe('full');
    const others = [send('b')];
    expect(await flood[2]).toBe('full');
    // One, one and one: nobody has more than the newcomer would.
    others.push(send('c'));
    expect(await flood[1]).toBe('full');
    expect(await send('d')).toBe('full');
    free();
    expect(await Promise.all([flood[0], ...others])).toEqual(['done', 'done', 'done']);
    await first;
    expect(order).toEqual(['flood', 'b', 'c']);
  });
});
