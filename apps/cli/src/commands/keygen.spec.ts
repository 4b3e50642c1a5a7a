import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { bytesToHex, hexToBytes, keyPairFromSeed, publicKeyToDid } from '@tops/crypto';
import { runInMemory } from '../../test/run-in-memory.ts';

const directory = mkdtempSync(join(tmpdir(), 'tops-keygen-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** What the public half must say about a seed. */
function publicParts(seedHex: string): string {
  const { publicKey } = keyPairFromSeed(hexToBytes(seedHex));
  return `public_key_hex ${bytesToHex(publicKey)}\ndid            ${publicKeyToDid(publicKey)}\n`;
}

describe('tops keygen', () => {
  it('prints the seed alone on standard output and the public parts beside it', async () => {
    const first = await runInMemory(['keygen']);
    const second = await runInMemory(['keygen']);
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(first.stderr).toBe(publicParts(first.stdout.trim()));
    expect(second.stdout).not.toBe(first.stdout);
  });

  it('writes a new file of mode 0600 at the place the caller means and shows no secret', async () => {
    const result = await runInMemory(['keygen', '--out', 'worker.key'], { cwd: directory });
    const path = join(directory, 'worker.key');
    const seedHex = readFileSync(path, 'utf8').trim();
    expect(result.code).toBe(0);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(result.stdout).toBe(publicParts(seedHex));
    expect(result.stdout + result.stderr).not.toContain(seedHex);
  });

  it('never overwrites, and says so when a place cannot be written', async () => {
    const path = join(directory, 'kept.key');
    expect((await runInMemory(['keygen', '--out', path])).code).toBe(0);
    const before = readFileSync(path, 'utf8');
    const again = await runInMemory(['keygen', '--out', path]);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toContain('exists already');
    expect(readFileSync(path, 'utf8')).toBe(before);
    const nowhere = await runInMemory(['keygen', '--out', join(directory, 'none', 'x')]);
    expect(nowhere).toMatchObject({ code: 1, stdout: '' });
  });
});
