import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { runInMemory } from '../test/run-in-memory.ts';

const attempt = [
  'attempt',
  ...['--prev-hash', '00'.repeat(32)],
  ...['--public-key', '11'.repeat(32)],
  ...['--backend', 'reference', '--json'],
];
const small = ['--nonce', '0', '--sizes', '64,64,64'];

const commands = [
  ...['keygen', 'attempt', 'verify', 'status', 'export', 'audit', 'bench', 'doctor'],
];

describe('help', () => {
  it.each(commands)('tops %s --help explains itself with an example', async (command) => {
    const result = await runInMemory([command, '--help']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain(`Usage: tops ${command}`);
    expect(result.stdout).toContain(`$ `);
    expect(result.stdout).toMatch(/Examples:/);
  });

  it('tops --help lists every command; tops alone shows the same on standard error', async () => {
    const help = await runInMemory(['--help']);
    expect(help.code).toBe(0);
    for (const command of commands) expect(help.stdout).toContain(`  ${command}`);
    const bare = await runInMemory([]);
    expect(bare).toMatchObject({ code: 2, stdout: '' });
    expect(bare.stderr).toContain('Usage: tops');
  });
});

describe('version', () => {
  it('tops --version prints the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await runInMemory(['--version'])).toEqual({
      code: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
  });
});

describe('unusable arguments', () => {
  it.each([
    ['an unknown command', ['frobnicate']],
    ['an unknown option', ['keygen', '--force']],
    ['an argument too many', ['keygen', 'extra']],
    ['a missing required option', [...attempt, '--nonce', '0']],
    ['a shape outside the rules', [...attempt, '--nonce', '0', '--sizes', '65,64,64']],
    ['two sizes', [...attempt, '--nonce', '0', '--sizes', '64,64']],
    ['four sizes', [...attempt, '--nonce', '0', '--sizes', '64,64,64,64']],
    ['a nonce beyond 2^53-1', [...attempt, '--nonce', '9007199254740992', '--sizes', '64,64,64']],
    ['a nonce in another spelling', [...attempt, '--nonce', '0x10', '--sizes', '64,64,64']],
    ['an upper-case hash', [...attempt, ...small, '--prev-hash', 'AA'.repeat(32)]],
    ['a short hash', [...attempt, ...small, '--prev-hash', 'aa']],
    ['rows out of order', [...attempt, ...small, '--rows', '5,3']],
    ['a row twice', [...attempt, ...small, '--rows', '5,5']],
    ['a row beyond m', [...attempt, ...small, '--rows', '64']],
    ['rows that are no numbers', [...attempt, ...small, '--rows', '1,,2']],
    ['an unknown backend', [...attempt, ...small, '--backend', 'tpu']],
    ['a url with a password', ['status', '--url', 'http://user:hunter2@localhost']],
    ['no bundle', ['verify']],
    ['no archive', ['audit']],
    ['an archive that is not there', ['audit', 'nowhere.jsonl']],
    ['anchors that are not there', ['audit', '-', '--anchors', 'nowhere.jsonl']],
    ['a short verifier key', ['audit', '-', '--verifier-key', 'ab']],
    ['no epochs', ['export']],
    ['a range of one number', ['export', '--epochs', '5']],
    ['a range that goes back', ['export', '--epochs', '5..4']],
  ])('%s exits 2 and says why on standard error only', async (_name, args) => {
    const result = await runInMemory(args);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).not.toBe('');
    expect(result.stderr).not.toContain('hunter2');
  });

  it('the same attempt with usable arguments works, with and without rows', async () => {
    const bare = await runInMemory([...attempt, ...small]);
    expect(bare.code).toBe(0);
    expect(JSON.parse(bare.stdout)).not.toHaveProperty('leaves');
    const opened = await runInMemory([...attempt, ...small, '--rows', '3,5']);
    expect(JSON.parse(opened.stdout)).toHaveProperty('leaves');
  });

  it('the webgpu backend is refused by the name of what is missing', async () => {
    const env = { WEBGPU_ADAPTER: 'no such GPU' };
    const result = await runInMemory([...attempt, ...small, '--backend', 'webgpu'], { env });
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain('no such GPU');
    const wrong = await runInMemory([...attempt, ...small, '--backend', 'webgpu'], {
      env: { TN: '17', ALLOW_SOFTWARE_GPU: 'perhaps' },
    });
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain('TN: expected');
    expect(wrong.stderr).toContain('ALLOW_SOFTWARE_GPU: expected');
  });
});
