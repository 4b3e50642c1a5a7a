import { hexToBytes, publicKeyToDid } from '@tops/crypto';
import {
  ALLOWED_KEYS_MAX,
  type ActInput,
  type ActRecord,
  type ActResult,
  type AllowList,
} from '../admin-ledger.ts';
import { toActRecord, toAllowedKey, type AllowedKey } from '../stored-acts.ts';
import type { Row } from '../stored-row.ts';
import type { Session } from './database.ts';
import { lockStandings, quarantine, workerByKey } from './workers.ts';

/**
 * In a transaction: does it and records it, unless it is recorded already. Acts of all replicas take turns, so that they are
 * numbered in the order they take effect: whoever has seen one number has seen all below it.
 */
export async function performAct(
  session: Session,
  input: ActInput,
  options: { readonly topsEpochs: number },
): Promise<ActResult> {
  await session.run('LOCK TABLE acts IN EXCLUSIVE MODE');
  const publicKey = hexToBytes(input.publicKeyHex);
  let [row] = await session.query('SELECT * FROM acts WHERE act_id = $1', hexToBytes(input.actId));
  if (row === undefined) {
    if (await isFull(session, input, publicKey)) return { kind: 'allow_list_full' };
    await effect(session, input, publicKey);
    row = await insertAct(session, input, publicKey);
  }
  const worker = await workerByKey(session, publicKey, options);
  const [allowed] = await session.query(
    'SELECT * FROM allowed_keys WHERE public_key = $1',
    publicKey,
  );
  const key = {
    publicKeyHex: input.publicKeyHex,
    ...(worker === undefined ? {} : { worker }),
    ...(allowed === undefined ? {} : { allowedAtMs: toAllowedKey(allowed).allowedAtMs }),
  };
  return { kind: 'done', record: toActRecord(row), key };
}

export async function listActs(
  session: Session,
  page: { readonly before: number; readonly limit: number },
): Promise<ActRecord[]> {
  const sql = 'SELECT * FROM acts WHERE seq < $1 ORDER BY seq DESC LIMIT $2';
  return (await session.query(sql, page.before, page.limit)).map(toActRecord);
}

/** Ordered by key; `after` is exclusive, and no bytes at all sort before every key. */
export async function allowedKeys(
  session: Session,
  page: { readonly after: Uint8Array; readonly limit: number },
): Promise<AllowedKey[]> {
  const sql = 'SELECT * FROM allowed_keys WHERE public_key > $1 ORDER BY public_key LIMIT $2';
  return (await session.query(sql, page.after, page.limit)).map(toAllowedKey);
}

/** The version is read first: keys that are newer than it are read once more next time, never missed. */
export async function allowList(
  session: Session,
  knownVersion: number | undefined,
): Promise<AllowList> {
  const [row] = await session.query('SELECT coalesce(max(seq), 0) AS version FROM acts');
  const version = row?.integer('version') ?? 0;
  if (version === knownVersion) return { version };
  const keys = await allowedKeys(session, { after: new Uint8Array(0), limit: ALLOWED_KEYS_MAX });
  return { version, keys: keys.map(({ publicKeyHex }) => publicKeyHex) };
}

async function isFull(
  session: Session,
  { act }: ActInput,
  publicKey: Uint8Array,
): Promise<boolean> {
  if (act.kind !== 'allow') return false;
  const [row] = await session.query(
    'SELECT count(*) AS others FROM allowed_keys WHERE public_key <> $1',
    publicKey,
  );
  return (row?.integer('others') ?? 0) >= ALLOWED_KEYS_MAX;
}

async function effect(
  session: Session,
  { act, atMs }: ActInput,
  publicKey: Uint8Array,
): Promise<void> {
  switch (act.kind) {
    case 'allow':
      await session.run(
        `INSERT INTO allowed_keys (public_key, allowed_at_ms) VALUES ($1, $2)
        ON CONFLICT (public_key) DO NOTHING`,
        publicKey,
        atMs,
      );
      return;
    case 'disallow':
      await session.run('DELETE FROM allowed_keys WHERE public_key = $1', publicKey);
      return;
    case 'quarantine':
      await session.run(
        `INSERT INTO workers (public_key, did, last_seen_at_ms) VALUES ($1, $2, 0)
        ON CONFLICT (public_key) DO NOTHING`,
        publicKey,
        publicKeyToDid(publicKey),
      );
      await lockStandings(session, [publicKey]);
      await quarantine(session, { publicKey, untilEpochId: act.untilEpochId, cleanEpochs: 0 });
      return;
    case 'release':
      await lockStandings(session, [publicKey]);
      // At once; a key that was caught from the next epoch on: one with a rejection never holds credit beside it.
      await session.run(
        `UPDATE workers SET quarantined_until_epoch =
          CASE WHEN rejected > 0 AND quarantined_until_epoch IS NOT NULL THEN
            least(quarantined_until_epoch, (SELECT coalesce(max(epoch_id), 0) + 1 FROM epochs)) END
        WHERE public_key = $1`,
        publicKey,
      );
  }
}

async function insertAct(session: Session, input: ActInput, publicKey: Uint8Array): Promise<Row> {
  const { act, atMs, actor, reason } = input;
  const [row] = await session.query(
    `INSERT INTO acts (act_id, at_ms, actor, reason, public_key, act, until_epoch_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *`,
    hexToBytes(input.actId),
    atMs,
    actor,
    reason,
    publicKey,
    act.kind,
    act.kind === 'quarantine' ? act.untilEpochId : null,
  );
  if (row === undefined) throw new Error('an act just recorded is not there');
  return row;
}
