/**
 * What the verifier's API says, read leniently: a field that is missing or of another type becomes its neutral value, an
 * unknown one is dropped, so that the page outlives both an older and a newer verifier. Every string below may have been
 * chosen by a worker.
 */
export interface EpochNow {
  readonly epochId: number;
  readonly opensAtMs: number;
  readonly closesAtMs: number;
  readonly prevHashHex: string;
  readonly kernelVersion: string;
  readonly verifierKeyHex: string;
}

export interface Worker {
  readonly did: string;
  readonly label: string;
  readonly state: string;
  readonly creditedOps: string;
  readonly verifiedTops: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly missed: number;
  readonly auditRows: number;
  readonly lastSeenAtMs: number;
}

export interface LedgerEntry {
  readonly receiptId: string;
  readonly outcome: string;
  readonly creditedOps: string;
  readonly rowCount: number;
}

export interface KeyCredit {
  readonly did: string;
  readonly creditedOps: string;
  readonly accepted: number;
  readonly rejected: number;
  readonly missed: number;
  readonly revoked: number;
}

/** The export of a sealed epoch. */
export interface EpochCredits {
  readonly credits: readonly KeyCredit[];
  readonly entries: readonly LedgerEntry[];
}

export interface Epoch {
  readonly epochId: number;
  readonly opensAtMs: number;
  readonly closesAtMs: number;
  readonly prevHashHex: string;
  readonly sealed: boolean;
  readonly headHex: string;
  readonly ledgerRootHex: string;
  readonly entropyHex: string;
  readonly entryCount: number;
}

export interface ReceiptEvidence {
  readonly receiptId: string;
  readonly outcome: string;
  readonly creditedOps: string;
  readonly rows: readonly number[];
  readonly mismatchRow: number;
  readonly receivedAtMs: number;
  readonly deadlineAtMs: number;
  readonly settledAtMs: number;
  readonly challengeSigHex: string;
  readonly receipt: {
    readonly kernelVersion: string;
    readonly deviceDid: string;
    readonly publicKeyHex: string;
    readonly epochId: number;
    readonly prevHashHex: string;
    readonly nonce: number;
    readonly m: number;
    readonly n: number;
    readonly k: number;
    readonly workRootHex: string;
    readonly sigHex: string;
    readonly timeMs: number;
    readonly driverHint: string;
  };
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
/** Lone surrogates become U+FFFD: they are no text, and encodeURIComponent throws on them. */
const text = (value: unknown): string =>
  typeof value === 'string' ? value.replace(/\p{Surrogate}/gu, '\ufffd') : '';
/** NaN formats as "no value"; a count that is missing is no zero. */
const number = (value: unknown): number => (typeof value === 'number' ? value : NaN);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const numbers = (value: unknown): number[] =>
  list(value).filter((item) => typeof item === 'number');

export function readEpochNow(value: unknown): EpochNow {
  const fields = fieldsOf(value);
  return {
    epochId: number(fields['epoch_id']),
    opensAtMs: number(fields['opens_at']),
    closesAtMs: number(fields['closes_at']),
    prevHashHex: text(fields['prev_hash_hex']),
    kernelVersion: text(fields['kernel_ver']),
    verifierKeyHex: text(fields['verifier_key_hex']),
  };
}

export function readWorker(value: unknown): Worker {
  const fields = fieldsOf(value);
  return {
    did: text(fields['did']),
    label: text(fields['label']),
    state: text(fields['state']),
    creditedOps: text(fields['credited_ops']),
    verifiedTops: number(fields['verified_tops']),
    accepted: number(fields['accepted']),
    rejected: number(fields['rejected']),
    missed: number(fields['missed']),
    auditRows: number(fields['audit_rows']),
    lastSeenAtMs: number(fields['last_seen_at']),
  };
}

/** One page; `next` is the cursor of the following one. Workers without a did have nothing to be known by and are dropped. */
export function readWorkers(value: unknown): { workers: Worker[]; next: string } {
  const fields = fieldsOf(value);
  const workers = list(fields['workers'])
    .map(readWorker)
    .filter((worker) => worker.did !== '');
  return { workers, next: text(fields['next_cursor']) };
}

export function readEpoch(value: unknown): Epoch {
  const fields = fieldsOf(value);
  return {
    epochId: number(fields['epoch_id']),
    opensAtMs: number(fields['opens_at']),
    closesAtMs: number(fields['closes_at']),
    prevHashHex: text(fields['prev_hash_hex']),
    sealed: fields['sealed'] === true,
    headHex: text(fields['head_hex']),
    ledgerRootHex: text(fields['ledger_root_hex']),
    entropyHex: text(fields['entropy_hex']),
    entryCount: number(fields['entry_count']),
  };
}

export function readEpochCredits(value: unknown): EpochCredits {
  const fields = fieldsOf(value);
  return {
    credits: list(fields['credits']).map(readCredit),
    entries: list(fields['entries']).map(readEntry),
  };
}

function readCredit(value: unknown): KeyCredit {
  const fields = fieldsOf(value);
  return {
    did: text(fields['did']),
    creditedOps: text(fields['credited_ops']),
    accepted: number(fields['accepted']),
    rejected: number(fields['rejected']),
    missed: number(fields['missed']),
    revoked: number(fields['revoked']),
  };
}

function readEntry(value: unknown): LedgerEntry {
  const fields = fieldsOf(value);
  return {
    receiptId: text(fields['receipt_id']),
    outcome: text(fields['outcome']),
    creditedOps: text(fields['credited_ops']),
    rowCount: list(fields['rows']).length,
  };
}

export function readEpochs(value: unknown): { epochs: Epoch[]; nextBefore: number } {
  const fields = fieldsOf(value);
  const epochs = list(fields['epochs'])
    .map(readEpoch)
    .filter((epoch) => Number.isFinite(epoch.epochId));
  return { epochs, nextBefore: number(fields['next_before']) };
}

export function readReceiptEvidence(value: unknown): ReceiptEvidence {
  const fields = fieldsOf(value);
  const receipt = fieldsOf(fields['receipt']);
  const sizes = fieldsOf(receipt['sizes']);
  return {
    receiptId: text(fields['receipt_id']),
    outcome: text(fields['outcome']),
    creditedOps: text(fields['credited_ops']),
    rows: numbers(fields['rows']),
    mismatchRow: number(fields['row']),
    receivedAtMs: number(fields['received_at']),
    deadlineAtMs: number(fields['deadline_at']),
    settledAtMs: number(fields['settled_at']),
    challengeSigHex: text(fields['challenge_sig_hex']),
    receipt: {
      kernelVersion: text(receipt['kernel_ver']),
      deviceDid: text(receipt['device_did']),
      publicKeyHex: text(receipt['public_key_hex']),
      epochId: number(receipt['epoch_id']),
      prevHashHex: text(receipt['prev_hash_hex']),
      nonce: number(receipt['nonce']),
      m: number(sizes['m']),
      n: number(sizes['n']),
      k: number(sizes['k']),
      workRootHex: text(receipt['work_root_hex']),
      sigHex: text(receipt['sig_hex']),
      timeMs: number(receipt['time_ms']),
      driverHint: text(receipt['driver_hint']),
    },
  };
}
