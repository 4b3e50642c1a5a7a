import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tops-adopt-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function write(name: string, ageSeconds = 0) {
  const path = join(directory, name);
  writeFileSync(path, `was ${name}`);
  const time = 1_700_000_000 - ageSeconds;
  utimesSync(path, time, time);
}

function adopt(...args: string[]) {
  const program = ['tools/src/adopt-nx-cache.mjs', '--directory', directory, ...args];
  const { status, stdout } = spawnSync(process.execPath, program, { encoding: 'utf8' });
  return { status, stdout, names: readdirSync(directory).sort() };
}

describe('adopt-nx-cache', () => {
  it('gives the database of another machine, with its log, the name of this one', () => {
    for (const name of ['aaa-v3.db', 'aaa-v3.db-wal', 'file-map.json']) write(name);
    const { status, names } = adopt('--id', 'bbb');
    expect({ status, names }).toEqual({
      status: 0,
      names: ['bbb-v3.db', 'bbb-v3.db-wal', 'file-map.json'],
    });
    expect(readFileSync(join(directory, 'bbb-v3.db'), 'utf8')).toBe('was aaa-v3.db');
  });

  it('takes the newest, and never one’s log to another’s database', () => {
    write('old-v3.db', 20);
    write('bbb-v3.db', 10);
    write('bbb-v3.db-wal', 10);
    write('new-v3.db');
    expect(adopt('--id', 'bbb').names).toEqual(['bbb-v3.db']);
    expect(readFileSync(join(directory, 'bbb-v3.db'), 'utf8')).toBe('was new-v3.db');
  });

  it('leaves its own as it is', () => {
    write('bbb-v3.db');
    write('bbb-v3.db-wal');
    expect(adopt('--id', 'bbb').names).toEqual(['bbb-v3.db', 'bbb-v3.db-wal']);
  });

  it('does nothing where there is none, by the id that Nx finds', () => {
    expect(adopt()).toMatchObject({ status: 0, stdout: 'no cache of Nx to adopt\n', names: [] });
    write('aaa-v3.db');
    const { names } = adopt();
    expect(names).toHaveLength(1);
    expect(names).not.toContain('aaa-v3.db');
  });
});
