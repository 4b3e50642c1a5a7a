import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deviceKeyParts } from '@tops/kernel-webgpu';
import { AutotuneCache } from './autotune-cache.ts';
import { DeviceSpeeds } from './device-speeds.ts';

const key = { adapter: 'GPU', driver: '1', dawn: '0.6', kernel: 'v2', gemm: 'ab' };
const gemm = { label: 'dot4', opsPerSecond: 1e12 };
const shapes = [{ n: 1024, k: 1024, rowsPerMs: 50 }];

let dir: string;
let path: string;
let logged: { message: string; fields: unknown }[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'autotune-'));
  path = join(dir, 'autotune.json');
  logged = [];
});
afterEach(() => {
  chmodSync(dir, 0o700);
  rmSync(dir, { recursive: true });
});

const log = (message: string, fields?: unknown): void => void logged.push({ message, fields });
const open = (dataDir = dir) => new AutotuneCache(dataDir, { logger: { info: log, warn: log } });
const messages = () => logged.map(({ message }) => message);

describe('AutotuneCache', () => {
  it('keeps what was found for the next process, for its owner alone', async () => {
    const nested = join(dir, 'data', 'worker');
    const cache = open(nested);
    expect(await cache.load(key)).toBeUndefined();
    await cache.save(key, gemm);
    await cache.saveShapes(key, shapes);
    expect(await open(nested).load(key)).toEqual(gemm);
    expect(await open(nested).loadShapes(key)).toEqual(shapes);
    expect(readdirSync(nested)).toEqual(['autotune.json']);
    expect(statSync(join(nested, 'autotune.json')).mode & 0o777).toBe(0o600);
    expect(logged).toEqual([]);
  });

  it.each(deviceKeyParts)('knows nothing of a device with another %s', async (part) => {
    await open().save(key, gemm);
    await open().saveShapes(key, shapes);
    const other = { ...key, [part]: 'another' };
    expect(await open().load(other)).toBeUndefined();
    expect(await open().loadShapes(other)).toEqual([]);
    await open().save(other, { ...gemm, label: 'plain' });
    expect(await open().load(key)).toEqual(gemm);
    expect(await open().load(other)).toEqual({ ...gemm, label: 'plain' });
  });

  it.each([
    ['empty', ''],
    ['cut short', '{"format": 1, "devices": [{"key"'],
    ['of another format', '{"format": 2, "devices": []}'],
    ['of random bytes', Buffer.from([0xff, 0xfe, 0, 1, 2, 3])],
    ['too long', ' '.repeat(200_000)],
  ])('takes a file that is %s for none, says so, and replaces it', async (_what, content) => {
    writeFileSync(path, content);
    expect(await open().load(key)).toBeUndefined();
    expect(messages()).toEqual(['autotune cache not used']);
    await open().save(key, gemm);
    expect(await open().load(key)).toEqual(gemm);
  });

  it.each([
    { what: 'a directory', make: () => mkdirSync(path) },
    { what: 'a named pipe', make: () => spawnSync('mkfifo', [path]) },
  ])('neither hangs nor fails over $what in its place', async ({ what, make }) => {
    make();
    expect(await open().load(key)).toBeUndefined();
    expect(messages()).toEqual(['autotune cache not used']);
    await open().save(key, gemm);
    // A pipe is replaced, a directory cannot be.
    const isReplaced = what === 'a named pipe';
    expect(await open().load(key)).toEqual(isReplaced ? gemm : undefined);
    expect(messages().includes('autotune result not kept')).toBe(!isReplaced);
    expect(readdirSync(dir)).toEqual(['autotune.json']);
  });

  it('goes on without where the directory cannot be written to', async () => {
    await open().save(key, gemm);
    chmodSync(dir, 0o555);
    await asOrdinaryUser(async () => {
      await open().save(key, { ...gemm, label: 'plain' });
    });
    expect(messages()).toContain('autotune result not kept');
    chmodSync(dir, 0o700);
    expect(await open().load(key)).toEqual(gemm);
    expect(readdirSync(dir)).toEqual(['autotune.json']);
  });

  it('goes on without where there can be no directory', async () => {
    writeFileSync(join(dir, 'file'), '');
    const cache = open(join(dir, 'file', 'data'));
    expect(await cache.load(key)).toBeUndefined();
    await cache.save(key, gemm);
    expect(messages()).toEqual([
      'autotune cache not used',
      'autotune cache not used',
      'autotune result not kept',
    ]);
  });

  it('loses nothing of what is saved at once in one process, and never shows half a file', async () => {
    const cache = open();
    const saves = Array.from({ length: 8 }, (_, i) =>
      cache.saveShapes({ ...key, driver: String(i) }, shapes),
    );
    saves.push(cache.save({ ...key, driver: '3' }, gemm));
    let isDone = false;
    const watch = async () => {
      while (!isDone) await open().load(key);
    };
    const watching = watch();
    await Promise.all(saves);
    isDone = true;
    await watching;
    for (let i = 0; i < 8; i++) {
      expect(await cache.loadShapes({ ...key, driver: String(i) })).toEqual(shapes);
    }
    expect(await cache.load({ ...key, driver: '3' })).toEqual(gemm);
    expect(logged).toEqual([]);
  });

  it('stays small however many devices come by', async () => {
    for (let i = 0; i < 30; i++) await open().save({ ...key, driver: String(i) }, gemm);
    expect(readFileSync(path).length).toBeLessThan(8000);
  });
});

/** Root may write anywhere: as root, as somebody else. */
async function asOrdinaryUser(work: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

describe('DeviceSpeeds', () => {
  const other = { ...key, driver: '2' };

  function speedsOf(keys: { current: typeof key | undefined }) {
    const cache = open();
    return new DeviceSpeeds({ cache, deviceKey: () => keys.current, logger: { info: log } });
  }

  it('keeps speeds by device', async () => {
    const speeds = speedsOf({ current: key });
    expect(await speeds.load()).toEqual([]);
    await speeds.save(shapes);
    expect(await speedsOf({ current: key }).load()).toEqual(shapes);
    expect(await speedsOf({ current: other }).load()).toEqual([]);
    expect(messages()).toEqual(['autotune speeds of an earlier start']);
  });

  it.each([
    { what: 'the CPU computes', before: undefined, after: undefined },
    { what: 'the GPU was given up meanwhile', before: key, after: undefined },
    { what: 'another GPU came meanwhile', before: other, after: key },
  ])('keeps nothing when $what', async ({ before, after }) => {
    const keys = { current: before };
    const speeds = speedsOf(keys);
    await speeds.load();
    keys.current = after;
    await speeds.save(shapes);
    expect(readdirSync(dir)).toEqual([]);
  });
});
