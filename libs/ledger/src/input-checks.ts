import { isHex } from '@tops/crypto';
import { ACTOR_CHARACTERS_MAX, REASON_CHARACTERS_MAX, type ActInput } from './admin-ledger.ts';
import type { SignHeadInput } from './archive-store.ts';
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
  requireThat(
    isIndex(input.maxPerSecond) && input.maxPerSecond > 0,
    `expected a limit of receipts a second, got ${input.maxPerSecond}`,
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
      (input.row === undefined && input.evidence === undefined && input.quarantine === undefined),
    'expected row, evidence and quarantine with a rejection only',
  );
  const { fromEpochId = 0, epochCount = 0, cleanEpochs = 0 } = input.quarantine ?? {};
  requireThat(
    [fromEpochId, epochCount, cleanEpochs].every(isIndex),
    `expected counts of epochs, got ${fromEpochId}, ${epochCount} and ${cleanEpochs}`,
  );
}

/** @throws LedgerError `input_invalid` */
export function requireActInput(input: ActInput): void {
  const { act } = input;
  requireThat(isHex(input.actId, 16), 'expected an act id of 16 bytes');
  requireThat(isHex(input.publicKeyHex, 32), 'expected a public key of 32 bytes');
  requireThat(isIndex(input.atMs), `expected a time in milliseconds, got ${input.atMs}`);
  requireThat(
    act.kind !== 'quarantine' || isIndex(act.untilEpochId),
    'expected an epoch id as the end of a quarantine',
  );
  requireThat(isWording(input.actor, ACTOR_CHARACTERS_MAX), 'expected the name of who acts');
  requireThat(isWording(input.reason, REASON_CHARACTERS_MAX), 'expected a reason');
}

/** PostgreSQL stores no NUL in a text. */
function isWording(text: string, maxCharacters: number): boolean {
  return text.length > 0 && [...text].length <= maxCharacters && !text.includes('\0');
}

/** @throws LedgerError `input_invalid` */
export function requireSignHeadInput(input: SignHeadInput): void {
  const { signature, verifierKey } = input;
  requireThat(signature.length === 64, `expected a signature of 64 bytes, got ${signature.length}`);
  requireThat(verifierKey.length === 32, `expected a key of 32 bytes, got ${verifierKey.length}`);
  requireThat(isIndex(input.atMs), `expected a time in milliseconds, got ${input.atMs}`);
}

function isIndex(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function requireThat(condition: boolean, message: string): void {
  if (!condition) throw new LedgerError('input_invalid', message);
}
