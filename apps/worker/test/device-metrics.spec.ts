import { describe, expect, it } from '@jest/globals';
import { KernelError, type Attempt, type DeviceTime, type KernelOptions } from '@tops/kernel-spec';
import { createSupervisedKernel, deviceFaultKinds, type WebGpuKernel } from '@tops/kernel-webgpu';
import { createMetrics } from '@tops/observability';
import { createWorkerMetrics } from '../src/metrics.ts';
import { countDeviceEvent } from '../src/recorder.ts';
import { statusText } from '../src/status.ts';
import { useFixture } from './fake/fixture.ts';
import { StubKernel } from './fake/stub-kernel.ts';
import { waitUntil } from './fake/worker-harness.ts';

const fixture = useFixture();
/** 2·m·n·(k+n) of the harness's shape 64,64,64. */
const opsPerAttempt = 1_048_576;

/** A kernel whose attempts took its device as long as the spec says. */
class TimedKernel extends StubKernel {
  deviceTime: DeviceTime | undefined;

  override async commit(attempt: Attempt, options: KernelOptions = {}) {
    const { deviceTime } = this;
    const commitment = await super.commit(attempt, options);
    return deviceTime === undefined ? commitment : { ...commitment, deviceTime };
  }
}

describe('metrics of the GPU', () => {
  it('tell its rate, its best GEMM rate, and the share of it that work reaches', async () => {
    const kernel = new TimedKernel();
    kernel.deviceTime = {
      seconds: 0.002,
      clock: 'device',
      bestGemmOpsPerSecond: opsPerAttempt * 1000,
    };
    const { worker, metric } = fixture.start({ kernel });
    await fixture.accepted(3);
    expect(await metric('tops_worker_device_ops_per_second')).toBe(opsPerAttempt * 500);
    expect(await metric('tops_worker_device_gemm_ops_per_second')).toBe(opsPerAttempt * 1000);
    expect(await metric('tops_worker_device_attempt_gemm_ratio')).toBe(0.5);
    const seconds = await metric('tops_worker_device_seconds_total{clock="device"}');
    expect(seconds).toBeGreaterThanOrEqual(0.006);
    expect(seconds / 0.002).toBeCloseTo(Math.round(seconds / 0.002), 6);
    expect(await metric('tops_worker_device_seconds_total{clock="wall"}')).toBe(0);

    // By the wall's clock most of the time goes into waiting: that is what the other ratio is for.
    const status = worker.status();
    expect(status.device_gops).toBeCloseTo((opsPerAttempt * 500) / 1e9, 2);
    expect(status.gemm_share).toBeGreaterThan(0);
    expect(status.gemm_share).toBeLessThan(0.5);
    expect(statusText(status)).toMatch(/GOP\/s \(\d+% of GEMM\)/);
    const rate = await metric('tops_worker_compute_ops_per_second');
    const ratio = await metric('tops_worker_device_gemm_ratio');
    expect(ratio).toBeCloseTo(rate / (opsPerAttempt * 1000), 9);
  });

  it('are 0 once the CPU computes, and no line is drawn from them', async () => {
    const kernel = new TimedKernel();
    kernel.deviceTime = { seconds: 0.01, clock: 'wall', bestGemmOpsPerSecond: 1e12 };
    const { worker, metric } = fixture.start({ kernel });
    await fixture.accepted(1);
    expect(await metric('tops_worker_device_seconds_total{clock="wall"}')).toBeGreaterThan(0);
    kernel.deviceTime = undefined;
    await waitUntil('an attempt without', () => worker.status().device_gops === null);
    expect(worker.status().gemm_share).toBeNull();
    expect(statusText(worker.status())).not.toContain('GEMM');
    for (const name of [
      'device_ops_per_second',
      'device_gemm_ratio',
      'device_attempt_gemm_ratio',
    ]) {
      expect(await metric(`tops_worker_${name}`)).toBe(0);
    }
  });

  it('show no share where the best rate is not known', async () => {
    const kernel = new TimedKernel();
    kernel.deviceTime = { seconds: 0.01, clock: 'wall', bestGemmOpsPerSecond: 0 };
    const { worker, metric } = fixture.start({ kernel });
    await fixture.accepted(1);
    expect(worker.status()).toMatchObject({ gemm_share: null, device_gops: expect.any(Number) });
    expect(await metric('tops_worker_device_attempt_gemm_ratio')).toBe(0);
  });
});

describe('metrics of GPU faults', () => {
  const attempt = { attemptKey: new Uint8Array(32), shape: { m: 64, n: 64, k: 64 } };

  function counters() {
    const metrics = createWorkerMetrics(
      createMetrics({ prefix: 'tops_worker_', defaultMetrics: false }),
    );
    const samples = async () =>
      (await metrics.registry.metrics())
        .split('\n')
        .filter((line) => /^tops_worker_device_(faults|resets)_total/.test(line))
        .filter((line) => !line.endsWith(' 0'))
        .map((line) => line.replace('tops_worker_device_', ''));
    return { metrics, samples };
  }

  it('count each kind on its own, from a closed list', async () => {
    const { metrics, samples } = counters();
    for (const fault of deviceFaultKinds) {
      countDeviceEvent(
        { kind: 'fault', fault, error: new KernelError('device_failed', '') },
        metrics,
      );
    }
    expect(await samples()).toEqual(
      deviceFaultKinds.map((kind) => `faults_total{kind="${kind}"} 1`),
    );
  });

  it('follow a device from its first fault to its end', async () => {
    const { metrics, samples } = counters();
    let openCount = 0;
    const kernel = await createSupervisedKernel(
      { maxResets: 2 },
      {
        sleep: async () => undefined,
        onEvent: (event) => countDeviceEvent(event, metrics),
        createKernel: async () => {
          if (++openCount > 2) throw new Error('no device any more');
          return {
            adapter: { name: 'a GPU' },
            ended: new Promise(() => undefined),
            computeLeaves: async () => {
              throw new KernelError('device_lost', 'unplugged');
            },
            close: async () => undefined,
          } as unknown as WebGpuKernel;
        },
      },
    );
    const run = () => kernel.computeLeaves(attempt, [0]);
    await expect(run()).rejects.toMatchObject({ code: 'device_lost' });
    await expect(run()).rejects.toMatchObject({ code: 'device_lost' });
    await expect(kernel.gaveUp).resolves.toMatchObject({ code: 'device_unavailable' });
    expect(await samples()).toEqual([
      'faults_total{kind="lost"} 2',
      'resets_total{outcome="reopened"} 1',
      'resets_total{outcome="failed"} 1',
      'resets_total{outcome="gave_up"} 1',
    ]);
  });
});
