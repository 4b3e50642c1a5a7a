import { blake3DeriveKey, bytesToHex, concatBytes, hexToBytes } from '@tops/crypto';
import { jcs, type Receipt } from '@tops/protocol';
import type { SignedHead } from './head.ts';
import type { FinalOutcome } from './ledger-entry.ts';

// An archive is JSON lines, each one RFC 8785 JSON in UTF-8 with a line feed: header, then for each epoch its line, its receipts
// in commit order and its credits by key, then the end. docs/protocol.md, "Archive".

/** Names the format; a change of any rule changes it. */
export const ARCHIVE_FORMAT = 'tops-archive v1';

/** Longest line, its line feed included: a rejected receipt with the longest proof a verifier takes is a third of that. */
export const ARCHIVE_LINE_BYTES_MAX = 2 ** 20;

/** Sealed epochs before the first archived one that may be named as its anchors. */
export const ARCHIVE_ANCHORS_MAX = 1024;

/** The state the archive starts from, and what it covers. */
export interface HeaderLine {
  readonly kind: 'header';
  readonly format: string;
  /** Sealed epochs before the first one, oldest first, up to its predecessor; none when it is the first of all. */
  readonly anchors: readonly SignedHead[];
}

/** A sealed epoch. */
export interface EpochFields extends SignedHead {
  readonly opens_at: number;
  readonly closes_at: number;
  readonly entropy_hex: string;
  /** Absent for the very first epoch. */
  readonly previous_epoch_id?: number;
  /** Absent when nothing was sealed yet. */
  readonly sealed_at_opening_epoch_id?: number;
}

/** A receipt of a sealed epoch, with its challenge and how it ended. */
export interface ReceiptFields {
  readonly receipt: Receipt;
  readonly receipt_id: string;
  readonly rows: readonly number[];
  readonly deadline_at: number;
  readonly challenge_sig_hex: string;
  readonly received_at: number;
  readonly outcome: FinalOutcome;
  readonly credited_ops: string;
  readonly settled_at: number;
  /** Rejected only: the row that recomputation contradicted. */
  readonly mismatch_row?: number;
  /** Rejected only, base64: the proof, while the verifier keeps it. */
  readonly leaves?: string;
  readonly siblings?: string;
}

/** What a key has of an epoch, as the verifier keeps it. */
export interface CreditFields {
  readonly did: string;
  readonly public_key_hex: string;
  readonly credited_ops: string;
  readonly accepted: number;
  readonly rejected: number;
  readonly missed: number;
  readonly revoked: number;
}

export interface EndLine {
  readonly kind: 'end';
  readonly epoch_count: number;
  readonly receipt_count: number;
  /** The end line included. */
  readonly line_count: number;
}

/** A line without its `chain_hex`. */
export type ArchiveLine =
  | HeaderLine
  | ({ readonly kind: 'epoch' } & EpochFields)
  | ({ readonly kind: 'receipt' } & ReceiptFields)
  | ({ readonly kind: 'credit' } & CreditFields)
  | EndLine;

const CHAIN_CONTEXT = 'tops-worker 2026 archive v1';

/**
 * Ties each line to all before it: chain(i) = derive_key(chain(i − 1) ‖ JCS(line i without chain_hex)), from 32 zero bytes.
 * It shows damage and names the line; anybody can compute it, so against a forger only the signatures count.
 */
export class LineChain {
  #chain: Uint8Array = new Uint8Array(32);

  /** @returns chain_hex of the line. */
  next(line: object): string {
    this.#chain = blake3DeriveKey(
      CHAIN_CONTEXT,
      concatBytes(this.#chain, new TextEncoder().encode(jcs(line))),
    );
    return bytesToHex(this.#chain);
  }

  /** Goes on from what a line claims, so that one altered line is not found in all that follow. */
  resume(chainHex: string): void {
    this.#chain = hexToBytes(chainHex);
  }
}

/** Prints the lines of one archive, in their order. */
export class ArchivePrinter {
  readonly #chain = new LineChain();

  /** @returns the line with its line feed. */
  print(line: ArchiveLine): string {
    return `${jcs({ ...line, chain_hex: this.#chain.next(line) })}\n`;
  }
}
