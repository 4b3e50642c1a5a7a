import { isHex } from '@tops/crypto';
import { LedgerError } from './ledger-error.ts';
import {
  EVIDENCE_BYTES_MAX,
  type CommitInput,
  type OpenEpochInput,
  type SettleInput,
} from './ledger-store.ts';

// Every adapter checks its caller the same way, before anything is written: a broken argument is a bug, and must not
// become a row that can never be sealed or replayed.

/** @throws LedgerError `input_invalid` */
export function requireOpenEpochInput(input: OpenEpochInput): void {
  requireThat(isIndex(input.epochId), `expected an epoch id, got ${input.epochId}`);
  requireThat(
    input.entropy.length === 32,
    `expected 32 bytes of entropy, got ${input.entropy.length}`,
  );
  requireThat(
    isIndex(input.opensAtMs) && isIndex(input.closesAtMs) && input.opensAtMs < input.closesAtMs,
    `expected opensAtMs < closesAtMs, got ${input.opensAtMs} and ${input.closesAtMs}`,
  );
}

/** @throws LedgerError `input_invalid` */
export function requireCommitInput(input: CommitInput): void {
  const { rows, parsed } = input;
  const ascending = rows.every(
    (row, index) => isIndex(row) && (index === 0 || row > (rows[index - 1] ?? row)),
  );
  requireThat(
    rows.length > 0 && ascending && (rows.at(-1) ?? 0) < parsed.receipt.sizes.m,
    `expected ascending distinct rows below ${parsed.receipt.sizes.m}, got ${rows.length} rows`,
  );
  requireThat(isHex(input.challengeSigHex, 64), 'expected a challenge signature of 64 bytes');
  requireThat(
    isIndex(input.deadlineAtMs) && isIndex(input.receivedAtMs),
    `expected times in milliseconds, got ${input.deadlineAtMs} and ${input.receivedAtMs}`,
  );
}

/** @throws LedgerError `input_invalid` */
export function requireSettleInput(input: SettleInput): void {
  requireThat(isIndex(input.atMs), `expected a time in milliseconds, got ${input.atMs}`);
  const evidenceBytes = input.evidence?.length ?? 0;
  requireThat(
    evidenceBytes <= EVIDENCE_BYTES_MAX,
    `expected at most ${EVIDENCE_BYTES_MAX} bytes of evidence, got ${evidenceBytes}`,
  );
  requireThat(
    input.outcome === 'rejected' ||
      (input.row === undefined &&
        input.evidence === undefined &&
        input.quarantineUntilEpoch === undefined),
    'expected row, evidence and quarantine with a rejection only',
  );
}

function isIndex(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function requireThat(condition: boolean, message: string): void {
  if (!condition) throw new LedgerError('input_invalid', message);
}
