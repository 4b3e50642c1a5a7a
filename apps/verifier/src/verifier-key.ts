import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { hexBytes, loadSecretFile, type ConfigError } from '@tops/config';
import { bytesToHex, generateSeed, keyPairFromSeed, type KeyPair } from '@tops/crypto';

/** Where the verifier's key comes from; `seed` is secret. */
export type KeySource =
  | { readonly kind: 'seed'; readonly seed: Uint8Array; readonly warning?: string }
  | { readonly kind: 'development'; readonly dataDir: string };

export type KeyFileResult =
  | { readonly ok: true; readonly source: Extract<KeySource, { readonly kind: 'seed' }> }
  | { readonly ok: false; readonly error: ConfigError };

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

/** The verifier's own key pair: the configured one, or in development that of DATA_DIR, made on first use. */
export function loadVerifierKey(source: KeySource): VerifierKeyResult {
  if (source.kind === 'seed') return keyOf(source);
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
  const file = readKeyFile('DATA_DIR', path);
  return file.ok ? { ...keyOf(file.source), developmentKeyPath: path, created } : file;
}

/**
 * Reads a seed from a file.
 *
 * @param variable - what named the file, for the error.
 */
export function readKeyFile(variable: string, path: string): KeyFileResult {
  const result = loadSecretFile({ variable, path, field: seedField });
  if (!result.ok) return result;
  const { value: seed, warning } = result;
  const source = { kind: 'seed', seed, ...(warning === undefined ? {} : { warning }) } as const;
  return { ok: true, source };
}

function keyOf({ seed, warning }: Extract<KeySource, { readonly kind: 'seed' }>) {
  const found = { ok: true, keyPair: keyPairFromSeed(seed), created: false } as const;
  return warning === undefined ? found : { ...found, warning };
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
