import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { hexBytes, loadSecretFile, type ConfigError } from '@tops/config';
import { bytesToHex, generateSeed, keyPairFromSeed, type KeyPair } from '@tops/crypto';
import type { KeySource } from './config.ts';

export type VerifierKeyResult =
  | {
      readonly ok: true;
      readonly keyPair: KeyPair;
      /** Where a key was made just now, or where the development key was found. */
      readonly developmentKeyPath?: string;
      readonly created: boolean;
      readonly warning?: string;
    }
  | { readonly ok: false; readonly error: ConfigError };

const seedField = hexBytes({
  bytes: 32,
  secret: true,
  required: true,
  describe: "The verifier's Ed25519 seed.",
});

/** The verifier's own key pair: from the environment, from a file, or in development from DATA_DIR, made on first use. */
export function loadVerifierKey(source: KeySource): VerifierKeyResult {
  if (source.kind === 'seed') {
    return { ok: true, keyPair: keyPairFromSeed(source.seed), created: false };
  }
  if (source.kind === 'file') return readKeyFile('VERIFIER_SK_FILE', source.path);
  const path = join(source.dataDir, 'verifier.key');
  const created = !existsSync(path);
  try {
    if (created) writeNewKey(source.dataDir, path);
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    return {
      ok: false,
      error: { variable: 'DATA_DIR', expected: 'a directory that can be written', got },
    };
  }
  const result = readKeyFile('DATA_DIR', path);
  return result.ok ? { ...result, developmentKeyPath: path, created } : result;
}

function readKeyFile(variable: string, path: string): VerifierKeyResult {
  const result = loadSecretFile({ variable, path, field: seedField });
  if (!result.ok) return result;
  return {
    ok: true,
    keyPair: keyPairFromSeed(result.value),
    created: false,
    ...(result.warning === undefined ? {} : { warning: result.warning }),
  };
}

function writeNewKey(dataDir: string, path: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // wx: never overwrites a key that another process made in the meantime.
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, `${bytesToHex(generateSeed())}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
