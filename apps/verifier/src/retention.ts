import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  ARCHIVE_LINE_BYTES_MAX,
  ArchiveAuditor,
  archiveLines,
  readFileLines,
  removeUnfinished,
  writeFileWhole,
  type Finding,
} from '@tops/audit';
import { bytesToHex } from '@tops/crypto';
import type { EpochRecord, LedgerStore } from '@tops/ledger';
import type { Logger } from '@tops/observability';
import type { Clock } from './clock.ts';
import { Follower } from './follower.ts';
import { LedgerArchiveSource } from './ledger-archive-source.ts';
import type { VerifierMetrics } from './metrics.ts';

/** Receipts deleted in one transaction: a few milliseconds. */
const BATCH_RECEIPTS = 500;
/** Between two looks for epochs that are old enough. */
const PASS_INTERVAL_MS = 60_000;

export interface RetentionOptions {
  /** How long after its head was signed an epoch keeps its receipts. */
  readonly keepMs: number;
  readonly archiveDir: string;
}

interface RetentionDeps {
  readonly ledger: LedgerStore;
  readonly clock: Clock;
  readonly metrics: VerifierMetrics;
  readonly logger: Logger;
}

/** The file of one epoch's archive. */
export function archiveFileName(epochId: number): string {
  return `epoch-${epochId}.jsonl`;
}

/**
 * RETENTION_DAYS: writes old epochs to archives, one file each, and then deletes their receipts, oldest first. Nothing is
 * deleted before its archive was read back from the disk and replayed without a finding, and the epoch was marked: wherever
 * that is cut short, the next pass goes on. One verifier at a time.
 */
export class Retention extends Follower {
  readonly #options: RetentionOptions;
  readonly #deps: RetentionDeps;
  #lastPassMs: number | undefined;

  constructor(options: RetentionOptions, deps: RetentionDeps) {
    super();
    this.#options = options;
    this.#deps = deps;
  }

  protected async run(): Promise<void> {
    const { ledger, clock, metrics, logger } = this.#deps;
    const nowMs = clock.nowMs();
    if (this.#lastPassMs !== undefined && Math.abs(nowMs - this.#lastPassMs) < PASS_INTERVAL_MS) {
      return;
    }
    this.#lastPassMs = nowMs;
    try {
      await ledger.archive.exclusively(() => this.#rollOldEpochs(nowMs));
    } catch (error) {
      metrics.retentionFailures.inc();
      logger.error('retention stopped; nothing that is not archived was deleted', { error });
    }
  }

  async #rollOldEpochs(nowMs: number): Promise<void> {
    const { ledger } = this.#deps;
    const signedBeforeMs = nowMs - this.#options.keepMs;
    while (!this.signal.aborted) {
      const [epoch] = await ledger.archive.rollableEpochs({ signedBeforeMs, limit: 1 });
      if (epoch === undefined) return;
      if (epoch.archivedAtMs === undefined) await this.#archive(epoch, nowMs);
      else await this.#requireArchive(epoch);
      await this.#roll(epoch.epochId);
    }
  }

  async #archive(epoch: EpochRecord, atMs: number): Promise<void> {
    const { ledger, logger } = this.#deps;
    const { epochId } = epoch;
    const path = join(this.#options.archiveDir, archiveFileName(epochId));
    // One that a crash left unmarked is kept: proofs may have been forgotten since.
    if (!(await isThere(path)) || (await findingIn(path, epoch)) !== undefined) {
      const source = new LedgerArchiveSource({ ledger });
      const range = { from: epochId, to: epochId };
      // Nobody else writes it: passes are exclusive.
      await removeUnfinished(path);
      await writeFileWhole(path, archiveLines(range, source), async (temporaryPath) => {
        const finding = await findingIn(temporaryPath, epoch);
        if (finding === undefined) return;
        throw new Error(
          `the archive of epoch ${epochId} does not replay: line ${finding.line}: ${finding.code}: ${finding.detail}`,
        );
      });
    }
    await ledger.archive.markArchived({ epochId, atMs });
    logger.info('epoch archived', { epochId, path });
  }

  /**
   * Another verifier, with a directory of its own, may have marked the epoch, or the file was moved since: receipts go only where
   * their archive is.
   */
  async #requireArchive(epoch: EpochRecord): Promise<void> {
    const path = join(this.#options.archiveDir, archiveFileName(epoch.epochId));
    const got = !(await isThere(path)) ? 'none' : (await findingIn(path, epoch))?.code;
    if (got === undefined) return;
    throw new Error(`expected the archive of epoch ${epoch.epochId} at ${path}, got ${got}`);
  }

  async #roll(epochId: number): Promise<void> {
    const { ledger, metrics, logger } = this.#deps;
    let total = 0;
    for (;;) {
      if (this.signal.aborted) return;
      const count = await ledger.archive.rollReceipts({ epochId, limit: BATCH_RECEIPTS });
      if (count === 0) break;
      total += count;
      metrics.rolledReceipts.inc(count);
      await nextTurn();
    }
    logger.info('receipts rolled out', { epochId, count: total });
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The first thing that keeps a file from standing for the epoch's receipts. */
async function findingIn(path: string, epoch: EpochRecord): Promise<Finding | undefined> {
  let first: Finding | undefined;
  const auditor = new ArchiveAuditor(
    // They were checked, and made, before they were recorded.
    { verifierKeys: [], skipSignatures: true },
    { onFinding: (finding) => (first ??= finding) },
  );
  auditor.begin();
  for await (const line of readFileLines(path, { bytesMax: ARCHIVE_LINE_BYTES_MAX })) {
    await auditor.take(line);
    await nextTurn();
  }
  auditor.end();
  const { firstEpochId, lastHeadHex } = await auditor.finish();
  const headHex = epoch.sealed === undefined ? '' : bytesToHex(epoch.sealed.head);
  if (firstEpochId !== epoch.epochId || lastHeadHex !== headHex) {
    const detail = `expected epoch ${epoch.epochId} with the ledger's head, got another`;
    first ??= { code: 'head_mismatch', line: 1, detail };
  }
  return first;
}
