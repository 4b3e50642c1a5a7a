import { hexToBytes, publicKeyToDid } from '@tops/crypto';
import {
  ALLOWED_KEYS_MAX,
  type ActInput,
  type ActRecord,
  type ActResult,
  type AllowList,
} from '../admin-ledger.ts';
import { toActRecord, toAllowedKey, type AllowedKey } from '../stored-acts.ts';
import type { Connection, Statement } from './connection.ts';
import type { WorkerTable, WorkerView } from './worker-table.ts';

/** The log of acts, and the keys they allow. */
export class ActTable {
  readonly #statements: Readonly<Record<keyof typeof SQL, Statement>>;

  constructor(connection: Connection) {
    this.#statements = {
      byId: connection.prepare(SQL.byId),
      insert: connection.prepare(SQL.insert),
      list: connection.prepare(SQL.list),
      version: connection.prepare(SQL.version),
      allow: connection.prepare(SQL.allow),
      disallow: connection.prepare(SQL.disallow),
      allowed: connection.prepare(SQL.allowed),
      isAllowed: connection.prepare(SQL.isAllowed),
      countAllowed: connection.prepare(SQL.countAllowed),
    };
  }

  /** Inside a transaction: does it and records it, unless it is recorded already. */
  perform(
    input: ActInput,
    deps: { readonly workers: WorkerTable; readonly view: WorkerView },
  ): ActResult {
    const publicKey = hexToBytes(input.publicKeyHex);
    let row = this.#statements.byId.get(hexToBytes(input.actId));
    if (row === undefined) {
      if (this.#isFull(input, publicKey)) return { kind: 'allow_list_full' };
      this.#effect(input, publicKey, deps.workers);
      row = this.#insert(input, publicKey);
    }
    const worker = deps.workers.get(publicKey, deps.view);
    const allowed = this.#statements.isAllowed.get(publicKey);
    const key = {
      publicKeyHex: input.publicKeyHex,
      ...(worker === undefined ? {} : { worker }),
      ...(allowed === undefined ? {} : { allowedAtMs: toAllowedKey(allowed).allowedAtMs }),
    };
    return { kind: 'done', record: toActRecord(row), key };
  }

  list(page: { readonly before: number; readonly limit: number }): ActRecord[] {
    return this.#statements.list.all(page.before, page.limit).map(toActRecord);
  }

  allowed(page: { readonly after: Uint8Array; readonly limit: number }): AllowedKey[] {
    return this.#statements.allowed.all(page.after, page.limit).map(toAllowedKey);
  }

  allowList(knownVersion: number | undefined): AllowList {
    const version = this.#statements.version.get()?.integer('version') ?? 0;
    if (version === knownVersion) return { version };
    const keys = this.allowed({ after: new Uint8Array(0), limit: ALLOWED_KEYS_MAX });
    return { version, keys: keys.map(({ publicKeyHex }) => publicKeyHex) };
  }

  #isFull({ act }: ActInput, publicKey: Uint8Array): boolean {
    if (act.kind !== 'allow' || this.#statements.isAllowed.get(publicKey) !== undefined) {
      return false;
    }
    const count = this.#statements.countAllowed.get()?.integer('allowed_count') ?? 0;
    return count >= ALLOWED_KEYS_MAX;
  }

  #effect({ act, atMs }: ActInput, publicKey: Uint8Array, workers: WorkerTable): void {
    switch (act.kind) {
      case 'allow':
        this.#statements.allow.run(publicKey, atMs);
        return;
      case 'disallow':
        this.#statements.disallow.run(publicKey);
        return;
      case 'quarantine':
        workers.register(publicKey, publicKeyToDid(publicKey));
        workers.quarantine({ publicKey, untilEpochId: act.untilEpochId, cleanEpochs: 0 });
        return;
      case 'release':
        workers.release(publicKey);
    }
  }

  #insert(input: ActInput, publicKey: Uint8Array) {
    const { act } = input;
    const actId = hexToBytes(input.actId);
    const untilEpochId = act.kind === 'quarantine' ? act.untilEpochId : null;
    const { actor, reason, atMs } = input;
    this.#statements.insert.run(actId, atMs, actor, reason, publicKey, act.kind, untilEpochId);
    const row = this.#statements.byId.get(actId);
    if (row === undefined) throw new Error('an act just recorded is not there');
    return row;
  }
}

const SQL = {
  byId: 'SELECT * FROM acts WHERE act_id = ?',
  insert: `
    INSERT INTO acts (act_id, at_ms, actor, reason, public_key, act, until_epoch_id)
    VALUES (?, ?, ?, ?, ?, ?, ?)`,
  list: 'SELECT * FROM acts WHERE seq < ? ORDER BY seq DESC LIMIT ?',
  version: 'SELECT coalesce(max(seq), 0) AS version FROM acts',
  allow: `
    INSERT INTO allowed_keys (public_key, allowed_at_ms) VALUES (?, ?)
    ON CONFLICT (public_key) DO NOTHING`,
  disallow: 'DELETE FROM allowed_keys WHERE public_key = ?',
  allowed: 'SELECT * FROM allowed_keys WHERE public_key > ? ORDER BY public_key LIMIT ?',
  isAllowed: 'SELECT * FROM allowed_keys WHERE public_key = ?',
  countAllowed: 'SELECT count(*) AS allowed_count FROM allowed_keys',
};
