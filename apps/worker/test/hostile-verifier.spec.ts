import { describe, expect, it } from '@jest/globals';
import { generateSeed, keyPairFromSeed } from '@tops/crypto';
import { useFixture } from './fake/fixture.ts';
import { waitUntil, type RunningWorker } from './fake/worker-harness.ts';

const fixture = useFixture();

describe('a verifier that is wrong', () => {
  async function expectRefused(worker: RunningWorker, code: string): Promise<void> {
    await waitUntil(code, () => worker.codes().includes(code));
    expect(fixture.verifier.requestCounts.proof).toBe(0);
    expect(worker.worker.status()).toMatchObject({ accepted: 0 });
    // Control: the same worker answers as soon as the challenge is in order.
    fixture.verifier.tamper = (same) => same;
    fixture.verifier.challengeKeyPair = fixture.verifier.keyPair;
    await fixture.accepted(1);
  }

  it.each<[string, (rows: readonly number[], m: number) => number[]]>([
    ['a row beyond m', (rows, m) => [...rows.slice(0, -1), m]],
    ['rows out of order', (rows) => [...rows].reverse()],
    ['a row twice', (rows) => [0, ...rows]],
    ['more rows than it may', (_rows, m) => Array.from({ length: m }, (_, row) => row).slice(0, 9)],
  ])('asks for %s and gets no answer', async (_name, change) => {
    fixture.verifier.limits = { ...fixture.verifier.limits, audit_rows_max: 8 };
    fixture.verifier.tamper = (honest) => ({ ...honest, rows: change(honest.rows, 64) });
    const worker = fixture.start();
    await waitUntil('a lost attempt', () => worker.worker.status().lost > 0);
    const code = worker.worker.status().last_error?.code ?? '';
    // Rows that no m allows are refused by the parser of the answer, the others by the worker.
    expect(['challenge_rows_invalid', 'network_malformed_response']).toContain(code);
    await expectRefused(worker, code);
  });

  it('challenges another receipt and gets no answer', async () => {
    fixture.verifier.tamper = (honest) => ({ ...honest, receipt_id: 'ab'.repeat(32) });
    await expectRefused(fixture.start(), 'challenge_receipt_foreign');
  });

  it('signs with another key than it published and gets no answer', async () => {
    fixture.verifier.challengeKeyPair = keyPairFromSeed(generateSeed());
    const worker = fixture.start();
    await expectRefused(worker, 'challenge_signature_invalid');
    expect(await worker.metric('tops_worker_errors_total{kind="signature"}')).toBeGreaterThan(0);
  });

  it('checks another kernel version and gets no work', async () => {
    fixture.verifier.kernelVersion = 'gemm_int8_relu_q_v3';
    const { stub, readiness } = fixture.start();
    await waitUntil(
      'the epoch check to say so',
      () => readiness.report().checks['epoch']?.reason === 'kernel_ver_unsupported',
    );
    expect(stub.commitCount).toBe(0);
    fixture.verifier.kernelVersion = 'gemm_int8_relu_q_v2';
    await fixture.accepted(1);
  });

  it('takes none of the presets and gets no work', async () => {
    fixture.verifier.limits = { ...fixture.verifier.limits, min_rows: 4096 };
    const { stub, readiness } = fixture.start();
    await waitUntil('the shape check', () => readiness.report().checks['shape']?.ok === false);
    expect(stub.commitCount).toBe(0);
    fixture.verifier.limits = { ...fixture.verifier.limits, min_rows: 64 };
    fixture.verifier.nextEpoch();
    await fixture.accepted(1);
  });
});
