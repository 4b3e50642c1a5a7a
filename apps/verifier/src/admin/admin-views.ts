import { hexToBytes, publicKeyToDid } from '@tops/crypto';
import type { ActRecord, KeyRecord } from '@tops/ledger';
import { OPS_UNIT, type AdminAct, type AdminKey } from '@tops/protocol';
import type { AllowList } from '../allow-list.ts';

/** A key as the admin API shows it. */
export function toAdminKey(record: KeyRecord, allowList: Pick<AllowList, 'allowedBy'>): AdminKey {
  const { publicKeyHex, worker, allowedAtMs } = record;
  const lastSeenAtMs = worker?.lastSeenAtMs ?? 0;
  return {
    public_key_hex: publicKeyHex,
    did: publicKeyToDid(hexToBytes(publicKeyHex)),
    label: worker?.label ?? null,
    state: worker?.state ?? 'unseen',
    quarantined_until_epoch: worker?.quarantinedUntilEpoch ?? null,
    allowed_by: allowList.allowedBy(record),
    allowed_at: allowedAtMs ?? null,
    credited_ops: ((worker?.creditedUnits ?? 0n) * OPS_UNIT).toString(),
    accepted: worker?.accepted ?? 0,
    rejected: worker?.rejected ?? 0,
    missed: worker?.missed ?? 0,
    revoked: worker?.revoked ?? 0,
    last_seen_at: lastSeenAtMs === 0 ? null : lastSeenAtMs,
  };
}

/** A line of the log as the admin API shows it. */
export function toAdminAct(record: ActRecord): AdminAct {
  const { act } = record;
  return {
    sequence: record.sequence,
    at: record.atMs,
    actor: record.actor,
    reason: record.reason,
    act: act.kind,
    public_key_hex: record.publicKeyHex,
    until_epoch: act.kind === 'quarantine' ? act.untilEpochId : null,
  };
}

/**
 * A page of the ledger's keys with the keys of VERIFY_PUBKEY that belong on it: one of those may never have been seen.
 *
 * @param records - the ledger's first `limit` keys after `after`.
 */
export function withConfiguredKeys(
  records: readonly KeyRecord[],
  configured: ReadonlySet<string>,
  page: { readonly after?: string; readonly limit: number },
): KeyRecord[] {
  const known = new Set(records.map(({ publicKeyHex }) => publicKeyHex));
  const unseen = [...configured]
    .filter((key) => !known.has(key) && (page.after === undefined || key > page.after))
    .map((publicKeyHex) => ({ publicKeyHex }));
  return [...records, ...unseen]
    .sort((left, right) => (left.publicKeyHex < right.publicKeyHex ? -1 : 1))
    .slice(0, page.limit);
}
