export { AnchorComparison, anchorText, parseAnchor, type AnchorSummary } from './anchor-lines.ts';
export {
  ArchiveAuditor,
  type AuditDeps,
  type AuditOptions,
  type AuditSummary,
} from './archive-auditor.ts';
export {
  readFileLines,
  removeUnfinished,
  splitLines,
  writeFileWhole,
  type FileLine,
} from './archive-file.ts';
export {
  ARCHIVE_FORMAT,
  ARCHIVE_LINE_BYTES_MAX,
  ArchivePrinter,
  type CreditFields,
  type EpochFields,
  type ReceiptFields,
} from './archive-lines.ts';
export {
  ArchiveError,
  archiveLines,
  type ArchiveErrorCode,
  type ArchiveSource,
  type EpochRange,
  type PublishedEpoch,
} from './archive-writer.ts';
export { INITIAL_HASH, nextHead, nextPrevHash } from './epoch-chain.ts';
export type { Finding, FindingCode } from './finding.ts';
export { headSignedBytes, verifyHead, type HeadStatement, type SignedHead } from './head.ts';
export { HttpArchiveSource, SourceRefusal } from './http-archive-source.ts';
export {
  foldInclusion,
  INCLUSION_PATH_MAX,
  inclusionPath,
  verifyInclusion,
  type InclusionProblem,
  type InclusionProof,
} from './inclusion.ts';
export {
  ledgerEntryBytes,
  ledgerEntryHash,
  LedgerRoot,
  ledgerRoot,
  type FinalOutcome,
  type LedgerEntry,
} from './ledger-entry.ts';
