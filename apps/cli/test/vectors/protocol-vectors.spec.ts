import { describe, expect, it } from '@jest/globals';
import { bytesToBase64, hexToBytes } from '@tops/crypto';
import { protocolVectors } from '@tops/testing';
import { runInMemory } from '../run-in-memory.ts';

// The protocol's own vectors (docs/protocol.md; libs/testing/vectors/protocol-vectors.json).
const cases = protocolVectors.flatMap((vector) =>
  (['reference', 'cpu'] as const).map((backend) => ({ name: vector.name, backend, vector })),
);

describe('tops attempt', () => {
  it.each(cases)('reaches $name with the $backend backend', async ({ vector, backend }) => {
    const { m, n, k } = vector.sizes;
    const args = [
      'attempt',
      ...['--prev-hash', vector.prev_hash_hex],
      ...['--public-key', vector.public_key_hex],
      ...['--nonce', String(vector.nonce)],
      ...['--sizes', `${m},${n},${k}`],
      ...['--rows', vector.rows.join(',')],
      ...['--backend', backend],
    ];
    const leaves = bytesToBase64(hexToBytes(vector.leaves_hex));
    const siblings = bytesToBase64(hexToBytes(vector.siblings_hex));
    const json = await runInMemory([...args, '--json']);
    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({
      sizes: vector.sizes,
      attempt_key_hex: vector.attempt_key_hex,
      work_root_hex: vector.work_root_hex,
      rows: vector.rows,
      leaves,
      siblings,
      ops: String(2 * m * n * (k + n)),
      seconds: expect.any(Number),
      gops: expect.any(Number),
    });
    const text = await runInMemory(args);
    const lines = text.stdout.split('\n');
    expect(lines).toContain(`work_root_hex ${vector.work_root_hex}`);
    expect(lines).toContain(`leaves ${leaves}`);
    expect(lines).toContain(`siblings ${siblings}`);
  });
});
