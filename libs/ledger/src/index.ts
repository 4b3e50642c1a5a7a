export {
  ACTOR_CHARACTERS_MAX,
  ALLOWED_KEYS_MAX,
  REASON_CHARACTERS_MAX,
  type ActInput,
  type ActRecord,
  type ActResult,
  type AdminLedger,
  type AllowList,
  type KeyAct,
  type KeyRecord,
} from './admin-ledger.ts';
export { INITIAL_HASH, nextHead, nextPrevHash } from './epoch-chain.ts';
export {
  ledgerEntryBytes,
  LedgerRoot,
  ledgerRoot,
  type FinalOutcome,
  type LedgerEntry,
  type Outcome,
} from './ledger-entry.ts';
export type { ArchiveStore, EntryPosition, SignHeadInput } from './archive-store.ts';
export { LedgerError, type LedgerErrorCode } from './ledger-error.ts';
export type {
  CreditRow,
  EpochRecord,
  EpochSeal,
  HeadSignature,
  ReceiptRecord,
  Standing,
  WorkerRecord,
  WorkerState,
} from './ledger-records.ts';
export {
  EVIDENCE_BYTES_MAX,
  PAGE_LIMIT_MAX,
  type CommitInput,
  type CommitResult,
  type EvidencePruned,
  type LedgerStore,
  type OpenEpochInput,
  type QuarantineTerm,
  type SettleInput,
  type SettleResult,
} from './ledger-store.ts';
export { parseDatabaseUrl } from './postgres/database-address.ts';
export { openPostgresLedger, type PostgresLedgerOptions } from './postgres/postgres-ledger.ts';
export {
  assess,
  auditRows,
  CLEAN_EPOCHS_DEFAULT,
  isCleanEpoch,
  MISS_SCORE_ALL,
  NEW_KEY_RECEIPTS,
  nextMissScore,
  nextStreak,
  openChallengesMax,
  quarantineEpochs,
  TRUST_OPS_UNIT_DEFAULT,
  workerState,
  type Assessment,
  type AuditPolicy,
  type OpenPolicy,
  type Reputation,
} from './reputation.ts';
export { renderReputationRule } from './reputation-table.ts';
export { openSqliteLedger, type SqliteLedgerOptions } from './sqlite/sqlite-ledger.ts';
export { openThreadedLedger } from './thread/threaded-ledger.ts';
export { TOPS_EPOCHS_DEFAULT, verifiedTops } from './verified-tops.ts';
