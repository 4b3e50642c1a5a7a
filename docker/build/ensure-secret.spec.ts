import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';

const root = mkdtempSync(join(tmpdir(), 'tops-secret-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});

let runCount = 0;
let dir = '';
let path = '';
beforeEach(() => {
  dir = join(root, String(runCount++));
  mkdirSync(dir, { mode: 0o700 });
  path = join(dir, 'secret');
});

function ensure(...args: string[]) {
  const program = ['docker/build/ensure-secret.mjs', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8' });
  return { status, stdout, stderr };
}
const modeOf = (file: string) => statSync(file).mode & 0o777;
const groupId = String(process.getgid?.());

describe('ensure-secret', () => {
  it('makes 32 random bytes in hex for their owner alone, and says none of them', () => {
    const { status, stdout, stderr } = ensure(path);
    const secret = readFileSync(path, 'utf8');
    expect(status).toBe(0);
    expect(secret).toMatch(/^[0-9a-f]{64}\n$/);
    expect(modeOf(path)).toBe(0o600);
    expect(modeOf(dir)).toBe(0o700);
    expect(stdout + stderr).not.toContain(secret.trim());
    expect(readdirSync(dir)).toEqual(['secret']);
  });

  it('makes another one each time, and keeps what is there', () => {
    ensure(path);
    const first = readFileSync(path, 'utf8');
    expect(ensure(path)).toMatchObject({ status: 0, stdout: `${path} exists and is kept\n` });
    expect(readFileSync(path, 'utf8')).toBe(first);
    ensure(join(dir, 'other'));
    expect(readFileSync(join(dir, 'other'), 'utf8')).not.toBe(first);
  });

  it('lets a group read it when told to', () => {
    expect(ensure(path, '--group', groupId).status).toBe(0);
    expect(modeOf(path)).toBe(0o640);
    expect(modeOf(dir)).toBe(0o750);
    expect(String(statSync(path).gid)).toBe(groupId);
  });

  it('writes the address that the secret opens, for its owner alone and anew each time', () => {
    const url = 'postgres://tops@postgres:5432/tops?sslmode=disable';
    const urlFile = join(dir, 'url');
    const args = [path, '--group', groupId, '--url', url, '--url-file', urlFile];
    expect(ensure(...args).status).toBe(0);
    const secret = readFileSync(path, 'utf8').trim();
    const expected = `postgres://tops:${secret}@postgres:5432/tops?sslmode=disable\n`;
    expect(readFileSync(urlFile, 'utf8')).toBe(expected);
    expect(modeOf(urlFile)).toBe(0o600);
    writeFileSync(urlFile, 'postgres://tops:stale@postgres/tops');
    expect(ensure(...args).status).toBe(0);
    expect(readFileSync(urlFile, 'utf8')).toBe(expected);
    expect(readdirSync(dir).sort()).toEqual(['secret', 'url']);
  });

  it.each([
    [[], 'expected one FILE, got 0'],
    [['a', 'b'], 'expected one FILE, got 2'],
    [['a', '--url', 'postgres://tops@postgres/tops'], 'expected --url and --url-file together'],
    [['a', '--url-file', 'b'], 'expected --url and --url-file together'],
    [['a', '--group', 'postgres'], 'expected --group with a number, got postgres'],
    [['a', '--unknown'], "Unknown option '--unknown'"],
  ])('gives 2 for the arguments %p', (args, message) => {
    const inDir = args.map((arg) => (arg.length === 1 ? join(dir, arg) : arg));
    const { status, stderr } = ensure(...inDir);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(message) });
    expect(readdirSync(dir)).toEqual([]);
  });

  it('fails, and leaves nothing, where it cannot write', () => {
    const absent = join(dir, 'absent', 'secret');
    expect(ensure(absent).status).toBe(1);
    expect(existsSync(absent)).toBe(false);
  });
});
