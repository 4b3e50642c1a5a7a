import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSecretFile, type ConfigError } from '@tops/config';
import { bytesToHex, generateSeed, keyPairFromSeed, type KeyPair } from '@tops/crypto';
import { seedField } from './config-schema.ts';

export type DevelopmentKeyResult =
  | {
      readonly ok: true;
      readonly keyPair: KeyPair;
      readonly path: string;
      readonly isNew: boolean;
      readonly warning: string | undefined;
    }
  | { readonly ok: false; readonly error: ConfigError };

/**
 * The development key of DATA_DIR/worker.key, made with mode 0600 where there is none.
 *
 * The file appears complete and at once (written aside, then linked), so that two processes that start together end up
 * with the same key: the second link fails, and both read the first one's file.
 */
export async function loadDevelopmentKey(dataDir: string): Promise<DevelopmentKeyResult> {
  const path = join(dataDir, 'worker.key');
  let isNew: boolean;
  try {
    isNew = !existsSync(path) && (await createKeyFile({ dataDir, path }));
  } catch (error) {
    return {
      ok: false,
      error: {
        variable: 'DATA_DIR',
        expected: 'a directory that the development key can be written to',
        got: error instanceof Error ? error.message : String(error),
        hint: 'or set WORKER_SK_HEX or WORKER_SK_FILE',
      },
    };
  }
  const file = loadSecretFile({ variable: 'DATA_DIR', path, field: seedField });
  if (!file.ok) return file;
  return { ok: true, keyPair: keyPairFromSeed(file.value), path, isNew, warning: file.warning };
}

/** @returns whether this call made the file; false when it was there. */
async function createKeyFile(places: { dataDir: string; path: string }): Promise<boolean> {
  const aside = join(places.dataDir, `.worker.key.${randomUUID()}`);
  const content = `${bytesToHex(generateSeed())}\n`;
  await mkdir(places.dataDir, { recursive: true, mode: 0o700 });
  try {
    await writeFile(aside, content, { mode: 0o600, flag: 'wx' });
    await link(aside, places.path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS') {
      // No hard links here (some network and FAT file systems): exclusive creation still keeps a key from being replaced.
      return await createExclusively(places.path, content);
    }
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function createExclusively(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
