/**
 * Share of the full credit that a worker skipping a share of its rows can expect: it must be asked for none of them,
 * (1 − f)^q. Drawing without replacement makes the true share smaller still.
 *
 * @param skippedShare - f, 0 to 1: rows not computed, of all rows.
 * @param challengeRows - q: rows drawn.
 */
export function expectedCreditShare(input: {
  readonly skippedShare: number;
  readonly challengeRows: number;
}): number {
  return (1 - input.skippedShare) ** input.challengeRows;
}

/** Credit per unit of work against an honest worker's, minus 1: what skipping gains (never) or loses. */
export function cheatingGain(input: {
  readonly skippedShare: number;
  readonly challengeRows: number;
}): number {
  return expectedCreditShare(input) / (1 - input.skippedShare) - 1;
}

const SKIPPED_SHARES = [0.001, 0.01, 0.1];
const CHALLENGE_ROWS = [8, 16, 64];
const RECEIPT_COUNTS = [1, 100, 10_000];

/**
 * What cheating pays, as the markdown table of README and SECURITY: a test keeps both equal to this.
 *
 * @returns the table with a final newline.
 */
export function renderCheatingTable(): string {
  const answered = RECEIPT_COUNTS.map(
    (count) => `${count === 1 ? 'a receipt' : `all ${groupThousands(count)}`} answered`,
  );
  const header = ['rows skipped', 'rows asked', 'credit kept', 'gain per work done', ...answered];
  const rows = SKIPPED_SHARES.flatMap((skippedShare) =>
    CHALLENGE_ROWS.map((challengeRows) => {
      const share = expectedCreditShare({ skippedShare, challengeRows });
      const gain = cheatingGain({ skippedShare, challengeRows });
      return [
        `${skippedShare * 100} %`,
        String(challengeRows),
        formatShare(share),
        // U+2212, so that a loss is not read as a hyphen.
        `−${formatShare(-gain)}`,
        ...RECEIPT_COUNTS.map((count) => formatShare(share ** count)),
      ];
    }),
  );
  return renderRightAligned([header, ...rows]);
}

/** As prettier lays a table out, so that a document can hold it unchanged. */
function renderRightAligned(table: readonly (readonly string[])[]): string {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((cells) => cells[column]?.length ?? 0)),
  );
  const lines = table.map((cells) =>
    cells.map((cell, column) => cell.padStart(widths[column] ?? 0)),
  );
  const rule = widths.map((width) => `${'-'.repeat(width - 1)}:`);
  return [...lines.slice(0, 1), rule, ...lines.slice(1)]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('');
}

/** Percent with one decimal, and powers of ten where that would read 0.0 %. */
function formatShare(share: number): string {
  if (share >= 0.0005) return `${(share * 100).toFixed(1)} %`;
  return share < 1e-300 ? '< 10^-300' : `10^${Math.round(Math.log10(share))}`;
}

function groupThousands(count: number): string {
  return count.toLocaleString('en-US').replaceAll(',', ' ');
}
