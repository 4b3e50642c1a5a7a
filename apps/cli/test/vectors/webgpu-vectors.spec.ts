/** @jest-environment ../../libs/kernel-webgpu/test/webgpu-environment.mjs */
import { describe, expect, it } from '@jest/globals';
import { bytesToBase64, hexToBytes } from '@tops/crypto';
import { listAdapters } from '@tops/kernel-webgpu';
import { protocolVectors } from '@tops/testing';
import { runInMemory } from '../run-in-memory.ts';

const adapters = await listAdapters().catch(() => []);
const canRun = adapters.length > 0 || process.env['REQUIRE_WEBGPU'] === '1';

// The protocol's own vectors (docs/protocol.md; libs/testing/vectors/protocol-vectors.json), on whatever adapter there is.
(canRun ? describe : describe.skip)('tops on a GPU', () => {
  const env = { ALLOW_SOFTWARE_GPU: '1' };

  it.each(protocolVectors)('attempt --backend webgpu reaches $name', async (vector) => {
    const { m, n, k } = vector.sizes;
    const args = [
      ...['attempt', '--json', '--backend', 'webgpu'],
      ...['--prev-hash', vector.prev_hash_hex],
      ...['--public-key', vector.public_key_hex],
      ...['--nonce', String(vector.nonce)],
      ...['--sizes', `${m},${n},${k}`],
      ...['--rows', vector.rows.join(',')],
    ];
    const result = await runInMemory(args, { env });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(result.stdout)).toMatchObject({
      driver_hint: expect.stringMatching(/^webgpu:/),
      work_root_hex: vector.work_root_hex,
      leaves: bytesToBase64(hexToBytes(vector.leaves_hex)),
      siblings: bytesToBase64(hexToBytes(vector.siblings_hex)),
      device_seconds: expect.any(Number),
      device_clock: expect.stringMatching(/^(device|wall)$/),
    });
  });

  it('attempt refuses a software adapter that was not allowed', async () => {
    const zero = '00'.repeat(32);
    const args = [
      ...['attempt', '--backend', 'webgpu', '--prev-hash', zero, '--public-key', zero],
      ...['--nonce', '0', '--sizes', '64,64,64'],
    ];
    const isSoftware = adapters[0]?.isSoftware === true;
    const result = await runInMemory(args);
    expect(result.code).toBe(isSoftware ? 2 : 0);
    expect(result.stderr.includes('ALLOW_SOFTWARE_GPU')).toBe(isSoftware);
  });

  it('doctor lists adapters and the paths of the trial', async () => {
    const result = await runInMemory(['doctor', '--json', '--url', 'http://127.0.0.1:9'], { env });
    const { findings } = JSON.parse(result.stdout) as {
      findings: { check: string; state: string; detail: string }[];
    };
    const details = (check: string): string[] =>
      findings.filter((finding) => finding.check === check).map(({ detail }) => detail);
    expect(details('gpu')[0]).toContain(adapters[0]?.name);
    expect(details('gpu')[0]).toContain('subgroup matrices:');
    expect(details('gpu kernel')).toEqual([expect.stringMatching(/^webgpu:/)]);
    expect(details('gpu clock')).toEqual([expect.stringContaining('timestamp queries')]);
    expect(details('gpu gemm')).toContainEqual(expect.stringMatching(/^plain: [\d.]+ GOP\/s$/));
  });
});
