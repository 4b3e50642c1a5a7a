/** @jest-environment ../../libs/kernel-webgpu/test/webgpu-environment.mjs */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { describeGpu, openTestDevice } from '../../test/gpu.ts';
import { dawnVersion } from '../device/adapter.ts';
import { dot4Variant, plainVariant, type GemmVariant } from '../gemm-path.ts';
import { Stages } from '../stages.ts';
import { deviceKeyOf, deviceKeyParts, isSameDevice, type DeviceKey } from './device-key.ts';
import { tuneGemmPath, type GemmTuning, type TuningStore } from './gemm-tuning.ts';

const { session } = await openTestDevice();

const small = dot4Variant({ TM: 2, TN: 4, TK: 16, WG_M: 4, WG_N: 4 });
const variants = [small, plainVariant];
const key: DeviceKey = { adapter: 'a', driver: 'd', dawn: '1', kernel: 'k', gemm: 'g' };

/** Knows one result, of one device. */
class OneResult implements TuningStore {
  kept: { key: DeviceKey; tuning: GemmTuning } | undefined;

  async load(asked: DeviceKey): Promise<GemmTuning | undefined> {
    return this.kept && isSameDevice(this.kept.key, asked) ? this.kept.tuning : undefined;
  }

  async save(of: DeviceKey, tuning: GemmTuning): Promise<void> {
    this.kept = { key: of, tuning };
  }
}

describeGpu('tuneGemmPath', () => {
  let stages: Stages;
  beforeAll(async () => {
    stages = await Stages.compile(session());
  });
  const tune = (store: TuningStore, compared: readonly GemmVariant[] = variants) =>
    tuneGemmPath(session(), { stages, variants: compared, key }, store);

  it('keeps the winner of a trial, and does not try again', async () => {
    const store = new OneResult();
    const first = await tune(store);
    expect(first.tuning).toEqual({ source: 'trial' });
    expect(first.choice.trials).toHaveLength(2);
    const { label } = first.choice.path.variant;
    const { opsPerSecond } = first.choice;
    expect(store.kept).toEqual({ key, tuning: { label, opsPerSecond } });

    const again = await tune(store);
    expect(again.tuning).toEqual({ source: 'cache' });
    expect(again.choice.trials).toEqual([expect.objectContaining({ label, opsPerSecond })]);
    expect(again.choice.opsPerSecond).toBe(opsPerSecond);
  });

  it('takes what is kept even if it is not the fastest: the trial is not repeated', async () => {
    for (const variant of variants) {
      const store = new OneResult();
      store.kept = { key, tuning: { label: variant.label, opsPerSecond: 5 } };
      expect((await tune(store)).choice.path.variant).toBe(variant);
    }
  });

  it('tries anew when the kept variant is gone, and says so', async () => {
    const store = new OneResult();
    store.kept = { key, tuning: { label: 'dot4 of old', opsPerSecond: 5 } };
    const { tuning } = await tune(store);
    expect(tuning).toEqual({
      source: 'trial',
      cacheRefused: expect.stringContaining('dot4 of old'),
    });
    expect(store.kept.tuning.label).not.toBe('dot4 of old');
  });

  it('does not trust a kept winner that gets the known answer wrong by now', async () => {
    const code = plainVariant.code.replace('vec4(127i)', 'vec4(126i)');
    expect(code).not.toBe(plainVariant.code);
    const wrong = { ...plainVariant, label: 'wrong', code };
    const store = new OneResult();
    store.kept = { key, tuning: { label: 'wrong', opsPerSecond: 1e15 } };
    const { choice, tuning } = await tune(store, [wrong, plainVariant, small]);
    expect(tuning.cacheRefused).toMatch(/wrong: depth 192, row \d+, column \d+: expected/);
    expect(choice.path.variant).not.toBe(wrong);
    expect(store.kept.tuning.label).not.toBe('wrong');
  });

  it('keeps nothing of a trial there was not', async () => {
    const store = new OneResult();
    await tune(store, [plainVariant]);
    expect(store.kept).toBeUndefined();
  });
});

describe('deviceKeyOf', () => {
  const adapter = {
    name: 'GPU',
    vendor: 'maker',
    architecture: 'kind',
    driver: '1.2.3',
    isSoftware: false,
    features: [],
    limits: {},
    subgroupMatrixConfigs: [],
    subgroupSizes: { min: 32, max: 32 },
  };

  it('changes with the adapter, its driver, Dawn and every variant compared', () => {
    const same = deviceKeyOf(adapter, variants, '1');
    expect(isSameDevice(same, deviceKeyOf({ ...adapter }, [...variants], '1'))).toBe(true);
    const edited = { ...plainVariant, code: `${plainVariant.code}\n` };
    for (const other of [
      deviceKeyOf({ ...adapter, name: 'GPU 2' }, variants, '1'),
      deviceKeyOf({ ...adapter, driver: '1.2.4' }, variants, '1'),
      deviceKeyOf(adapter, variants, '2'),
      deviceKeyOf(adapter, [plainVariant], '1'),
      deviceKeyOf(adapter, [small, edited], '1'),
      deviceKeyOf(
        adapter,
        [{ ...small, constants: { ...small.constants, TK: 32 } }, plainVariant],
        '1',
      ),
    ]) {
      expect(isSameDevice(same, other)).toBe(false);
    }
  });

  it.each(deviceKeyParts)('is another device by its %s alone', (part) => {
    expect(isSameDevice(key, { ...key })).toBe(true);
    expect(isSameDevice(key, { ...key, [part]: 'another' })).toBe(false);
  });

  it('is bounded whatever a driver calls itself', () => {
    const long = 'x'.repeat(1e5);
    const long2 = deviceKeyOf({ ...adapter, name: long, driver: long }, variants, long);
    expect(JSON.stringify(long2).length).toBeLessThan(1000);
  });

  it('knows the version of Dawn', () => {
    expect(dawnVersion()).toMatch(/^\d+\.\d+\.\d+/);
  });
});
