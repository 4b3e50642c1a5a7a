import { LedgerError } from '../ledger-error.ts';
import type { Connection } from './connection.ts';
import { toLedgerError } from './sqlite-error.ts';

interface Member {
  /** Runs inside the transaction; returns what settles the caller's promise once the commit is on disk. */
  readonly run: () => () => void;
  readonly reject: (error: LedgerError) => void;
}

/**
 * Shares one fsync among all writes of an event-loop turn: they run in one transaction, each under its own savepoint, so a
 * failing one rolls back alone. No promise resolves before the COMMIT returned.
 */
export class GroupCommit {
  readonly #options: { readonly queueLimit: number; readonly batchLimit: number };
  readonly #connection: Connection;
  readonly #queue: Member[] = [];
  #scheduled = false;
  #closed = false;

  constructor(
    options: { readonly queueLimit: number; readonly batchLimit: number },
    connection: Connection,
  ) {
    this.#options = options;
    this.#connection = connection;
  }

  /**
   * Runs `write` in the next transaction.
   *
   * @throws LedgerError `overloaded` when the queue is full, `closed`, or whatever `write` or the storage failed with.
   */
  run<T>(write: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) {
        reject(new LedgerError('closed', 'the ledger is closed'));
        return;
      }
      if (this.#queue.length >= this.#options.queueLimit) {
        const waiting = this.#queue.length;
        reject(new LedgerError('overloaded', `${waiting} writes are waiting, no more are taken`));
        return;
      }
      this.#queue.push({
        run: () => {
          const value = write();
          return () => resolve(value);
        },
        reject,
      });
      this.#schedule();
    });
  }

  /** Commits what is queued and takes nothing more. */
  close(): void {
    this.#closed = true;
    while (this.#queue.length > 0) this.#commitBatch();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // setImmediate runs after the poll phase: everything that arrived in this turn is in the batch.
    setImmediate(() => {
      this.#scheduled = false;
      this.#commitBatch();
      if (this.#queue.length > 0) this.#schedule();
    });
  }

  #commitBatch(): void {
    const batch = this.#queue.splice(0, this.#options.batchLimit);
    if (batch.length === 0) return;
    const settles: (() => void)[] = [];
    const connection = this.#connection;
    try {
      connection.execute('BEGIN IMMEDIATE');
      for (const member of batch) {
        settles.push(this.#runMember(member));
      }
      connection.execute('COMMIT');
    } catch (error) {
      // The transaction as a whole failed (disk full, I/O): nothing of the batch was recorded, whoever caused it.
      this.#abandonTransaction();
      const ledgerError = toLedgerError(error, 'group commit');
      for (const member of batch) member.reject(ledgerError);
      return;
    }
    for (const settle of settles) settle();
  }

  /** @returns what to call after the commit. @throws when the whole transaction is gone. */
  #runMember(member: Member): () => void {
    const connection = this.#connection;
    connection.execute('SAVEPOINT member');
    try {
      const settle = member.run();
      connection.execute('RELEASE member');
      return settle;
    } catch (error) {
      if (!connection.inTransaction) throw error;
      connection.execute('ROLLBACK TO member');
      connection.execute('RELEASE member');
      const ledgerError = toLedgerError(error, 'write');
      return () => member.reject(ledgerError);
    }
  }

  #abandonTransaction(): void {
    try {
      if (this.#connection.inTransaction) this.#connection.execute('ROLLBACK');
    } catch {
      // SQLite has already rolled back by itself; the first error is the one to report.
    }
  }
}
