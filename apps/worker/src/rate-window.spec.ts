import { expect, it } from '@jest/globals';
import { VirtualTiming } from '../test/fake/virtual-timing.ts';
import { RateWindow } from './rate-window.ts';

it('RateWindow is the sum over the window, or over the life of a younger process', () => {
  const timing = new VirtualTiming();
  const window = new RateWindow(10_000, timing);
  expect(window.perSecond()).toBe(0);
  timing.advance(5000);
  window.begin();
  for (let second = 0; second < 4; second++) {
    timing.advance(1000);
    window.add(100);
  }
  expect(window.perSecond()).toBe(100);
  for (let second = 0; second < 100; second++) {
    timing.advance(1000);
    window.add(30);
  }
  expect(window.perSecond()).toBe(30);
  timing.advance(11_000);
  expect(window.perSecond()).toBe(0);
});
