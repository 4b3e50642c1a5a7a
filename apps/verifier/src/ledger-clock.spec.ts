import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../test/manual-clock.ts';
import { ledgerClock } from './ledger-clock.ts';

describe('ledgerClock', () => {
  it('tells the same time on machines whose clocks differ, and follows the latest comparison', () => {
    const nowMs = 1_000_000;
    let aheadMs = 1_500;
    const ahead = ledgerClock(new ManualClock(nowMs + aheadMs), { clockSkewMs: () => aheadMs });
    const behind = ledgerClock(new ManualClock(nowMs - 700), { clockSkewMs: () => -700 });
    expect(ahead.nowMs()).toBe(nowMs);
    expect(behind.nowMs()).toBe(nowMs);
    aheadMs = 1_400;
    expect(ahead.nowMs()).toBe(nowMs + 100);
  });

  it('leaves the clock alone where the storage has none', () => {
    expect(ledgerClock(new ManualClock(42), {}).nowMs()).toBe(42);
  });
});
