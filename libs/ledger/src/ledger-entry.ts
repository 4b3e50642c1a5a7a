import type { FinalOutcome } from '@tops/audit';

export {
  ledgerEntryBytes,
  LedgerRoot,
  ledgerRoot,
  type FinalOutcome,
  type LedgerEntry,
} from '@tops/audit';

/**
 * Where a receipt stands: `open` until its proof is judged or its deadline passes; `revoked` when the key was caught in a
 * mismatch: open challenges of the key, and the epoch's accepted receipts, turn into it.
 */
export type Outcome = 'open' | FinalOutcome;
