import { bytesToHex, publicKeyToDid, hexToBytes } from '@tops/crypto';
import { shapeOps } from '@tops/protocol';
import type { CreditFields, EpochFields } from './archive-lines.ts';
import type { ParsedLine } from './archive-parser.ts';
import type { Report } from './finding.ts';
import { LedgerRoot } from './ledger-entry.ts';

export type ReceiptLine = Extract<ParsedLine, { readonly kind: 'receipt' }>;

/** What the receipts of one key add up to. */
interface KeySums {
  credited: bigint;
  accepted: number;
  rejected: number;
  missed: number;
  revoked: number;
  readonly nonces: Set<number>;
  /** The first receipt that still earns. */
  earning: { readonly line: number; readonly receiptId: string } | undefined;
  isListed: boolean;
}

/** Adds up one epoch: its root, its nonces, and what each key earned. Memory grows with the receipts of one epoch. */
export class EpochAudit {
  readonly epoch: EpochFields;
  readonly #line: number;
  readonly #report: Report;
  readonly #root = new LedgerRoot();
  readonly #keys = new Map<string, KeySums>();
  #lastCreditKey = '';

  constructor(input: { readonly epoch: EpochFields; readonly line: number }, report: Report) {
    this.epoch = input.epoch;
    this.#line = input.line;
    this.#report = report;
  }

  get hasCredits(): boolean {
    return this.#lastCreditKey !== '';
  }

  takeReceipt(receipt: ReceiptLine, line: number): void {
    const { receipt_id, outcome, credited_ops, rows } = receipt;
    this.#root.append({ credited_ops, outcome, receipt_id, rows });
    const key = receipt.receipt.public_key_hex;
    const sums = this.#sumsOf(key);
    sums[outcome]++;
    sums.credited += BigInt(credited_ops);
    if (outcome === 'accepted') sums.earning ??= { line, receiptId: receipt_id };
    const { nonce } = receipt.receipt;
    if (sums.nonces.has(nonce)) {
      const detail = `expected nonce ${nonce} once for key ${key}, got it again`;
      this.#report({ code: 'nonce_reused', field: 'receipt.nonce', detail });
    }
    sums.nonces.add(nonce);
    const expectedOps = outcome === 'accepted' ? shapeOps(receipt.receipt.sizes).toString() : '0';
    if (credited_ops !== expectedOps) {
      const detail = `expected ${expectedOps} for an outcome of ${outcome}, got ${credited_ops}`;
      this.#report({ code: 'credited_ops_mismatch', field: 'credited_ops', detail });
    }
  }

  takeCredit(credit: CreditFields): void {
    const { public_key_hex: key } = credit;
    const refuse = (field: string, wanted: string, got: string) => {
      const detail = `expected ${field} of key ${key} as ${wanted}, got ${got}`;
      this.#report({ code: 'credits_mismatch', field, detail });
    };
    if (key <= this.#lastCreditKey) refuse('public_key_hex', `above ${this.#lastCreditKey}`, key);
    this.#lastCreditKey = key;
    const did = publicKeyToDid(hexToBytes(key));
    if (credit.did !== did) refuse('did', did, credit.did);
    const sums = this.#keys.get(key);
    if (sums !== undefined) sums.isListed = true;
    const credited = (sums?.credited ?? 0n).toString();
    if (credit.credited_ops !== credited) refuse('credited_ops', credited, credit.credited_ops);
    for (const field of ['accepted', 'rejected', 'missed', 'revoked'] as const) {
      const counted = sums?.[field] ?? 0;
      if (credit[field] !== counted) refuse(field, String(counted), String(credit[field]));
    }
  }

  /** What can be said once all lines of the epoch were taken. */
  close(): void {
    const { entry_count, ledger_root_hex } = this.epoch;
    const line = this.#line;
    if (entry_count !== this.#root.entryCount) {
      const detail = `expected entry_count ${this.#root.entryCount}, as many as receipts follow, got ${entry_count}`;
      this.#report({ code: 'entry_count_mismatch', line, field: 'entry_count', detail });
    }
    const rootHex = bytesToHex(this.#root.digest());
    if (rootHex !== ledger_root_hex) {
      const detail = `expected ${rootHex} of the receipts that follow, got ${ledger_root_hex}`;
      this.#report({ code: 'ledger_root_mismatch', line, field: 'ledger_root_hex', detail });
    }
    for (const [key, sums] of this.#keys) this.#closeKey(key, sums);
  }

  #closeKey(key: string, sums: KeySums): void {
    if (!sums.isListed) {
      const detail = `expected a credit line of key ${key}, got none`;
      this.#report({ code: 'credits_mismatch', line: this.#line, field: 'credits', detail });
    }
    const { earning } = sums;
    if (sums.rejected === 0 || earning === undefined) return;
    this.#report({
      code: 'revocation_missing',
      ...earning,
      field: 'outcome',
      detail: `expected no accepted receipt of key ${key}, which has a rejected one in the epoch, got ${sums.accepted}`,
    });
  }

  #sumsOf(key: string): KeySums {
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    const sums: KeySums = {
      ...{ credited: 0n, accepted: 0, rejected: 0, missed: 0, revoked: 0 },
      nonces: new Set(),
      earning: undefined,
      isListed: false,
    };
    this.#keys.set(key, sums);
    return sums;
  }
}
