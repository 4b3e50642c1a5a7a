import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DiskFault, hasDiskFaults, withDiskFault } from './disk-fault.ts';

describe('hasDiskFaults', () => {
  it('lets specs skip where it is not permitted, but not where it is required', () => {
    const refused = () => 'unshare failed: Operation not permitted';
    expect(hasDiskFaults(refused, {})).toBe(false);
    expect(() => hasDiskFaults(refused, { REQUIRE_DISK_FAULTS: '1' })).toThrow(/not permitted/);
    expect(hasDiskFaults(() => undefined, { REQUIRE_DISK_FAULTS: '1' })).toBe(true);
  });
});

(hasDiskFaults() ? describe : describe.skip)('withDiskFault', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'tops-fault-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const write = (fault: DiskFault, bytes: number) => {
    const [file = '', ...args] = withDiskFault(fault);
    const script = `head -c ${bytes} /dev/zero > "${dir}/x" && id -u`;
    return spawnSync(file, [...args, 'sh', '-c', script], { encoding: 'utf8' });
  };

  it('gives a process a disk that is full soon, and nobody else', () => {
    const fault = { kind: 'small', dir, sizeKiB: 64 } as const;
    expect(write(fault, 60_000)).toMatchObject({ status: 0, stdout: '1000\n' });
    expect(write(fault, 70_000).stderr).toMatch(/No space left/);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('gives a process a directory that it may not write to', () => {
    expect(write({ kind: 'read-only', dir }, 1).stderr).toMatch(/Read-only file system/);
    expect(readdirSync(dir)).toEqual([]);
  });
});
