import type { AnchorComparison, AnchorSummary } from './anchor-lines.ts';
import { ARCHIVE_FORMAT, ARCHIVE_LINE_BYTES_MAX, LineChain } from './archive-lines.ts';
import { parseCanonical, parseLine, type ParsedLine } from './archive-parser.ts';
import { ChainAudit } from './chain-audit.ts';
import { EpochAudit, type ReceiptLine } from './epoch-audit.ts';
import type { Finding, Report } from './finding.ts';
import { ReceiptAudit, type Recomputing } from './receipt-audit.ts';
import { RevocationAudit } from './revocation-audit.ts';

export interface AuditOptions {
  /** Keys, in hex, that may sign; empty takes those the archive names. */
  readonly verifierKeys: readonly string[];
  /**
   * Takes the signatures of receipts and challenges for good: 70 % of the work. For whoever checked or made them, and only asks
   * whether an archive holds what was sealed.
   */
  readonly skipSignatures?: boolean;
}

export interface AuditDeps {
  readonly onFinding: (finding: Finding) => void;
  /** Recomputes the row of every stored proof; without it proofs are only folded. */
  readonly recomputing?: Recomputing | undefined;
}

/** What was looked at. */
export interface AuditSummary {
  readonly epochCount: number;
  readonly receiptCount: number;
  readonly proofsFolded: number;
  readonly proofsRecomputed: number;
  /** Rejected receipts whose proof the verifier no longer kept. */
  readonly proofsMissing: number;
  /** Revoked receipts near an end of the archives whose rejection may lie beyond it. */
  readonly revocationsUnexplained: number;
  readonly creditedOps: bigint;
  readonly firstEpochId: number | undefined;
  readonly lastEpochId: number | undefined;
  readonly lastHeadHex: string | undefined;
  /** Keys that signed heads; the first of them, 64 at most. */
  readonly verifierKeys: readonly string[];
  /** Only where anchors were compared. */
  readonly anchors?: AnchorSummary;
}

const VERIFIER_KEYS_SHOWN_MAX = 64;

type Stage = 'header' | 'epochs' | 'ended';

/**
 * Replays archives line by line; several in a row have to follow each other. After a finding it goes on from what the archive
 * claims, so that one altered field is one finding where that can be. Memory grows with the receipts of one epoch, and with those
 * rejected and revoked in the epochs that were unsealed at once.
 */
export class ArchiveAuditor {
  readonly #report: Report;
  readonly #chain: ChainAudit;
  readonly #receipts: ReceiptAudit;
  readonly #revocations: RevocationAudit;
  readonly #anchors: AnchorComparison | undefined;
  #lines = new LineChain();
  #stage: Stage = 'ended';
  #epoch: EpochAudit | undefined;
  #line = 0;
  #place: { readonly epochId?: number; readonly receiptId?: string } = {};
  /** Of the current archive. */
  #counts = { epochs: 0, receipts: 0 };
  #totals = { epochs: 0, receipts: 0, folded: 0, recomputed: 0, missing: 0, credited: 0n };
  #firstEpochId: number | undefined;
  readonly #keys = new Set<string>();

  /** @param makeAnchors - compares with heads anchored outside. */
  constructor(
    options: AuditOptions,
    deps: AuditDeps,
    makeAnchors?: (report: Report) => AnchorComparison,
  ) {
    this.#report = (finding) => {
      deps.onFinding({ line: Math.max(this.#line, 1), ...this.#place, ...finding });
    };
    this.#chain = new ChainAudit(options, this.#report);
    const { skipSignatures = false } = options;
    this.#receipts = new ReceiptAudit(
      { skipSignatures },
      { report: this.#report, recomputing: deps.recomputing },
    );
    this.#revocations = new RevocationAudit(this.#report);
    this.#anchors = makeAnchors?.(this.#report);
  }

  /** Begins an archive. */
  begin(): void {
    this.#stage = 'header';
    this.#lines = new LineChain();
    this.#line = 0;
    this.#place = {};
    this.#counts = { epochs: 0, receipts: 0 };
  }

  /** @param line - its bytes without the line feed; `terminated`: whether there was one. */
  async take(line: { readonly bytes: Uint8Array; readonly terminated: boolean }): Promise<void> {
    this.#line++;
    const { epochId } = this.#place;
    this.#place = epochId === undefined ? {} : { epochId };
    if (line.bytes.length >= ARCHIVE_LINE_BYTES_MAX) {
      this.#report({
        code: 'line_malformed',
        detail: `expected a line of at most ${ARCHIVE_LINE_BYTES_MAX} bytes, got a longer one`,
      });
      return;
    }
    if (!line.terminated) {
      const detail = 'expected a line feed at the end of the line, got none';
      this.#report({ code: 'line_malformed', detail });
    }
    const canonical = parseCanonical(line.bytes);
    if (!canonical.ok) {
      this.#report({ code: 'line_malformed', ...canonical.problem });
      return;
    }
    const read = parseLine(canonical.value);
    if (read.ok) this.#placeOf(read.line);
    const computed = this.#lines.next(canonical.value);
    if (computed !== canonical.chainHex) {
      const detail = `expected ${computed} of this line and those before, got ${canonical.chainHex}`;
      this.#report({ code: 'chain_mismatch', field: 'chain_hex', detail });
      this.#lines.resume(canonical.chainHex);
    }
    if (read.ok) await this.#takeLine(read.line);
    else this.#report({ code: 'line_malformed', ...read.problem });
  }

