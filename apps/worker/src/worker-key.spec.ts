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
import { bytesToHex } from '@tops/crypto';
import { loadDevelopmentKey } from './worker-key.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'worker-key-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

async function load(dataDir: string) {
  const result = await loadDevelopmentKey(dataDir);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return { ...result, publicKeyHex: bytesToHex(result.keyPair.publicKey) };
}

describe('loadDevelopmentKey', () => {
  it('makes a key that only its owner may read, and keeps it', async () => {
    const dataDir = join(dir, 'data', 'worker');
    const made = await load(dataDir);
    expect(made).toMatchObject({ isNew: true, warning: undefined });
    expect(statSync(made.path).mode & 0o777).toBe(0o600);
    const again = await load(dataDir);
    expect(again).toMatchObject({ isNew: false, publicKeyHex: made.publicKeyHex });
    expect(readdirSync(dataDir)).toEqual(['worker.key']);
  });

  it('gives every process that starts at once the same key', async () => {
    const results = await Promise.all(Array.from({ length: 16 }, () => load(join(dir, 'shared'))));
    expect(new Set(results.map(({ publicKeyHex }) => publicKeyHex)).size).toBe(1);
    expect(results.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(readdirSync(join(dir, 'shared'))).toEqual(['worker.key']);
  });

  it('never replaces a key file, even one it cannot use', async () => {
    writeFileSync(join(dir, 'worker.key'), 'not a key', { mode: 0o600 });
    expect(await loadDevelopmentKey(dir)).toMatchObject({
      ok: false,
      error: { variable: 'DATA_DIR', got: expect.stringContaining('redacted') },
    });
    expect(readFileSync(join(dir, 'worker.key'), 'utf8')).toBe('not a key');
  });

  it('says what is wrong with a place it cannot write to', async () => {
    writeFileSync(join(dir, 'file'), '');
    expect(await loadDevelopmentKey(join(dir, 'file', 'worker'))).toMatchObject({
      ok: false,
      error: { variable: 'DATA_DIR' },
    });
  });

  it('warns of a key that others may read', async () => {
    mkdirSync(join(dir, 'd'));
    const { path } = await load(join(dir, 'd'));
    chmodSync(path, 0o640);
    expect((await load(join(dir, 'd'))).warning).toContain('chmod 600');
  });
});
