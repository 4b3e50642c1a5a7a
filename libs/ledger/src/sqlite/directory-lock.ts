import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LedgerError } from '../ledger-error.ts';
import { Connection } from './connection.ts';

const RETRY_MS = 50;

/**
 * One ledger, one process: two verifiers drawing challenges over one directory would each think the other's beacon its own.
 * The lock is a second, empty database with an exclusive transaction held open: the operating system drops it with
 * the process, SIGKILL included, and the ledger file itself stays readable for backups.
 *
 * @param options - `waitMs`: how long to wait for a predecessor that is shutting down.
 * @returns the held lock; closing it releases the directory.
 * @throws LedgerError `locked` when another process keeps holding it.
 */
export async function lockDirectory(options: {
  readonly dataDir: string;
  readonly waitMs: number;
}): Promise<Connection> {
  const path = join(options.dataDir, 'ledger.lock');
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    const lock = new Connection(path, { busyTimeoutMs: 0 });
    try {
      lock.execute('BEGIN EXCLUSIVE');
      return lock;
    } catch (error) {
      lock.close();
      if (!(error instanceof LedgerError) || error.code !== 'locked') throw error;
      if (waitedMs >= options.waitMs) {
        throw new LedgerError(
          'locked',
          `${options.dataDir} is in use by another process: one ledger directory serves one verifier`,
          { cause: error },
        );
      }
    }
    await sleep(RETRY_MS);
  }
}
