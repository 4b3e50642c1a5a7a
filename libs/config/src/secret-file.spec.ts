import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { hexBytes, loadSecretFile } from './index.ts';

const directory = mkdtempSync(join(tmpdir(), 'secret-file-'));
afterAll(() => rmSync(directory, { recursive: true }));

const field = hexBytes({ bytes: 32, secret: true, describe: 'Seed.' });
const seedHex = '5e'.repeat(32);
function load(content: string, mode = 0o600) {
  const path = join(directory, 'key');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return loadSecretFile({ variable: 'WORKER_SK_FILE', path, field });
}

describe('loadSecretFile', () => {
  it('reads a key with its trailing newline and has nothing to say about mode 0600', () => {
    expect(load(`${seedHex}\n`)).toEqual({
      ok: true,
      value: new Uint8Array(32).fill(0x5e),
      warning: undefined,
    });
  });

  it('warns when others may read it', () => {
    expect(load(seedHex, 0o644)).toMatchObject({
      ok: true,
      warning: expect.stringContaining('644'),
    });
  });

  it.each([
    ['another content', `${seedHex}ab`, '66 characters (redacted)'],
    ['nothing', '', '0 characters (redacted)'],
    ['a file too long', seedHex.repeat(1000), 'a longer one'],
  ])('refuses %s without showing it', (_name, content, got) => {
    const result = load(content);
    expect(result).toMatchObject({ ok: false, error: { variable: 'WORKER_SK_FILE', got } });
    expect(JSON.stringify(result)).not.toContain('5e5e');
  });

  it('refuses what is not there, not a file, or would never answer', () => {
    const fifo = join(directory, 'fifo');
    expect(spawnSync('mkfifo', [fifo]).status).toBe(0);
    for (const path of [join(directory, 'none'), directory, fifo])
      expect(loadSecretFile({ variable: 'WORKER_SK_FILE', path, field })).toMatchObject({
        ok: false,
        error: { expected: 'a readable file' },
      });
  });
});
