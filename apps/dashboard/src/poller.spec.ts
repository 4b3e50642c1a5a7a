import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { pollDelayMs, Poller, type PollOutcome } from './poller.ts';

beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
});
afterEach(() => {
  jest.useRealTimers();
});

describe('pollDelayMs', () => {
  it('doubles from 2 s up to 30 s', () => {
    expect([0, 1, 2, 3, 4, 5, 1000].map(pollDelayMs)).toEqual([
      2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000,
    ]);
  });
});

describe('Poller', () => {
  it('polls every 2 s, backs off on failures and recovers at once', async () => {
    const startedAtMs: number[] = [];
    const outcomes: PollOutcome[] = [];
    let failing = false;
    const poller = new Poller(
      () => {
        startedAtMs.push(Date.now());
        return failing ? Promise.reject(new Error('down')) : Promise.resolve();
      },
      (outcome) => outcomes.push(outcome),
    );
    poller.restart();
    await jest.advanceTimersByTimeAsync(2500);
    failing = true;
    await jest.advanceTimersByTimeAsync(6000);
    failing = false;
    await jest.advanceTimersByTimeAsync(10_000);
    poller.stop();
    expect(startedAtMs).toEqual([0, 2000, 4000, 8000, 16_000, 18_000]);
    expect(outcomes.map(({ failureCount }) => failureCount)).toEqual([0, 0, 1, 2, 0, 0]);
    expect(outcomes[3]).toMatchObject({ nextAtMs: 16_000, error: new Error('down') });
    await jest.advanceTimersByTimeAsync(60_000);
    expect(startedAtMs).toHaveLength(6);
  });

  it('aborts the running poll on restart and ignores its answer', async () => {
    const signals: AbortSignal[] = [];
    const outcomes: PollOutcome[] = [];
    const settle: (() => void)[] = [];
    const poller = new Poller(
      (signal) => {
        signals.push(signal);
        return new Promise((resolve) => settle.push(resolve));
      },
      (outcome) => outcomes.push(outcome),
    );
    poller.restart();
    poller.restart();
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
    settle[0]!();
    await jest.advanceTimersByTimeAsync(0);
    expect(outcomes).toHaveLength(0);
    settle[1]!();
    await jest.advanceTimersByTimeAsync(0);
    expect(outcomes).toHaveLength(1);
    poller.stop();
  });

  it('never runs two polls at once, however slow one is', async () => {
    let running = 0;
    let most = 0;
    const poller = new Poller(
      async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 7000));
        running -= 1;
      },
      () => undefined,
    );
    poller.restart();
    await jest.advanceTimersByTimeAsync(40_000);
    poller.stop();
    expect(most).toBe(1);
  });
});
