import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findMetricsProblems } from '@tops/observability';
import { shapeOps } from '@tops/protocol';
import { TestVerifier } from '../test/test-verifier.ts';
import { TestWorker, tinyShape } from '../test/test-worker.ts';

const ops = shapeOps(tinyShape).toString();

let test: TestVerifier;

beforeEach(async () => {
  test = await TestVerifier.start();
});

afterEach(() => test.close());

describe('metrics', () => {
  it('count receipts by outcome and hold no identities', async () => {
    const worker = new TestWorker(8);
    const attempt = await worker.attempt(await test.epoch());
    await test.prove(attempt, await test.challenge(attempt));
    await test.post('/v1/receipts', '{}');
    const missed = await worker.attempt(await test.epoch());
    await test.challenge(missed);
    test.clock.advance(10_001);
    await test.verifier.epochs.tick();
    const text = await test.metrics();
    for (const [outcome, count] of [
      ['accepted', 1],
      ['rejected', 0],
      ['missed', 1],
      ['refused', 1],
    ]) {
      expect(text).toContain(`tops_verifier_receipts_total{outcome="${outcome}"} ${count}\n`);
    }
    expect(text).toContain(`tops_verifier_credited_ops_total ${ops}\n`);
    expect(text).toContain('tops_verifier_problems_total{code="field_missing"} 1\n');
    expect(text).toContain('process_cpu_seconds_total');
    const problems = await findMetricsProblems(test.verifier.registry, {
      prefix: 'tops_verifier_',
    });
    expect(problems).toEqual([]);
  });

  it('hold the figures of what was done', async () => {
    const valueOf = async (name: string) => {
      const match = new RegExp(`^tops_verifier_${name} (\\S+)$`, 'm').exec(await test.metrics());
      return match === null ? undefined : Number(match[1]);
    };
    const epochId = (await test.epoch()).epoch_id;
    expect(await valueOf('epoch')).toBe(epochId);
    expect(await valueOf('verify_seconds_count')).toBe(0);
    const attempts = [];
    for (const seed of [10, 11, 12]) {
      attempts.push(await new TestWorker(seed).attempt(await test.epoch()));
    }
    let drawnRows = 0;
    for (const [i, attempt] of attempts.entries()) {
      const challenge = await test.challenge(attempt);
      drawnRows += challenge.rows.length;
      if (i === 2) break;
      expect((await test.prove(attempt, challenge)).status).toBe(200);
      expect(await valueOf('verify_seconds_count')).toBe(i + 1);
      expect(await valueOf('credited_ops_total')).toBe((i + 1) * Number(ops));
    }
    await test.verifier.epochs.tick();
    expect(await valueOf('open_challenges')).toBe(1);
    expect(await valueOf('challenge_rows_count')).toBe(3);
    expect(await valueOf('challenge_rows_sum')).toBe(drawnRows);
    expect(drawnRows).toBe(3 * 16);
    expect(await valueOf('challenge_rows_bucket{le="8"}')).toBe(0);
    expect(await valueOf('challenge_rows_bucket{le="16"}')).toBe(3);
    const beforeSeconds = test.clock.nowMs() / 1000;
    test.clock.advance(60_000);
    expect(await valueOf('epoch_clock_timestamp_seconds')).toBe(beforeSeconds);
    await test.verifier.epochs.tick();
    expect(await valueOf('epoch')).toBe(epochId + 1);
    expect(await valueOf('epoch_clock_timestamp_seconds')).toBe(beforeSeconds + 60);
  });

  it('are off with METRICS_ENABLED=0', async () => {
    await test.close();
    test = await TestVerifier.start({ http: { metricsEnabled: false } });
    const answer = await test.get('/metrics');
    expect([answer.status, answer.body.code]).toEqual([404, 'route_not_found']);
  });
});
