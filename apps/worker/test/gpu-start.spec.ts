/** @jest-environment ../../libs/kernel-webgpu/test/webgpu-environment.mjs */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { listAdapters } from '@tops/kernel-webgpu';
import { AutotuneCache } from '../src/autotune-cache.ts';
import { openDevice, type DeviceSettings } from '../src/device.ts';

const adapters = await listAdapters().catch(() => []);
const canRun = adapters.length > 0 || process.env['REQUIRE_WEBGPU'] === '1';

const settings: DeviceSettings = {
  gpu: { allowSoftware: true },
  mayFallBack: false,
  maxResets: 0,
  cpuKernel: 'auto',
  threadCount: 1,
};
const attempt = { attemptKey: new Uint8Array(32).fill(9), shape: { m: 128, n: 64, k: 64 } };

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gpu-start-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** One start of a worker's device. @returns where its GEMM path came from, and what was warned of */
async function start(dataDir = dir) {
  const sources: unknown[] = [];
  const warnings: string[] = [];
  const logger = {
    info: (message: string, fields?: { source?: unknown }) => {
      if (message === 'GEMM path') sources.push(fields?.source);
    },
    warn: (message: string) => void warnings.push(message),
    error: (message: string) => void warnings.push(message),
  };
  const cache = new AutotuneCache(dataDir, { logger });
  const device = await openDevice(settings, { logger, tuningStore: cache });
  try {
    const { workRoot, deviceTime } = await device.commit(attempt);
    expect(deviceTime?.bestGemmOpsPerSecond).toBeGreaterThan(0);
    const { deviceKey, driverHint } = device;
    return { sources, warnings, workRoot, deviceKey, driverHint };
  } finally {
    await device.close();
  }
}

(canRun ? describe : describe.skip)('the start of a GPU', () => {
  const path = () => join(dir, 'autotune.json');

  it('is tried once, then remembered; a changed driver or a spoilt file is tried again', async () => {
    const first = await start();
    expect(first).toMatchObject({ sources: ['trial', 'trial'], warnings: [] });
    const kept = readFileSync(path(), 'utf8');
    expect(kept).toContain(first.deviceKey?.adapter);

    expect(await start()).toEqual({ ...first, sources: ['cache'] });
    expect(readFileSync(path(), 'utf8')).toBe(kept);

    const driver = JSON.stringify(first.deviceKey?.driver);
    writeFileSync(path(), kept.replace(driver, '"an older driver"'));
    expect(await start()).toMatchObject({ sources: ['trial', 'trial'], warnings: [] });
    expect(readFileSync(path(), 'utf8')).toContain('an older driver');

    writeFileSync(path(), kept.slice(0, 100));
    const spoilt = await start();
    expect(spoilt.sources).toEqual(['trial', 'trial']);
    expect(new Set(spoilt.warnings)).toEqual(new Set(['autotune cache not used']));
    expect(spoilt.workRoot).toEqual(first.workRoot);
    expect((await start()).sources).toEqual(['cache']);
  });

  it('does not take a remembered path that is none of the device', async () => {
    await start();
    const kept = readFileSync(path(), 'utf8');
    writeFileSync(path(), kept.replace(/"label": "[^"]*"/, '"label": "dot4 of another build"'));
    expect(await start()).toMatchObject({
      sources: ['trial', 'trial'],
      warnings: ['GEMM path of an earlier start not used'],
    });
  });

  it('needs no place to remember', async () => {
    writeFileSync(join(dir, 'file'), '');
    const started = await start(join(dir, 'file', 'data'));
    expect(started.sources).toEqual(['trial', 'trial']);
    expect(started.warnings).toContain('autotune result not kept');
  });
});
