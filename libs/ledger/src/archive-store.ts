import type { EpochRecord, ReceiptRecord } from './ledger-records.ts';

export interface SignHeadInput {
  readonly epochId: number;
  /** 64 bytes. */
  readonly signature: Uint8Array;
  /** 32 bytes. */
  readonly verifierKey: Uint8Array;
  readonly atMs: number;
}

/** Where a receipt stands: `sequence` grows in commit order, with gaps. */
export interface EntryPosition {
  readonly epochId: number;
  readonly sequence: number;
}

/** The part of the storage port that audit and retention use: signatures, whole epochs, and rolling old receipts out. */
export interface ArchiveStore {
  /**
   * Keeps the verifier's signature with a sealed epoch, insert-if-absent: the first one stays and is read back.
   *
   * @throws LedgerError `epoch_unknown`; `input_invalid` for an epoch that is not sealed.
   */
  signHead(input: SignHeadInput): Promise<EpochRecord>;
  /** Sealed and not signed, oldest first. */
  unsignedEpochs(page: { readonly limit: number }): Promise<EpochRecord[]>;
  /** From `fromId` on, oldest first. */
  epochsFrom(page: { readonly fromId: number; readonly limit: number }): Promise<EpochRecord[]>;
  /** Receipts in commit order, open ones left out; a cursor that is not a receipt has nothing after it. */
  epochReceipts(
    epochId: number,
    page: { readonly afterReceiptId?: string; readonly limit: number },
  ): Promise<ReceiptRecord[]>;
  /** Undefined for an unknown receipt. A look-up by id, however long the epoch: anybody may ask for it. */
  entryPosition(receiptId: string): Promise<EntryPosition | undefined>;
  /** The epoch of a receipt that was rolled out. */
  archivedEpochOf(receiptId: string): Promise<number | undefined>;
  /** Signed until `signedBeforeMs`, with receipts that are not rolled out yet, oldest first. */
  rollableEpochs(input: {
    readonly signedBeforeMs: number;
    readonly limit: number;
  }): Promise<EpochRecord[]>;
  /**
   * Says that the epoch's archive is on a disk: its receipts may go, and no further archive is made of it.
   *
   * @throws LedgerError `epoch_unknown`; `input_invalid` for an epoch that is not sealed.
   */
  markArchived(input: { readonly epochId: number; readonly atMs: number }): Promise<EpochRecord>;
  /**
   * Deletes some receipts of an archived epoch, with their evidence, and remembers their ids. Credits, sums, root, head and
   * signature stay.
   *
   * @returns how many; 0 when none was left.
   * @throws LedgerError `epoch_unknown`; `input_invalid` for an epoch that is not archived.
   */
  rollReceipts(input: { readonly epochId: number; readonly limit: number }): Promise<number>;
  /**
   * Runs `action` unless another replica is in one; then undefined. A replica whose connection breaks may lose its turn before
   * `action` ends, so what it does has to bear a second one beside it.
   */
  exclusively<T>(action: () => Promise<T>): Promise<T | undefined>;
}
