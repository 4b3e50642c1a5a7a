import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '@tops/crypto';
import { loadVerifierKey, readKeyFile } from './verifier-key.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tops-key-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

const load = (source: Parameters<typeof loadVerifierKey>[0]) => {
  const result = loadVerifierKey(source);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result;
};

const loadFile = (path: string) => {
  const file = readKeyFile('VERIFIER_SK_FILE', path);
  if (!file.ok) throw new Error(JSON.stringify(file.error));
  return load(file.source);
};

describe('loadVerifierKey', () => {
  it('makes a development key once, readable by its owner only', () => {
    const source = { kind: 'development', dataDir: join(dir, 'data') } as const;
    const first = load(source);
    const path = join(dir, 'data', 'verifier.key');
    expect(first).toMatchObject({ created: true, developmentKeyPath: path });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const second = load(source);
    expect(second.created).toBe(false);
    expect(bytesToHex(second.keyPair.publicKey)).toBe(bytesToHex(first.keyPair.publicKey));
  });

  it('reads a file, and warns when others can too', () => {
    const path = join(dir, 'key');
    // RFC 8032 §7.1, test 1: seed and public key.
    writeFileSync(path, '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n', {
      mode: 0o600,
    });
    const result = loadFile(path);
    expect(bytesToHex(result.keyPair.publicKey)).toBe(
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    );
    expect(result.warning).toBeUndefined();
    chmodSync(path, 0o644);
    expect(loadFile(path).warning).toContain('chmod 600');
  });

  it('says what is wrong with a file, but not what is in it', () => {
    const path = join(dir, 'key');
    const content = '9d61b19deffd5a60ba844af492ec2cc4';
    writeFileSync(path, content);
    for (const source of [path, join(dir, 'absent')]) {
      const result = readKeyFile('VERIFIER_SK_FILE', source);
      expect(result.ok).toBe(false);
      expect(JSON.stringify(result)).toContain('VERIFIER_SK_FILE');
      expect(JSON.stringify(result)).not.toContain(content);
    }
  });
});
