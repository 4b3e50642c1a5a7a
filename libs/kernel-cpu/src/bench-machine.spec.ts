import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeBenchMachine } from './bench-machine.ts';

const dir = mkdtempSync(join(tmpdir(), 'bench-machine-'));
const checkout = join(dir, 'checkout');
const git = (...args: string[]): string => {
  const identity = ['-c', 'user.name=x', '-c', 'user.email=x@example.org'];
  const { status, stdout } = spawnSync('git', [...identity, ...args], { encoding: 'utf8' });
  expect(status).toBe(0);
  return stdout.trim();
};

beforeAll(() => {
  git('init', '--quiet', checkout);
  writeFileSync(join(checkout, 'file'), 'a');
  git('-C', checkout, 'add', '.');
  git('-C', checkout, 'commit', '--quiet', '--message', 'first');
});
afterAll(() => rmSync(dir, { recursive: true }));

describe('describeBenchMachine', () => {
  it('names machine, Node.js and commit', () => {
    expect(describeBenchMachine(checkout)).toEqual({
      cpu: expect.stringMatching(/./),
      cores: expect.any(Number),
      node: process.version,
      commit: git('-C', checkout, 'rev-parse', '--short=12', 'HEAD'),
    });
  });

  it('says when the checkout has changes, and leaves the commit out where there is none', () => {
    writeFileSync(join(checkout, 'file'), 'b');
    expect(describeBenchMachine(checkout).commit).toMatch(/^[0-9a-f]{12}-dirty$/);
    expect(describeBenchMachine(dir)).not.toHaveProperty('commit');
  });
});
