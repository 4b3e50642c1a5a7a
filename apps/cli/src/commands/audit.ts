import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  AnchorComparison,
  ARCHIVE_LINE_BYTES_MAX,
  ArchiveAuditor,
  readFileLines,
  splitLines,
  type AuditSummary,
  type FileLine,
  type Finding,
} from '@tops/audit';
import { openCpuKernel } from '../backend.ts';
import { CliError, describeError, exitCode, printJson, printLine, type CliIo } from '../cli-io.ts';
import { renderTable } from '../text-table.ts';

export interface AuditOptions {
  /** Paths of archives that follow each other; `-` is standard input. */
  readonly archives: readonly string[];
  readonly recompute?: boolean;
  /** Path of heads anchored outside. */
  readonly anchors?: string;
  /** Hex. */
  readonly verifierKeys: readonly string[];
  /** Largest k*n + n*n that is recomputed. */
  readonly maxWeights: number;
  readonly json?: boolean;
}

/** More are counted, not shown: a damaged archive has one for every line. */
const SHOWN_FINDINGS_MAX = 100;

interface ShownFinding extends Finding {
  readonly archive: string;
}

/** Replays archives offline; exit 1 with any finding. */
export async function audit(options: AuditOptions, io: CliIo): Promise<number> {
  const shown: ShownFinding[] = [];
  let findingCount = 0;
  let archive = '';
  await requireReadable(options.anchors, io);
  const kernel = options.recompute === true ? await openCpuKernel(io.env) : undefined;
  try {
    const auditor = new ArchiveAuditor(
      options,
      {
        onFinding: (finding) => {
          findingCount++;
          if (shown.length < SHOWN_FINDINGS_MAX) shown.push({ archive, ...finding });
        },
        recomputing: kernel && {
          maxWeights: options.maxWeights,
          // The reference kernel defines what is right.
          computeLeaves: (attempt, rows) => kernel.computeReferenceLeaves(attempt, rows),
        },
      },
      anchorsOf(options.anchors, io),
    );
    for (archive of options.archives) {
      auditor.begin();
      await takeLines(archive, auditor, io);
      auditor.end();
    }
    const summary = await auditor.finish();
    report({ summary, shown, findingCount }, options, io);
    return findingCount === 0 ? exitCode.ok : exitCode.rejected;
  } finally {
    await kernel?.close();
  }
}

/** At once, and not only when the first epoch is compared. @throws CliError (unusable) */
async function requireReadable(path: string | undefined, io: CliIo): Promise<void> {
  if (path === undefined) return;
  try {
    await access(resolve(io.cwd, path), constants.R_OK);
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${describeError(error)}`, exitCode.unusable);
  }
}

type MakeAnchors = ConstructorParameters<typeof ArchiveAuditor>[2];

function anchorsOf(path: string | undefined, io: CliIo): MakeAnchors {
  if (path === undefined) return undefined;
  return (report) => new AnchorComparison(textLines(readable(path, io)), report);
}

async function* textLines(lines: AsyncIterable<FileLine>): AsyncGenerator<string> {
  for await (const { bytes } of lines) yield Buffer.from(bytes).toString('utf8');
}

async function takeLines(archive: string, auditor: ArchiveAuditor, io: CliIo): Promise<void> {
  for await (const line of readable(archive, io)) await auditor.take(line);
}

/** @throws CliError (unusable) when it cannot be read. */
async function* readable(name: string, io: CliIo): AsyncGenerator<FileLine> {
  const options = { bytesMax: ARCHIVE_LINE_BYTES_MAX };
  const lines =
    name === '-' ? splitLines(io.stdin, options) : readFileLines(resolve(io.cwd, name), options);
  for (;;) {
    let next: IteratorResult<FileLine, unknown>;
    try {
      next = await lines.next();
    } catch (error) {
      const shownName = name === '-' ? 'standard input' : name;
      throw new CliError(`cannot read ${shownName}: ${describeError(error)}`, exitCode.unusable);
    }
    if (next.done === true) return;
    yield next.value;
  }
}

interface Result {
  readonly summary: AuditSummary;
  readonly shown: readonly ShownFinding[];
  readonly findingCount: number;
}

function report({ summary, shown, findingCount }: Result, options: AuditOptions, io: CliIo): void {
  if (options.json === true) {
    printJson(io, {
      outcome: findingCount === 0 ? 'sound' : 'findings',
      epochs: summary.epochCount,
      first_epoch_id: summary.firstEpochId ?? null,
      last_epoch_id: summary.lastEpochId ?? null,
      last_head_hex: summary.lastHeadHex ?? null,
      receipts: summary.receiptCount,
      credited_ops: summary.creditedOps.toString(),
      proofs_folded: summary.proofsFolded,
      proofs_recomputed: summary.proofsRecomputed,
      proofs_missing: summary.proofsMissing,
      revocations_unexplained: summary.revocationsUnexplained,
      verifier_keys: summary.verifierKeys,
      ...(summary.anchors && {
        anchors_compared: summary.anchors.comparedCount,
        last_anchored_epoch_id: summary.anchors.lastEpochId ?? null,
      }),
      finding_count: findingCount,
      findings: shown,
    });
    return;
  }
  for (const finding of shown) printLine(io, findingText(finding));
  if (findingCount > shown.length) printLine(io, `… ${findingCount - shown.length} more`);
  const pairs = [
    [
      'epochs',
      `${summary.epochCount} (${summary.firstEpochId ?? '-'} to ${summary.lastEpochId ?? '-'})`,
    ],
    ['receipts', String(summary.receiptCount)],
    ['credited ops', summary.creditedOps.toString()],
    [
      'stored proofs',
      `${summary.proofsFolded} folded, ${summary.proofsRecomputed} recomputed, ${summary.proofsMissing} no longer kept`,
    ],
    ...(summary.revocationsUnexplained === 0
      ? []
      : [
          [
            'revocations',
            `${summary.revocationsUnexplained} whose rejection lies beyond the archives, if anywhere`,
          ],
        ]),
    ...(summary.anchors === undefined ? [] : [['anchors', anchorsText(summary)]]),
    ['last head', summary.lastHeadHex ?? '-'],
    ...summary.verifierKeys.map((key) => ['signed by', key]),
    ['outcome', findingCount === 0 ? 'sound' : `${findingCount} findings`],
  ];
  printLine(io, renderTable(pairs));
}

function anchorsText({ anchors, lastEpochId = -1 }: AuditSummary): string {
  const { comparedCount = 0, lastEpochId: lastAnchored = -1 } = anchors ?? {};
  const compared = `${comparedCount} compared`;
  return lastAnchored > lastEpochId
    ? `${compared}; they go on to epoch ${lastAnchored}, after the end of the archives`
    : compared;
}

function findingText(finding: ShownFinding): string {
  const place = [
    `line ${finding.line}`,
    ...(finding.epochId === undefined ? [] : [`epoch ${finding.epochId}`]),
    ...(finding.receiptId === undefined ? [] : [`receipt ${finding.receiptId}`]),
    ...(finding.field === undefined ? [] : [finding.field]),
  ];
  return `${finding.archive}: ${place.join(', ')}: ${finding.code}: ${finding.detail}`;
}
