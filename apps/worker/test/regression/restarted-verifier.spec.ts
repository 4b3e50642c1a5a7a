// A verifier restarted with other settings goes on with the epoch it was in: what it changed is not told by a new epoch.
import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { generateSeed, keyPairFromSeed } from '@tops/crypto';
import type { Attempt } from '@tops/kernel-spec';
import { problemReply } from '../fake/fake-verifier.ts';
import { useFixture } from '../fake/fixture.ts';
import { waitUntil } from '../fake/worker-harness.ts';

const fixture = useFixture();
/** Only an answer can tell that something has changed: the next look at the epoch is an hour away. */
const pace = { epochPollMs: 3_600_000 };

describe('a verifier that comes back', () => {
  it('with more rows at least gets them at once', async () => {
    const presets = [{ m: 64, n: 64, k: 64 }];
    const autotune = { targetMs: 30, presets, isDisabled: false };
    const { worker, stub, metric, codes } = fixture.start({ pace, settings: { autotune } });
    stub.durationMs = ({ shape }: Attempt) => shape.m / 4;
    await fixture.accepted(1);
    expect(worker.status().sizes?.m).toBeLessThan(256);
    fixture.verifier.limits = { ...fixture.verifier.limits, min_rows: 256 };
    await fixture.accepted(2 + 4);
    expect(codes()).toContain('shape_below_min_rows');
    expect(worker.status().sizes?.m).toBeGreaterThanOrEqual(256);
    expect(await metric('tops_worker_attempt_rows')).toBe(worker.status().sizes?.m);
  });

  it('with another key is believed once it has published that key', async () => {
    const { codes, lines } = fixture.start({ pace });
    await fixture.accepted(1);
    fixture.verifier.keyPair = keyPairFromSeed(generateSeed());
    fixture.verifier.challengeKeyPair = fixture.verifier.keyPair;
    await fixture.accepted(6);
    expect(codes()).toContain('challenge_signature_invalid');
    expect(lines.map((line) => line['message'])).toContain(
      'the verifier signs with another key than before',
    );
  });

  it('as something that is no verifier is said to be none', async () => {
    fixture.verifier.script = (route) =>
      route === 'epoch' ? problemReply('route_not_found') : undefined;
    const { lines, stub } = fixture.start();
    await waitUntil('a warning', () =>
      lines.some(({ level, code }) => level === 'warn' && code === 'route_not_found'),
    );
    expect(stub.commitCount).toBe(0);
    fixture.verifier.script = () => undefined;
    await fixture.accepted(1);
  });
});

describe('a machine measured in a bad moment', () => {
  it('is not held to that speed: it works again in the epochs that follow', async () => {
    fixture.verifier.limits = { ...fixture.verifier.limits, grace_seconds: 0 };
    fixture.verifier.nextEpoch(500);
    const epochs = setInterval(() => fixture.verifier.nextEpoch(500), 450);
    try {
      // Suspended in the middle of its first attempt, as a paused virtual machine is.
      const { stub, worker, lines } = fixture.start();
      stub.durationMs = () => (stub.commitCount === 1 ? 1500 : 5);
      await waitUntil('the first attempt to be dropped', () => worker.status().lost === 1);
      await fixture.accepted(3);
      expect(lines.map((line) => line['message'])).toContain(
        'an attempt is expected to take longer than an epoch',
      );
    } finally {
      clearInterval(epochs);
    }
  });
});

describe('the stop signal', () => {
  it('carries a handful of listeners however long the worker runs', async () => {
    const { stopSignal, stop } = fixture.start({ settings: { maxAnswersInFlight: 32 } });
    await fixture.accepted(20);
    expect(getEventListeners(stopSignal, 'abort').length).toBeLessThan(10);
    await stop();
    expect(getEventListeners(stopSignal, 'abort')).toHaveLength(0);
  });
});
