import {
  ARCHIVE_ANCHORS_MAX,
  ARCHIVE_FORMAT,
  ArchivePrinter,
  type CreditFields,
  type EpochFields,
  type ReceiptFields,
} from './archive-lines.ts';
import type { SignedHead } from './head.ts';

/** An epoch as its verifier shows it; what is sealed and signed has all of {@link EpochFields}. */
export type PublishedEpoch = Pick<
  EpochFields,
  'epoch_id' | 'previous_epoch_id' | 'sealed_at_opening_epoch_id'
> &
  Partial<EpochFields> & {
    /** Its receipts were rolled out of the ledger. */
    readonly archived?: boolean;
  };

/** Where an archive is made from: a verifier over HTTP, or its own ledger. */
export interface ArchiveSource {
  epoch(epochId: number): Promise<PublishedEpoch | undefined>;
  /** Epochs from `fromId` on, oldest first; all of them. */
  epochsFrom(fromId: number): AsyncIterable<PublishedEpoch>;
  /** In commit order. */
  receipts(epochId: number): AsyncIterable<ReceiptFields>;
  /** By public key. */
  credits(epochId: number): AsyncIterable<CreditFields>;
}

/**
 * Why no archive can be made: `no_epochs` in the range, `epoch_not_sealed`, `epoch_archived` (its receipts are gone), or
 * `anchors_missing`: what came before the first epoch cannot be had. `source_inconsistent`: the source goes back, or has more or fewer
 * receipts than it sealed.
 */
export type ArchiveErrorCode =
  'no_epochs' | 'epoch_not_sealed' | 'epoch_archived' | 'anchors_missing' | 'source_inconsistent';

/** An archive that cannot be made. */
export class ArchiveError extends Error {
  readonly code: ArchiveErrorCode;

  constructor(code: ArchiveErrorCode, message: string) {
    super(message);
    this.name = 'ArchiveError';
    this.code = code;
  }
}

/** Epochs `from` to `to`, both inclusive; without `to`, to the latest sealed one. */
export interface EpochRange {
  readonly from: number;
  readonly to?: number | undefined;
}

/**
 * The lines of an archive, one by one. Holds one line, one page of the source and the anchors.
 *
 * @throws ArchiveError; whatever the source fails with.
 */
export async function* archiveLines(
  range: EpochRange,
  source: ArchiveSource,
): AsyncGenerator<string> {
  const printer = new ArchivePrinter();
  let [lineCount, epochCount, receiptCount, lastId] = [0, 0, 0, range.from - 1];
  const print = (line: Parameters<ArchivePrinter['print']>[0]): string => {
    lineCount++;
    return printer.print(line);
  };
  for await (const published of source.epochsFrom(range.from)) {
    if (range.to !== undefined && published.epoch_id > range.to) break;
    const epoch = archivable(published);
    if (epoch === undefined) {
      // What is not sealed yet may come later; a range that names it was meant to have it.
      if (range.to === undefined) break;
      throw new ArchiveError('epoch_not_sealed', `epoch ${published.epoch_id} is not sealed yet`);
    }
    if (epochCount === 0) {
      const anchors = await anchorsOf(epoch, source);
      yield print({ kind: 'header', format: ARCHIVE_FORMAT, anchors });
    }
    requireAfter(epoch.epoch_id, lastId);
    lastId = epoch.epoch_id;
    epochCount++;
    yield print({ kind: 'epoch', ...epoch });
    const bound = { epochId: epoch.epoch_id, countMax: epoch.entry_count };
    const before = receiptCount;
    for await (const receipt of atMost(source.receipts(epoch.epoch_id), bound)) {
      receiptCount++;
      yield print({ kind: 'receipt', ...receipt });
    }
    if (receiptCount - before < epoch.entry_count) throw inconsistent(bound, receiptCount - before);
    for await (const credit of atMost(source.credits(epoch.epoch_id), bound)) {
      yield print({ kind: 'credit', ...credit });
    }
  }
  if (epochCount === 0) throw new ArchiveError('no_epochs', 'no sealed epoch is in the range');
  yield print({
    kind: 'end',
    epoch_count: epochCount,
    receipt_count: receiptCount,
    line_count: lineCount + 1,
  });
}

/** Every key has a receipt, so neither list is longer than the entries: a source without an end is left. */
async function* atMost<T>(
  items: AsyncIterable<T>,
  bound: { readonly epochId: number; readonly countMax: number },
): AsyncGenerator<T> {
  let count = 0;
  for await (const item of items) {
    if (++count > bound.countMax) throw inconsistent(bound, count);
    yield item;
  }
}

function requireAfter(epochId: number, lastId: number): void {
  if (epochId > lastId) return;
  const message = `expected an epoch after ${lastId}, got ${epochId}`;
  throw new ArchiveError('source_inconsistent', message);
}

function inconsistent(bound: { epochId: number; countMax: number }, got: number): ArchiveError {
  const message = `expected ${bound.countMax} entries of epoch ${bound.epochId}, got ${got > bound.countMax ? 'more' : got}`;
  return new ArchiveError('source_inconsistent', message);
}

/** @throws ArchiveError `epoch_archived` */
function archivable(epoch: PublishedEpoch): EpochFields | undefined {
  const head = signedHeadOf(epoch);
  const { opens_at, closes_at, entropy_hex, previous_epoch_id, sealed_at_opening_epoch_id } = epoch;
  if (head === undefined || entropy_hex === undefined) return undefined;
  if (opens_at === undefined || closes_at === undefined) return undefined;
  if (epoch.archived === true) {
    const message = `epoch ${epoch.epoch_id} was archived: its receipts are in its verifier's archive`;
    throw new ArchiveError('epoch_archived', message);
  }
  return {
    ...head,
    ...{ opens_at, closes_at, entropy_hex },
    ...(previous_epoch_id === undefined ? {} : { previous_epoch_id }),
    ...(sealed_at_opening_epoch_id === undefined ? {} : { sealed_at_opening_epoch_id }),
  };
}

function signedHeadOf(epoch: PublishedEpoch): SignedHead | undefined {
  const { entry_count, epoch_id, head_hex, head_sig_hex } = epoch;
  const { ledger_root_hex, prev_hash_hex, verifier_key_hex } = epoch;
  if (entry_count === undefined || head_hex === undefined || head_sig_hex === undefined) return;
  if (ledger_root_hex === undefined || prev_hash_hex === undefined) return;
  if (verifier_key_hex === undefined) return;
  return {
    ...{ entry_count, epoch_id, head_hex, head_sig_hex, ledger_root_hex },
    ...{ prev_hash_hex, verifier_key_hex },
  };
}

/** Back from the predecessor to the epoch whose head is in the first beacon: later beacons use no head before that. */
async function anchorsOf(first: EpochFields, source: ArchiveSource): Promise<SignedHead[]> {
  const anchors: SignedHead[] = [];
  const oldestId = first.sealed_at_opening_epoch_id ?? 0;
  let id = first.previous_epoch_id;
  while (id !== undefined && id >= oldestId) {
    const epoch = await source.epoch(id);
    const head = epoch === undefined ? undefined : signedHeadOf(epoch);
    if (epoch === undefined || head === undefined || anchors.length === ARCHIVE_ANCHORS_MAX) {
      const message = `epoch ${id}, which epoch ${first.epoch_id} follows from, cannot be had signed`;
      throw new ArchiveError('anchors_missing', message);
    }
    anchors.push(head);
    id = epoch.previous_epoch_id;
  }
  return anchors.toReversed();
}
