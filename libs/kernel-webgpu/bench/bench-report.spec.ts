import { describe, expect, it } from '@jest/globals';
import type { WebGpuBenchResult } from '../src/webgpu-bench.ts';
import { readBenchOptions } from './bench-options.ts';
import { makeReport, tableLine } from './bench-report.ts';

const shape = { m: 65_536, n: 1024, k: 1024 };
const result: WebGpuBenchResult = {
  adapter: {
    name: 'a GPU',
    vendor: 'maker',
    architecture: 'kind',
    driver: 'driver 1.2.3',
    isSoftware: false,
    features: [],
    limits: {},
    subgroupMatrixConfigs: [],
    subgroupSizes: { min: 32, max: 32 },
  },
  rows: [
    { path: 'dot4', variant: 'dot4 8x8', shape, gemmGops: 80_000, attemptGops: 72_000, ratio: 0.9 },
  ],
  missing: [{ path: 'subgroup-matrix', reason: 'not offered' }],
  trials: [{ label: 'dot4 8x8', path: 'dot4', opsPerSecond: 8e13 }],
};
const made = { commit: 'abc-dirty', dawn: '0.6.2', at: new Date(0) };
const vendor = {
  device: 'a GPU',
  torch: '2',
  rows: [{ shape: '65536,1024,1024', vendor_gops: 100_000 }],
};

describe('makeReport', () => {
  it('says on what, with what and of what each figure is', () => {
    const report = JSON.parse(JSON.stringify(makeReport(result, made, vendor))) as unknown;
    expect(report).toEqual({
      measured_at: '1970-01-01T00:00:00.000Z',
      machine: {
        cpu: expect.any(String),
        cores: expect.any(Number),
        memory_bytes: expect.any(Number),
        system: expect.stringContaining(process.platform),
      },
      adapter: expect.objectContaining({ name: 'a GPU', vendor: 'maker' }),
      driver: 'driver 1.2.3',
      versions: { node: process.version, dawn: '0.6.2', kernel: expect.stringMatching(/^gemm_/) },
      commit: 'abc-dirty',
      rows: [
        {
          path: 'dot4',
          variant: 'dot4 8x8',
          shape,
          gemm_gops: 80_000,
          attempt_gops: 72_000,
          ratio: 0.9,
          vendor_gops: 100_000,
          vendor_ratio: 0.8,
        },
      ],
      missing: result.missing,
      trials: result.trials,
      vendor: { device: 'a GPU', torch: '2' },
    });
  });

  it('has no vendor’s figures where there are none, nor for another shape', () => {
    expect(makeReport(result, made)).not.toHaveProperty('vendor');
    const others = { ...vendor, rows: [{ shape: '64,64,64', vendor_gops: 1 }] };
    expect(makeReport(result, made, others).rows[0]).not.toHaveProperty('vendor_gops');
  });

  it('prints aligned lines', () => {
    const [row] = makeReport(result, made, vendor).rows;
    const cells = (line: string) => line.trim().split(/ {2,}/);
    expect(cells(tableLine(row))).toEqual([
      ...['dot4', '65536×1024×1024', '80000.0', '72000.0', '0.900', '0.800', 'dot4 8x8'],
    ]);
    expect(cells(tableLine())).toHaveLength(7);
    expect(tableLine().indexOf('variant')).toBe(tableLine(row).indexOf('dot4 8x8'));
  });
});

describe('readBenchOptions', () => {
  it('has defaults for a GPU, and small shapes for a software adapter', () => {
    expect(readBenchOptions([])).toMatchObject({
      shapes: expect.arrayContaining([shape]),
      paths: ['subgroup-matrix', 'dot4', 'plain'],
      attemptCount: 8,
      allowSoftware: false,
    });
    expect(readBenchOptions(['--software'])).toMatchObject({
      shapes: expect.arrayContaining([{ m: 512, n: 512, k: 512 }]),
    });
    expect(readBenchOptions(['--help'])).toBe('help');
  });

  it.each([
    ['--shapes', '64,64'],
    ['--shapes', '63,64,64'],
    ['--shapes', '1e9,64,64'],
    ['--shapes', ''],
    ['--paths', 'fast'],
    ['--attempts', '0'],
    ['--attempts', '1.5'],
    ['--no-such', 'x'],
  ])('refuses %s %s', (...args) => {
    expect(() => readBenchOptions(args)).toThrow(args[0]);
  });
});
