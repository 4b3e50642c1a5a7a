import { INITIAL_HASH, nextHead, nextPrevHash } from '../epoch-chain.ts';
import type { LedgerRoot } from '../ledger-entry.ts';
import { LedgerError } from '../ledger-error.ts';
import type { EpochRecord } from '../ledger-records.ts';
import type { OpenEpochInput } from '../ledger-store.ts';
import { toEpochRecord, type TopsWindow } from '../stored-records.ts';
import type { Connection, Row, Statement } from './connection.ts';

/** Beacons and seals. Every method runs inside the caller's transaction, or alone as a read. */
export class EpochTable {
  readonly #statements: Readonly<Record<keyof typeof SQL, Statement>>;

  constructor(connection: Connection) {
    this.#statements = {
      get: connection.prepare(SQL.get),
      takesReceipts: connection.prepare(SQL.takesReceipts),
      latest: connection.prepare(SQL.latest),
      latestSealed: connection.prepare(SQL.latestSealed),
      list: connection.prepare(SQL.list),
      unsealed: connection.prepare(SQL.unsealed),
      insert: connection.prepare(SQL.insert),
      stopReceipts: connection.prepare(SQL.stopReceipts),
      seal: connection.prepare(SQL.seal),
      topsWindow: connection.prepare(SQL.topsWindow),
    };
  }

  get(epochId: number): EpochRecord | undefined {
    return toRecord(this.#statements.get.get(epochId));
  }

  latest(): EpochRecord | undefined {
    return toRecord(this.#statements.latest.get());
  }

  list(page: { readonly beforeId: number; readonly limit: number }): EpochRecord[] {
    return this.#statements.list.all(page.beforeId, page.limit).map(toEpochRecord);
  }

  unsealed(): EpochRecord[] {
    return this.#statements.unsealed.all().map(toEpochRecord);
  }

  open(input: OpenEpochInput): EpochRecord {
    const latest = this.latest();
    if (latest?.epochId === input.epochId) return latest;
    if (latest !== undefined && input.epochId < latest.epochId) {
      throw new LedgerError(
        'epoch_regressed',
        `expected an epoch after ${latest.epochId}, got ${input.epochId}: has the clock or EPOCH_SECONDS changed?`,
      );
    }
    const sealed = toRecord(this.#statements.latestSealed.get());
    const prevHash = nextPrevHash({
      previousPrevHash: latest?.prevHash ?? INITIAL_HASH,
      latestHead: sealed?.sealed?.head ?? INITIAL_HASH,
      epochId: input.epochId,
      entropy: input.entropy,
    });
    this.#statements.insert.run(
      input.epochId,
      prevHash,
      input.entropy,
      input.opensAtMs,
      input.closesAtMs,
      latest?.epochId ?? null,
      sealed?.epochId ?? null,
    );
    return this.#known(input.epochId);
  }

  /** @throws LedgerError unless the epoch takes receipts. */
  requireTakesReceipts(epochId: number): void {
    const row = this.#statements.takesReceipts.get(epochId);
    if (row === undefined) throw unknownEpoch(epochId);
    if (row.integer('takes_receipts') === 0) {
      throw new LedgerError('epoch_sealed', `epoch ${epochId} takes no more receipts`);
    }
  }

  /**
   * From here on the epoch takes no receipts; with none open its entries are final, and can be hashed outside a transaction.
   *
   * @returns the record when it is sealed already.
   */
  beginSeal(input: {
    readonly epochId: number;
    readonly openCount: number;
  }): EpochRecord | undefined {
    const epoch = this.#known(input.epochId);
    if (epoch.sealed !== undefined) return epoch;
    const oldest = this.#oldestUnsealedId();
    if (oldest !== input.epochId) {
      throw new LedgerError(
        'seal_out_of_order',
        `expected epoch ${oldest} to be sealed first, got ${input.epochId}`,
      );
    }
    if (input.openCount > 0) {
      throw new LedgerError(
        'receipts_open',
        `epoch ${input.epochId} still has ${input.openCount} open challenges`,
      );
    }
    this.#statements.stopReceipts.run(input.epochId);
    return undefined;
  }

  finishSeal(epochId: number, root: LedgerRoot): EpochRecord {
    const epoch = this.#known(epochId);
    if (epoch.sealed !== undefined) return epoch;
    const previous = toRecord(this.#statements.latestSealed.get());
    const ledgerRoot = root.digest();
    const head = nextHead({
      previousHead: previous?.sealed?.head ?? INITIAL_HASH,
      epochId,
      entryCount: root.entryCount,
      ledgerRoot,
    });
    this.#statements.seal.run(head, ledgerRoot, root.entryCount, epochId);
    return this.#known(epochId);
  }

  topsWindow(topsEpochs: number): TopsWindow | undefined {
    const row = this.#statements.topsWindow.get(topsEpochs);
    if (row === undefined || row.isNull('from_epoch_id')) return undefined;
    return {
      fromEpochId: row.integer('from_epoch_id'),
      toEpochId: row.integer('to_epoch_id'),
      wallTimeMs: row.integer('wall_time_ms'),
    };
  }

  #oldestUnsealedId(): number | undefined {
    return this.#statements.unsealed.all()[0]?.integer('epoch_id');
  }

  #known(epochId: number): EpochRecord {
    const epoch = this.get(epochId);
    if (epoch === undefined) throw unknownEpoch(epochId);
    return epoch;
  }
}

// Sealing goes in order of id, so sealed epochs are exactly those up to the latest sealed: a window of them is an id range.
const SQL = {
  get: 'SELECT * FROM epochs WHERE epoch_id = ?',
  takesReceipts: 'SELECT takes_receipts FROM epochs WHERE epoch_id = ?',
  latest: 'SELECT * FROM epochs ORDER BY epoch_id DESC LIMIT 1',
  latestSealed: 'SELECT * FROM epochs WHERE head IS NOT NULL ORDER BY epoch_id DESC LIMIT 1',
  list: 'SELECT * FROM epochs WHERE epoch_id < ? ORDER BY epoch_id DESC LIMIT ?',
  unsealed: 'SELECT * FROM epochs WHERE head IS NULL ORDER BY epoch_id',
  insert: `
    INSERT INTO epochs (epoch_id, prev_hash, entropy, opens_at_ms, closes_at_ms, previous_epoch_id,
      sealed_at_opening_epoch_id)
    VALUES (?, ?, ?, ?, ?, ?, ?)`,
  stopReceipts: 'UPDATE epochs SET takes_receipts = 0 WHERE epoch_id = ?',
  seal: `
    UPDATE epochs SET takes_receipts = 0, head = ?, ledger_root = ?, entry_count = ?
    WHERE epoch_id = ? AND head IS NULL`,
  topsWindow: `
    SELECT min(epoch_id) AS from_epoch_id, max(epoch_id) AS to_epoch_id,
      sum(closes_at_ms - opens_at_ms) AS wall_time_ms
    FROM (SELECT * FROM epochs WHERE head IS NOT NULL ORDER BY epoch_id DESC LIMIT ?)`,
};

function unknownEpoch(epochId: number): LedgerError {
  return new LedgerError('epoch_unknown', `epoch ${epochId} was never opened`);
}

function toRecord(row: Row | undefined): EpochRecord | undefined {
  return row === undefined ? undefined : toEpochRecord(row);
}
