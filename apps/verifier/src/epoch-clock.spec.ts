import { afterEach, describe, expect, it } from '@jest/globals';
import { createReferenceKernel } from '@tops/kernel-cpu';
import { bytesToHex } from '@tops/crypto';
import { ledgerRoot } from '@tops/ledger';
import { shapeOps } from '@tops/protocol';
import { ManualClock } from '../test/manual-clock.ts';
import { startMs, TestVerifier } from '../test/test-verifier.ts';
import { TestWorker, tinyShape } from '../test/test-worker.ts';
import { EpochRegressionError } from './epoch-clock.ts';

let test: TestVerifier;

afterEach(() => test.close());

const epochMs = 60_000;
/** Grace and challenge deadline of the default limits. */
const sealDelayMs = 5_000 + 10_000;
const summary = async (id: number) => (await test.get(`/v1/epochs/${id}`)).body;

describe('EpochClock', () => {
  it('opens each epoch in its time and chains the beacons', async () => {
    test = await TestVerifier.start();
    const first = await test.epoch();
    expect(first).toMatchObject({ opens_at: startMs, closes_at: startMs + epochMs });
    expect((await test.epoch()).prev_hash_hex).toBe(first.prev_hash_hex);
    test.clock.set(startMs + epochMs);
    const second = await test.epoch();
    expect(second.epoch_id).toBe(first.epoch_id + 1);
    expect(second.prev_hash_hex).not.toBe(first.prev_hash_hex);
    // Epochs nobody asked for are skipped, never made up later.
    test.clock.advance(10 * epochMs);
    expect((await test.epoch()).epoch_id).toBe(second.epoch_id + 10);
    expect((await test.get(`/v1/epochs/${second.epoch_id + 5}`)).body.code).toBe('epoch_not_found');
    expect((await test.get('/v1/epochs')).body.epochs).toHaveLength(3);
  });

  it('keeps one timer going', async () => {
    test = await TestVerifier.start();
    expect(test.clock.timerCount).toBe(1);
    const { epoch_id } = await test.epoch();
    test.clock.set(startMs + epochMs);
    test.clock.fireDue();
    await test.verifier.epochs.tick();
    expect(test.verifier.epochs.currentEpochId).toBe(epoch_id + 1);
    await test.verifier.epochs.stop();
    await new Promise((resolve) => setImmediate(resolve));
    expect(test.clock.timerCount).toBe(0);
  });

  it('seals after grace and deadline, with every receipt in the root', async () => {
    test = await TestVerifier.start();
    const worker = new TestWorker(71);
    const epoch = await test.epoch();
    const proven = await worker.attempt(epoch);
    expect((await test.prove(proven, await test.challenge(proven))).status).toBe(200);
    const unanswered = await test.challenge(await worker.attempt(epoch));

    test.clock.set(epoch.closes_at + sealDelayMs - 1);
    await test.verifier.epochs.tick();
    expect((await summary(epoch.epoch_id)).sealed).toBe(false);
    test.clock.advance(1);
    await test.verifier.epochs.tick();
    const sealed = await summary(epoch.epoch_id);
    expect(sealed).toMatchObject({ sealed: true, entry_count: 2 });

    const credits = (await test.get(`/v1/epochs/${epoch.epoch_id}/credits.json`)).body;
    const ops = shapeOps(tinyShape).toString();
    expect(credits.credits).toEqual([
      {
        did: (await test.get('/v1/workers')).body.workers[0].did,
        public_key_hex: worker.publicKeyHex,
        credited_ops: ops,
        ...{ accepted: 1, rejected: 0, missed: 1, revoked: 0 },
      },
    ]);
    expect(credits.entries).toHaveLength(2);
    expect(credits.entries[1]).toMatchObject({
      receipt_id: unanswered.receipt_id,
      outcome: 'missed',
      credited_ops: '0',
    });
    expect(bytesToHex(ledgerRoot(credits.entries))).toBe(sealed.ledger_root_hex);
    const csv = await test.get(`/v1/epochs/${epoch.epoch_id}/credits.csv`);
    expect(csv.headers.get('content-type')).toMatch(/^text\/csv/);
    expect(csv.text).toBe(
      'did,public_key_hex,credited_ops,accepted,rejected,missed,revoked\r\n' +
        `${credits.credits[0].did},${worker.publicKeyHex},${ops},1,0,1,0\r\n`,
    );
  });

  it('does not seal, nor expire, under a proof that is being verified', async () => {
    let release: () => void = () => undefined;
    const reference = createReferenceKernel();
    const held = new Promise<void>((resolve) => (release = resolve));
    let started: () => void = () => undefined;
    const computing = new Promise<void>((resolve) => (started = resolve));
    test = await TestVerifier.start({
      kernel: {
        async computeLeaves(attempt, rows) {
          started();
          await held;
          return reference.computeLeaves(attempt, rows);
        },
      },
    });
    const epoch = await test.epoch();
    const attempt = await new TestWorker(72).attempt(epoch);
    const challenge = await test.challenge(attempt);
    const answer = test.prove(attempt, challenge);
    await computing;
    test.clock.set(epoch.closes_at + sealDelayMs + epochMs);
    await test.verifier.epochs.tick();
    expect((await summary(epoch.epoch_id)).sealed).toBe(false);
    release();
    expect((await answer).status).toBe(200);
    await test.verifier.epochs.tick();
    expect(await summary(epoch.epoch_id)).toMatchObject({ sealed: true, entry_count: 1 });
  });

  it('after a restart serves the same beacon, lets overdue challenges go and seals what is due', async () => {
    test = await TestVerifier.start();
    const worker = new TestWorker(73);
    const epoch = await test.epoch();
    const attempt = await worker.attempt(epoch);
    const challenge = await test.challenge(attempt);
    const overdue = await worker.attempt(epoch);
    await test.challenge(overdue);
    test.clock.advance(5000);
    await test.restart();
    expect(await test.epoch()).toEqual(epoch);
    expect((await test.prove(attempt, challenge)).status).toBe(200);
    test.clock.set(epoch.closes_at + sealDelayMs);
    await test.restart();
    expect(await summary(epoch.epoch_id)).toMatchObject({ sealed: true, entry_count: 2 });
    expect((await test.get('/v1/workers')).body.workers[0]).toMatchObject({
      accepted: 1,
      missed: 1,
    });
  });

  it('refuses to start when epoch ids would go back', async () => {
    const clock = new ManualClock(startMs + 1000);
    test = await TestVerifier.start({ clock });
    await test.stop();
    clock.set(startMs - 1);
    await expect(TestVerifier.start({ clock, dataDir: test.dataDir })).rejects.toThrow(
      EpochRegressionError,
    );
    clock.set(startMs + 1000);
    const longer = { clock, dataDir: test.dataDir, limits: { epoch_seconds: 61 } };
    await expect(TestVerifier.start(longer)).rejects.toThrow(/EPOCH_SECONDS=61/);
    const again = await TestVerifier.start({ clock, dataDir: test.dataDir });
    expect((await again.epoch()).opens_at).toBe(startMs);
    test = again;
  });

  it('keeps the latest epoch open when the clock steps back while running', async () => {
    test = await TestVerifier.start();
    test.clock.advance(epochMs);
    const latest = await test.epoch();
    test.clock.advance(-epochMs);
    await test.verifier.epochs.tick();
    expect((await test.epoch()).epoch_id).toBe(latest.epoch_id);
    expect((await test.get('/ready')).status).toBe(200);
  });

  it('is not ready while the ledger does not answer, and recovers', async () => {
    test = await TestVerifier.start();
    expect((await test.get('/ready')).status).toBe(200);
    const { ledger } = test;
    const check = ledger.check.bind(ledger);
    const shownSeconds = async () =>
      Number(/^tops_verifier_epoch_clock_timestamp_seconds (.+)$/m.exec(await test.metrics())?.[1]);
    const beforeSeconds = test.clock.nowMs() / 1000;
    ledger.check = () => Promise.reject(new Error('disk full'));
    test.clock.advance(5000);
    await test.verifier.epochs.tick();
    expect(await shownSeconds()).toBe(beforeSeconds);
    const answer = await test.get('/ready');
    expect(answer.status).toBe(503);
    expect(answer.text).not.toContain('disk full');
    expect((await test.get('/health')).status).toBe(200);
    ledger.check = check;
    await test.verifier.epochs.tick();
    expect((await test.get('/ready')).status).toBe(200);
    expect(await shownSeconds()).toBe(beforeSeconds + 5);
  });
});
