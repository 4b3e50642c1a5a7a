import {
  AnchorComparison,
  ARCHIVE_LINE_BYTES_MAX,
  ArchiveAuditor,
  archiveLines,
  splitLines,
  type ArchiveSource,
  type AuditDeps,
  type AuditSummary,
  type EpochRange,
  type Finding,
} from '../src/index.ts';
import { LineChain } from '../src/archive-lines.ts';
import { jcs } from '@tops/protocol';

/** The archive of a source, as its bytes. */
export async function archiveBytes(range: EpochRange, source: ArchiveSource): Promise<Uint8Array> {
  let text = '';
  for await (const line of archiveLines(range, source)) text += line;
  return new TextEncoder().encode(text);
}

/** Replays archives, in a row, from their bytes. */
export async function auditBytes(
  archives: readonly Uint8Array[],
  options: {
    readonly verifierKeys?: readonly string[];
    readonly skipSignatures?: boolean;
    readonly anchors?: readonly string[];
    readonly recomputing?: AuditDeps['recomputing'];
  } = {},
): Promise<{ findings: Finding[]; summary: AuditSummary }> {
  const findings: Finding[] = [];
  const { anchors } = options;
  const auditor = new ArchiveAuditor(
    { verifierKeys: options.verifierKeys ?? [], skipSignatures: options.skipSignatures ?? false },
    { onFinding: (finding) => findings.push(finding), recomputing: options.recomputing },
    anchors && ((report) => new AnchorComparison(eachOf(anchors), report)),
  );
  for (const bytes of archives) {
    auditor.begin();
    const lines = splitLines(eachOf([bytes]), { bytesMax: ARCHIVE_LINE_BYTES_MAX });
    for await (const line of lines) await auditor.take(line);
    auditor.end();
  }
  const summary = await auditor.finish();
  return { findings, summary };
}

async function* eachOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** What a forger without any key does: changes lines, then chains and counts them anew. */
export function forge(
  bytes: Uint8Array,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- specs change any field of any line
  change: (lines: any[]) => void,
): Uint8Array {
  const lines = new TextDecoder()
    .decode(bytes)
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as Record<string, unknown>);
  for (const line of lines) delete line['chain_hex'];
  change(lines);
  const end = lines.at(-1)!;
  if (end['kind'] === 'end') {
    end['line_count'] = lines.length;
    end['receipt_count'] = lines.filter(({ kind }) => kind === 'receipt').length;
    end['epoch_count'] = lines.filter(({ kind }) => kind === 'epoch').length;
  }
  const chain = new LineChain();
  const text = lines.map((line) => `${jcs({ ...line, chain_hex: chain.next(line) })}\n`).join('');
  return new TextEncoder().encode(text);
}