  /** Ends an archive. */
  end(): void {
    if (this.#stage === 'ended') return;
    this.#closeEpoch();
    this.#line++;
    this.#report({
      code: 'archive_incomplete',
      field: 'kind',
      detail: 'expected an end line, got the end of the archive',
    });
    this.#stage = 'ended';
  }

  /** After the last archive. */
  async finish(): Promise<AuditSummary> {
    const anchors = await this.#anchors?.finish();
    const { epochs, receipts, folded, recomputed, missing, credited } = this.#totals;
    const last = this.#chain.last;
    return {
      epochCount: epochs,
      receiptCount: receipts,
      proofsFolded: folded,
      proofsRecomputed: recomputed,
      proofsMissing: missing,
      revocationsUnexplained: this.#revocations.finish(),
      creditedOps: credited,
      firstEpochId: this.#firstEpochId,
      lastEpochId: last?.epoch_id,
      lastHeadHex: last?.head_hex,
      verifierKeys: [...this.#keys],
      ...(anchors === undefined ? {} : { anchors }),
    };
  }

  #placeOf(line: ParsedLine): void {
    if (line.kind === 'epoch') this.#place = { epochId: line.epoch_id };
    if (line.kind === 'receipt') this.#place = { ...this.#place, receiptId: line.receipt_id };
    if (line.kind === 'end') this.#place = {};
  }

  async #takeLine(line: ParsedLine): Promise<void> {
    if (!this.#belongsHere(line.kind)) {
      const detail = `expected ${this.#stage === 'header' ? 'a header' : this.#stage === 'ended' ? 'nothing' : 'another kind of line'}, got one of kind ${line.kind}`;
      this.#report({ code: 'line_order', field: 'kind', detail });
      // Receipts without an epoch, or anything after the end, can be held against nothing.
      if (this.#stage === 'ended' || line.kind === 'header') return;
    }
    switch (line.kind) {
      case 'header':
        this.#takeHeader(line);
        return;
      case 'epoch':
        return this.#takeEpoch(line);
      case 'receipt':
        return this.#takeReceipt(line);
      case 'credit':
        this.#epoch?.takeCredit(line);
        return;
      case 'end':
        this.#takeEnd(line);
    }
  }

  #belongsHere(kind: ParsedLine['kind']): boolean {
    if (this.#stage !== 'epochs') return kind === this.#stage;
    switch (kind) {
      case 'header':
        return false;
      case 'epoch':
        return true;
      case 'receipt':
        return this.#epoch !== undefined && !this.#epoch.hasCredits;
      case 'credit':
        return this.#epoch !== undefined;
      case 'end':
        return this.#counts.epochs > 0;
    }
  }

  #takeHeader({ format, anchors }: Extract<ParsedLine, { kind: 'header' }>): void {
    this.#stage = 'epochs';
    if (format !== ARCHIVE_FORMAT) {
      const detail = `expected ${ARCHIVE_FORMAT}, got another format`;
      this.#report({ code: 'line_malformed', field: 'format', detail });
    }
    this.#chain.start(anchors);
  }

  async #takeEpoch(epoch: Extract<ParsedLine, { kind: 'epoch' }>): Promise<void> {
    this.#stage = 'epochs';
    this.#closeEpoch();
    this.#counts.epochs++;
    this.#totals.epochs++;
    this.#firstEpochId ??= epoch.epoch_id;
    if (this.#keys.size < VERIFIER_KEYS_SHOWN_MAX) this.#keys.add(epoch.verifier_key_hex);
    this.#chain.take(epoch);
    await this.#anchors?.take(epoch);
    this.#revocations.takeEpoch(epoch);
    this.#epoch = new EpochAudit({ epoch, line: this.#line }, this.#report);
  }

  async #takeReceipt(line: ReceiptLine): Promise<void> {
    this.#counts.receipts++;
    this.#totals.receipts++;
    if (this.#epoch === undefined) return;
    this.#epoch.takeReceipt(line, this.#line);
    this.#revocations.takeReceipt(line, this.#line);
    this.#totals.credited += BigInt(line.credited_ops);
    const { epoch } = this.#epoch;
    const verifierKeys = this.#chain.recentKeys;
    const proof = await this.#receipts.check(line, { epoch, verifierKeys });
    if (proof === 'folded' || proof === 'recomputed') this.#totals.folded++;
    if (proof === 'recomputed') this.#totals.recomputed++;
    if (proof === 'missing') this.#totals.missing++;
  }

  #takeEnd(end: Extract<ParsedLine, { kind: 'end' }>): void {
    this.#closeEpoch();
    this.#stage = 'ended';
    const counted = {
      epoch_count: this.#counts.epochs,
      receipt_count: this.#counts.receipts,
      line_count: this.#line,
    };
    for (const [field, count] of Object.entries(counted)) {
      const got = end[field as keyof typeof counted];
      if (got === count) continue;
      this.#report({
        code: 'archive_incomplete',
        field,
        detail: `expected ${count}, got ${got}`,
      });
    }
  }

  #closeEpoch(): void {
    const epoch = this.#epoch;
    this.#epoch = undefined;
    if (epoch === undefined) return;
    const place = this.#place;
    this.#place = { epochId: epoch.epoch.epoch_id };
    epoch.close();
    this.#place = place;
  }
}
