import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bytesToBase64, hexToBytes } from '@tops/crypto';
import { protocolVectors } from '@tops/testing';
import { ManualWorker } from '../src/manual-worker.ts';
import { runCli, softwareGpuEnv } from '../src/run-cli.ts';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tops-cli-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

describe('tops attempt', () => {
  const casesOf = (backends: readonly string[]) =>
    protocolVectors.flatMap((vector) =>
      backends.map((backend) => ({ vector, backend, name: `${vector.name} on ${backend}` })),
    );

  const expectPublished = async (
    { vector, backend }: ReturnType<typeof casesOf>[number],
    env?: Readonly<Record<string, string>>,
  ) => {
    const { m, n, k } = vector.sizes;
    const args = [
      'attempt',
      `--prev-hash=${vector.prev_hash_hex}`,
      `--public-key=${vector.public_key_hex}`,
      `--nonce=${vector.nonce}`,
      `--sizes=${m},${n},${k}`,
      `--rows=${vector.rows.join(',')}`,
      `--backend=${backend}`,
      '--json',
    ];
    const result = await runCli(args, undefined, env);
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(result.stdout) as Readonly<Record<string, unknown>>;
    expect(report).toMatchObject({
      work_root_hex: vector.work_root_hex,
      leaves: bytesToBase64(hexToBytes(vector.leaves_hex)),
      siblings: bytesToBase64(hexToBytes(vector.siblings_hex)),
    });
    return report;
  };

  it.each(casesOf(['reference', 'cpu']))(
    'reaches the published root, leaves and siblings: $name',
    async (each) => {
      await expectPublished(each);
    },
  );

  // SwiftShader comes from npm for x86-64 Linux; elsewhere these are skipped, which CI counts as a failure.
  const hasGpu = process.platform === 'linux' && process.arch === 'x64';
  (hasGpu || process.env['REQUIRE_WEBGPU'] === '1' ? it : it.skip).each(casesOf(['webgpu']))(
    'reaches the published root, leaves and siblings: $name',
    async (each) => {
      const report = await expectPublished(each, softwareGpuEnv);
      expect(report['driver_hint']).toMatch(/^webgpu:/);
    },
  );

  it('names what is wrong with an impossible shape, and exits with 2', async () => {
    const result = await runCli([
      'attempt',
      `--prev-hash=${'0'.repeat(64)}`,
      `--public-key=${'1'.repeat(64)}`,
      '--nonce=0',
      '--sizes=63,64,64',
    ]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('63');
  });
});

describe('tops verify', () => {
  const rows = [1, 30, 63];

  async function writeBundle(options: {
    name: string;
    skippedRows?: number[];
    flipLeaf?: boolean;
  }) {
    const epoch = { epoch_id: 5, prev_hash_hex: 'ab'.repeat(32) } as never;
    const worker = new ManualWorker({ m: 64, n: 64, k: 64 });
    const attempt = await worker.attempt(epoch, new Set(options.skippedRows ?? []));
    const proof = attempt.prove({ receipt_id: '', rows, deadline_at: 0, challenge_sig_hex: '' });
    const leaves = Buffer.from(proof.leaves, 'base64');
    if (options.flipLeaf) leaves.writeUInt8(leaves.readUInt8(40) ^ 1, 40);
    const path = join(dir, options.name);
    await writeFile(
      path,
      JSON.stringify({
        receipt: attempt.receipt,
        rows,
        ...proof,
        leaves: leaves.toString('base64'),
      }),
    );
    return path;
  }

  it('accepts an honest bundle with exit code 0', async () => {
    const result = await runCli(['verify', await writeBundle({ name: 'honest.json' })]);
    expect(result).toMatchObject({ code: 0 });
  });

  it('rejects a row that was never computed with exit code 1, naming it', async () => {
    const result = await runCli([
      'verify',
      await writeBundle({ name: 'skipped.json', skippedRows: [30] }),
    ]);
    expect(result.code).toBe(1);
    expect(result.stdout + result.stderr).toContain('30');
  });

  it('rejects one flipped bit with exit code 1', async () => {
    const result = await runCli([
      'verify',
      await writeBundle({ name: 'flipped.json', flipLeaf: true }),
    ]);
    expect(result.code).toBe(1);
  });

  it('calls a file that is no bundle unusable with exit code 2', async () => {
    const path = join(dir, 'noise.json');
    await writeFile(path, '{"receipt":1,"receipt":2}');
    expect((await runCli(['verify', path])).code).toBe(2);
    expect((await runCli(['verify', join(dir, 'absent.json')])).code).toBe(2);
  });
});

describe('tops keygen', () => {
  it('writes a seed only its owner can read, and never over an existing file', async () => {
    const path = join(dir, 'key.hex');
    const first = await runCli(['keygen', '--out', path]);
    expect(first.code).toBe(0);
    const seedHex = (await readFile(path, 'utf8')).trim();
    expect(seedHex).toMatch(/^[0-9a-f]{64}$/);
    expect(first.stdout + first.stderr).not.toContain(seedHex);
    expect((await stat(path)).mode & 0o777).toBe(0o600);

    expect((await runCli(['keygen', '--out', path])).code).not.toBe(0);
    expect((await readFile(path, 'utf8')).trim()).toBe(seedHex);
  });
});

describe('every command', () => {
  it.each(['keygen', 'attempt', 'verify', 'status', 'bench', 'doctor'])(
    '%s has --help',
    async (command) => {
      const result = await runCli([command, '--help']);
      expect(result.code).toBe(0);
      expect(result.stdout).toContain(`tops ${command}`);
    },
  );

  it('an unknown option is exit code 2', async () => {
    expect((await runCli(['status', '--nonsense'])).code).toBe(2);
  });
});
