import { describe, expect, it } from '@jest/globals';
import { InFlight } from './in-flight.ts';

describe('InFlight', () => {
  it('holds a key until everything under it ended', () => {
    const inFlight = new InFlight<string>();
    const [first, second] = [inFlight.enter('a', 1), inFlight.enter('a', 1)];
    expect([inFlight.has('a'), inFlight.has('b')]).toEqual([true, false]);
    first();
    first();
    expect(inFlight.has('a')).toBe(true);
    second();
    expect(inFlight.has('a')).toBe(false);
  });

  it('forgets an early arrival that ended, however many later ones overlap it', () => {
    const inFlight = new InFlight<string>();
    const endEarly = inFlight.enter('a', 10);
    inFlight.enter('a', 30);
    inFlight.enter('a', 20);
    inFlight.enter('b', 40);
    expect([...inFlight.earliestArrivals()]).toEqual([
      ['a', 10],
      ['b', 40],
    ]);
    endEarly();
    expect(inFlight.earliestArrivals().get('a')).toBe(20);
  });
});
